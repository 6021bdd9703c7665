SELECT
  source_system, proposal_id, deputy_key, kind, role, level, region_code, submitted_on,
  accepted_on, due_on, answered_on, result, satisfaction
FROM (
  SELECT
    source_system, proposal_id, deputy_key, kind, role, level, region_code, submitted_on,
    accepted_on, due_on, answered_on, result, satisfaction, deleted,
    row_number() OVER (
      PARTITION BY source_system, proposal_id, deputy_key ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.congress_proposal
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
