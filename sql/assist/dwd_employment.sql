SELECT record_id, person_key, state, valid_from, valid_to
FROM (
  SELECT
    concat(source_system, ':', record_id) AS record_id, person_key, state, started_on AS valid_from,
    coalesce(ended_on, DATE '9999-12-31') AS valid_to,
    deleted,
    row_number() OVER (
      PARTITION BY source_system, record_id ORDER BY updated_on DESC, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_employment
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false) AND valid_from < valid_to
