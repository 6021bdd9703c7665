SELECT person_key, region_code
FROM (
  SELECT person_key, region_code, deleted,
    row_number() OVER (PARTITION BY person_key ORDER BY as_of DESC, batch_id DESC, batch_row DESC) AS newest
  FROM ods.assist_person
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
