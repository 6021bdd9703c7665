-- What one system deletes, another may still know.
SELECT household_key, region_code
FROM (
  SELECT household_key, region_code,
    row_number() OVER (PARTITION BY household_key ORDER BY as_of DESC, batch_id DESC, batch_row DESC) AS latest
  FROM (
    SELECT household_key, region_code, as_of, batch_id, batch_row, deleted,
      row_number() OVER (PARTITION BY source_system, household_key ORDER BY as_of DESC, batch_id DESC, batch_row DESC) AS newest
    FROM ods.assist_household
  ) AS ranked
  WHERE newest = 1 AND NOT coalesce(deleted, false)
) AS known
WHERE latest = 1
