-- Whose records give two days of death belongs to the household until the later
-- of them. What one system deletes, another may still know.
WITH ranked AS (
  SELECT
    household_key, person_key, relation, joined_on, left_on, as_of, batch_id, batch_row, deleted,
    row_number() OVER (
      PARTITION BY source_system, household_key, person_key, joined_on ORDER BY as_of DESC, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_member
),
known AS (
  SELECT
    household_key, person_key, relation, joined_on, left_on,
    row_number() OVER (PARTITION BY household_key, person_key, joined_on ORDER BY as_of DESC, batch_id DESC, batch_row DESC) AS latest
  FROM ranked
  WHERE newest = 1 AND NOT coalesce(deleted, false)
)
SELECT
  k.household_key, k.person_key, k.relation, k.joined_on AS valid_from,
  least(
    coalesce(k.left_on, DATE '9999-12-31'),
    coalesce(CAST(d.last_died_on + INTERVAL '1' DAY AS DATE), DATE '9999-12-31')
  ) AS valid_to
FROM known AS k
LEFT JOIN dwd.assist_death AS d ON d.person_key = k.person_key
WHERE k.latest = 1
