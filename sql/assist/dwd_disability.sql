SELECT certificate_key, person_key, kind, grade, valid_from, valid_to
FROM (
  SELECT
    certificate_key, person_key, kind, grade, issued_on AS valid_from, coalesce(expires_on, DATE '9999-12-31') AS valid_to,
    deleted,
    row_number() OVER (
      PARTITION BY certificate_key ORDER BY updated_on DESC, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_disability
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false) AND valid_from < valid_to
