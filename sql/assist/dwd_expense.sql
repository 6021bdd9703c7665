SELECT expense_id, household_key, day, month, kind, amount
FROM (
  SELECT
    concat(source_system, ':', expense_id) AS expense_id, household_key, spent_on AS day, CAST(date_trunc('month', spent_on) AS DATE) AS month, kind, amount,
    deleted,
    row_number() OVER (
      PARTITION BY source_system, expense_id ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_expense
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
