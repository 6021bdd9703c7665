-- A term that ends before it begins holds on no day; ads.congress_duty_finding
-- names it.
SELECT deputy_key, deputy_name, level, region_code, group_name, station_id, term_from,
  coalesce(term_to, DATE '9999-12-31') AS term_to
FROM (
  SELECT
    deputy_key, deputy_name, level, region_code, group_name, station_id, term_from, term_to, deleted,
    row_number() OVER (
      PARTITION BY deputy_key, level, region_code, term_from ORDER BY updated_on DESC, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.congress_deputy_term
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
