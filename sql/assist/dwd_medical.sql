SELECT claim_id, person_key, day, month, total, self_paid, is_contradictory
FROM (
  SELECT
    concat(source_system, ':', claim_id) AS claim_id, person_key, paid_on AS day, CAST(date_trunc('month', paid_on) AS DATE) AS month, total, self_paid,
    self_paid > total AS is_contradictory,
    deleted,
    row_number() OVER (
      PARTITION BY source_system, claim_id ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_medical
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
