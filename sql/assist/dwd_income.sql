-- Of each record the newest version counts, then of a month's records of one kind
-- the newest: a day that was corrected within the month is another record, and
-- the tombstone of the wrong one may come last.
WITH ranked AS (
  SELECT
    source_system, person_key, earned_on, kind, amount, updated_on, batch_id, batch_row, deleted,
    row_number() OVER (
      PARTITION BY source_system, person_key, earned_on, kind ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_income
),
monthly AS (
  SELECT
    source_system, person_key, earned_on, kind, amount,
    row_number() OVER (
      PARTITION BY source_system, person_key, date_trunc('month', earned_on), kind ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS latest
  FROM ranked
  WHERE newest = 1 AND NOT coalesce(deleted, false)
)
SELECT source_system, person_key, earned_on AS day, CAST(date_trunc('month', earned_on) AS DATE) AS month, kind, amount
FROM monthly
WHERE latest = 1
