SELECT source_system, person_key, day, month, kind, amount
FROM (
  SELECT
    source_system, person_key, earned_on AS day, CAST(date_trunc('month', earned_on) AS DATE) AS month, kind, amount,
    deleted,
    row_number() OVER (
      PARTITION BY source_system, person_key, date_trunc('month', earned_on), kind ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_income
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
