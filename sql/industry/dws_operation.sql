-- Every cell, the small ones too: what may be shown of it is decided in
-- ads.industry_operation. A cell's ratio is the ratio of its sums.
WITH cell AS (
  SELECT
    m.month, a.ancestor_code AS region_code, s.segment,
    count(*) AS enterprises,
    count(m.output) AS reporting,
    CAST(count_if(m.in_doubt) AS BIGINT) AS doubtful,
    count(m.yoy_base) AS panel,
    count(m.mom_base) AS mom_panel,
    CAST(sum(m.output) AS DECIMAL(18,2)) AS output,
    CAST(sum(m.yoy_output) AS DECIMAL(18,2)) AS yoy_output,
    CAST(sum(m.yoy_base) AS DECIMAL(18,2)) AS yoy_base,
    CAST(sum(m.mom_output) AS DECIMAL(18,2)) AS mom_output,
    CAST(sum(m.mom_base) AS DECIMAL(18,2)) AS mom_base,
    CAST(sum(m.yoy_output) AS DOUBLE) / nullif(CAST(sum(m.yoy_base) AS DOUBLE), 0) - 1 AS output_yoy,
    CAST(sum(m.mom_output) AS DOUBLE) / nullif(CAST(sum(m.mom_base) AS DOUBLE), 0) - 1 AS output_mom,
    CAST(sum(m.used_output) AS DOUBLE) / nullif(CAST(sum(m.used_capacity) AS DOUBLE), 0) AS capacity_utilisation,
    CAST(sum(m.power_kwh) AS DOUBLE) / nullif(CAST(sum(m.power_kwh_base) AS DOUBLE), 0) - 1 AS electricity_yoy,
    CAST(sum(m.power_output) AS DOUBLE) / nullif(CAST(sum(m.power_output_base) AS DOUBLE), 0) - 1 AS power_output_yoy,
    CAST(sum(m.order_hours) AS DOUBLE) / nullif(CAST(sum(m.order_available) AS DOUBLE), 0) AS order_saturation,
    CAST(sum(m.labour_short) AS DOUBLE) / nullif(CAST(sum(m.labour_needed) AS DOUBLE), 0) AS labour_gap
  FROM dwd.industry_measure AS m
  JOIN dim.region_ancestor AS a ON a.region_code = m.region_code
  CROSS JOIN UNNEST(m.segments) AS s(segment)
  GROUP BY m.month, a.ancestor_code, s.segment
),
parameter AS (
  SELECT
    c.month,
    max(CASE WHEN p.name = 'industry.elasticity.min_output_growth' THEN p.value END) AS min_growth,
    max(CASE WHEN p.name = 'industry.climate.current_weight' THEN p.value END) AS current_weight,
    max(CASE WHEN p.name = 'industry.climate.expected_weight' THEN p.value END) AS expected_weight,
    max(CASE WHEN p.name = 'industry.pmi.new_orders_weight' THEN p.value END) AS new_orders_weight,
    max(CASE WHEN p.name = 'industry.pmi.production_weight' THEN p.value END) AS production_weight,
    max(CASE WHEN p.name = 'industry.pmi.employment_weight' THEN p.value END) AS employment_weight,
    max(CASE WHEN p.name = 'industry.pmi.delivery_weight' THEN p.value END) AS delivery_weight,
    max(CASE WHEN p.name = 'industry.pmi.inventory_weight' THEN p.value END) AS inventory_weight
  FROM (SELECT DISTINCT month FROM cell) AS c
  JOIN dim.parameter AS p ON c.month >= p.valid_from AND c.month < p.valid_to
  GROUP BY c.month
)
SELECT
  c.month, c.region_code, c.segment, c.enterprises, c.reporting, c.doubtful, c.panel, c.mom_panel, c.output,
  c.yoy_output, c.yoy_base, c.mom_output, c.mom_base,
  -- Nine places: what is published is rounded once, from these.
  round(c.output_yoy, 9) AS output_yoy,
  round(c.output_mom, 9) AS output_mom,
  round(c.capacity_utilisation, 6) AS capacity_utilisation,
  round(c.electricity_yoy, 9) AS electricity_yoy,
  round(CASE WHEN round(abs(c.power_output_yoy), 9) >= p.min_growth THEN c.electricity_yoy / nullif(c.power_output_yoy, 0) END, 4) AS electricity_elasticity,
  round(s.production_up + 0.5 * s.production_same, 4) AS diffusion_index,
  round(
    p.current_weight * (s.current_good - s.current_bad + 100) + p.expected_weight * (s.expected_good - s.expected_bad + 100), 4) AS climate_index,
  round(
    p.new_orders_weight * (s.new_orders_up + 0.5 * s.new_orders_same)
    + p.production_weight * (s.production_up + 0.5 * s.production_same)
    + p.employment_weight * (s.employment_up + 0.5 * s.employment_same)
    + p.delivery_weight * (100 - (s.delivery_up + 0.5 * s.delivery_same))
    + p.inventory_weight * (s.inventory_up + 0.5 * s.inventory_same), 4) AS pmi,
  round(c.order_saturation, 6) AS order_saturation,
  round(c.labour_gap, 6) AS labour_gap
FROM cell AS c
JOIN parameter AS p ON p.month = c.month
LEFT JOIN dws.industry_climate AS s ON s.month = c.month AND s.region_code = c.region_code AND s.segment = c.segment
