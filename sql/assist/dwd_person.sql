-- What one system deletes, another may still know.
SELECT person_key, region_code
FROM (
  SELECT person_key, region_code,
    row_number() OVER (PARTITION BY person_key ORDER BY as_of DESC, batch_id DESC, batch_row DESC) AS latest
  FROM (
    SELECT person_key, region_code, as_of, batch_id, batch_row, deleted,
      row_number() OVER (PARTITION BY source_system, person_key ORDER BY as_of DESC, batch_id DESC, batch_row DESC) AS newest
    FROM ods.assist_person
  ) AS ranked
  WHERE newest = 1 AND NOT coalesce(deleted, false)
) AS known
WHERE latest = 1
