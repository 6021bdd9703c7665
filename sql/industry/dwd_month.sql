-- The register is the spine: who should have reported and did not has a row of
-- NULLs. Who reported and is not in business by the register has one as well.
WITH month AS (
  SELECT DISTINCT month FROM dwd.industry_report
),
listed AS (
  SELECT * FROM (
    SELECT
      m.month, e.credit_code, e.region_code, e.industry_code, e.above_scale, e.childrens_wear,
      e.valid_to > last_day_of_month(m.month) AS active_at_end,
      row_number() OVER (PARTITION BY m.month, e.credit_code ORDER BY e.valid_from DESC) AS newest
    FROM month AS m
    JOIN dim.industry_enterprise AS e
      ON e.status = '在营' AND e.valid_from <= last_day_of_month(m.month) AND e.valid_to > m.month
  ) AS ranked WHERE newest = 1
),
doubt AS (
  SELECT
    credit_code, month,
    bool_or(metric = '产值') AS output_doubt,
    bool_or(metric = '同期可比产值') AS base_doubt,
    bool_or(metric = '生产能力') AS capacity_doubt,
    bool_or(metric = '用电量') AS kwh_doubt
  FROM dwd.industry_unit_doubt
  GROUP BY credit_code, month
)
SELECT
  coalesce(l.credit_code, r.credit_code) AS credit_code,
  coalesce(l.month, r.month) AS month,
  l.credit_code IS NOT NULL AS registered,
  coalesce(l.active_at_end, false) AS active_at_end,
  l.region_code, l.industry_code, l.above_scale, l.childrens_wear,
  coalesce(d.output_doubt, false) AS output_doubt,
  coalesce(d.base_doubt, false) AS base_doubt,
  coalesce(d.capacity_doubt, false) AS capacity_doubt,
  coalesce(d.kwh_doubt, false) AS kwh_doubt,
  -- Whoever mistook the unit of the output wrote the rest of the report in it.
  CASE WHEN d.output_doubt THEN NULL ELSE r.output END AS output,
  CASE WHEN d.output_doubt OR d.base_doubt THEN NULL ELSE r.output_base END AS output_base,
  CASE WHEN d.output_doubt OR d.capacity_doubt THEN NULL ELSE r.capacity END AS capacity,
  CASE WHEN d.kwh_doubt THEN NULL ELSE r.kwh END AS kwh,
  r.undelivered_hours, r.available_hours, r.workers_needed, r.workers_present,
  r.current_climate, r.expected_climate, r.new_orders, r.production, r.employment, r.delivery, r.inventory
FROM listed AS l
FULL JOIN dwd.industry_report AS r ON r.credit_code = l.credit_code AND r.month = l.month
LEFT JOIN doubt AS d ON d.credit_code = r.credit_code AND d.month = r.month
