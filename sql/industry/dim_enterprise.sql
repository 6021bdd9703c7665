SELECT
  credit_code, enterprise_name, region_code, industry_code, size_class, above_scale, childrens_wear, status,
  effective_from AS valid_from,
  coalesce(lead(effective_from) OVER (PARTITION BY credit_code ORDER BY effective_from), DATE '9999-12-31') AS valid_to
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY credit_code, effective_from
    ORDER BY updated_at DESC NULLS LAST, batch_id DESC, batch_row DESC
  ) AS newest
  FROM ods.industry_enterprise
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
