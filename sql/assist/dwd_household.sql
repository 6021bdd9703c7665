SELECT household_key, region_code
FROM (
  SELECT household_key, region_code, deleted,
    row_number() OVER (PARTITION BY household_key ORDER BY as_of DESC, batch_id DESC, batch_row DESC) AS newest
  FROM ods.assist_household
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
