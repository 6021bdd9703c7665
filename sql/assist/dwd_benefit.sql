SELECT payment_id, person_key, day, month, benefit, amount
FROM (
  SELECT
    concat(source_system, ':', payment_id) AS payment_id, person_key, paid_on AS day, CAST(date_trunc('month', paid_on) AS DATE) AS month, benefit, amount,
    deleted,
    row_number() OVER (
      PARTITION BY source_system, payment_id ORDER BY batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_benefit
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
