-- A certificate is renewed under its number, so each issue of it counts for its
-- own days. One without an end lasts until the next.
WITH ranked AS (
  SELECT
    certificate_key, person_key, kind, grade, issued_on, expires_on,
    row_number() OVER (PARTITION BY certificate_key, issued_on ORDER BY updated_on DESC, batch_id DESC, batch_row DESC) AS newest,
    first_value(coalesce(deleted, false)) OVER (PARTITION BY certificate_key ORDER BY updated_on DESC, batch_id DESC, batch_row DESC) AS is_deleted
  FROM ods.assist_disability
),
issued AS (
  SELECT
    certificate_key, person_key, kind, grade, issued_on AS valid_from,
    coalesce(expires_on, lead(issued_on) OVER (PARTITION BY certificate_key ORDER BY issued_on), DATE '9999-12-31') AS valid_to
  FROM ranked
  WHERE newest = 1 AND NOT is_deleted
)
SELECT certificate_key, person_key, kind, grade, valid_from, valid_to
FROM issued
WHERE valid_from < valid_to
