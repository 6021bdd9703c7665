-- What one enterprise adds to the numerators and denominators of its cells. A
-- pair counts whole or not at all, so both sides of a ratio are of one panel.
WITH segment AS (
  SELECT m.credit_code, m.month, array_agg(s.segment ORDER BY s.segment) AS segments
  FROM dwd.industry_month AS m
  JOIN dim.industry_segment AS s
    ON m.month >= s.valid_from AND m.month < s.valid_to
    AND (s.industry_prefix IS NULL OR strpos(m.industry_code, s.industry_prefix) = 1)
    AND (s.childrens_wear IS NULL OR s.childrens_wear = m.childrens_wear)
    AND (s.above_scale IS NULL OR s.above_scale = m.above_scale)
  WHERE m.registered
  GROUP BY m.credit_code, m.month
),
compared AS (
  SELECT
    m.*,
    g.segments,
    -- A base of 0 is how forms write that there is none. One in doubt is there,
    -- and what it is nobody knows: last year's own report may be of another panel.
    CASE WHEN NOT m.base_doubt THEN coalesce(nullif(m.output_base, 0), y.output) END AS base,
    y.kwh AS kwh_base,
    -- January and February are one period, set against single months by their
    -- mean; both sides are doubled instead of halved, to stay exact.
    CASE month(m.month)
      WHEN 1 THEN NULL
      WHEN 2 THEN m.output + a.output
      WHEN 3 THEN 2 * m.output
      ELSE m.output
    END AS now,
    CASE month(m.month)
      WHEN 1 THEN NULL
      WHEN 2 THEN 2 * b.output
      WHEN 3 THEN a.output + b.output
      ELSE a.output
    END AS before
  FROM dwd.industry_month AS m
  JOIN segment AS g ON g.credit_code = m.credit_code AND g.month = m.month
  LEFT JOIN dwd.industry_month AS y ON y.credit_code = m.credit_code AND y.month = CAST(m.month - INTERVAL '12' MONTH AS DATE)
  LEFT JOIN dwd.industry_month AS a ON a.credit_code = m.credit_code AND a.month = CAST(m.month - INTERVAL '1' MONTH AS DATE)
  LEFT JOIN dwd.industry_month AS b ON b.credit_code = m.credit_code AND b.month = CAST(m.month - INTERVAL '2' MONTH AS DATE)
)
SELECT
  credit_code, month, region_code, segments, output_doubt OR base_doubt OR capacity_doubt OR kwh_doubt AS in_doubt, output,
  CASE WHEN base IS NOT NULL THEN output END AS yoy_output,
  CASE WHEN output IS NOT NULL THEN base END AS yoy_base,
  CAST(CASE WHEN before IS NOT NULL THEN now END AS DECIMAL(18,2)) AS mom_output,
  CAST(CASE WHEN now IS NOT NULL THEN before END AS DECIMAL(18,2)) AS mom_base,
  CASE WHEN capacity IS NOT NULL THEN output END AS used_output,
  CASE WHEN output IS NOT NULL THEN capacity END AS used_capacity,
  CASE WHEN output IS NOT NULL AND base IS NOT NULL AND kwh_base IS NOT NULL THEN kwh END AS power_kwh,
  CASE WHEN output IS NOT NULL AND base IS NOT NULL AND kwh IS NOT NULL THEN kwh_base END AS power_kwh_base,
  CASE WHEN base IS NOT NULL AND kwh IS NOT NULL AND kwh_base IS NOT NULL THEN output END AS power_output,
  CASE WHEN output IS NOT NULL AND kwh IS NOT NULL AND kwh_base IS NOT NULL THEN base END AS power_output_base,
  CASE WHEN available_hours IS NOT NULL THEN undelivered_hours END AS order_hours,
  CASE WHEN undelivered_hours IS NOT NULL THEN available_hours END AS order_available,
  CASE WHEN workers_present IS NOT NULL THEN workers_needed END AS labour_needed,
  -- Too many hands in one enterprise do not fill the gap of another.
  CASE WHEN workers_needed > workers_present THEN workers_needed - workers_present WHEN workers_needed <= workers_present THEN CAST(0 AS BIGINT) END AS labour_short,
  current_climate, expected_climate, new_orders, production, employment, delivery, inventory
FROM compared
