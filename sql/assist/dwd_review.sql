-- A decision that was delivered twice is one, where it first stood, unless its
-- last delivery says that it is gone.
SELECT
  decision_id, flag_id, evidence_digest, decision, reason, referred_to, reviewer_key, reviewer_name, decided_on,
  row_number() OVER (PARTITION BY flag_id ORDER BY decided_on DESC, batch_id DESC, batch_row DESC) = 1 AS is_latest
FROM (
  SELECT
    decision_id, flag_id, evidence_digest, decision, reason, referred_to, reviewer_key, reviewer_name, decided_on,
    batch_id, batch_row,
    row_number() OVER (PARTITION BY decision_id ORDER BY batch_id, batch_row) AS delivery,
    first_value(coalesce(deleted, false)) OVER (PARTITION BY decision_id ORDER BY batch_id DESC, batch_row DESC) AS deleted
  FROM ods.assist_review
) AS ranked
WHERE delivery = 1 AND NOT deleted
