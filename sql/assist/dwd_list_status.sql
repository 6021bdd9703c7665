-- A decision that ends before it begins matches no day; dws.assist_conflict names it.
SELECT status_id, person_key, category, valid_from, valid_to
FROM (
  SELECT
    concat(source_system, ':', status_id) AS status_id, person_key, category, valid_from,
    coalesce(valid_to, DATE '9999-12-31') AS valid_to,
    deleted,
    row_number() OVER (
      PARTITION BY source_system, status_id ORDER BY updated_on DESC, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_list_status
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
