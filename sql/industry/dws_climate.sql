-- Shares of the answers, each question by itself, in per cent.
WITH answer AS (
  SELECT
    m.month, a.ancestor_code AS region_code, s.segment,
    m.current_climate, m.expected_climate, m.new_orders, m.production, m.employment, m.delivery, m.inventory
  FROM dwd.industry_measure AS m
  JOIN dim.region_ancestor AS a ON a.region_code = m.region_code
  CROSS JOIN UNNEST(m.segments) AS s(segment)
  WHERE coalesce(m.current_climate, m.expected_climate, m.new_orders, m.production, m.employment, m.delivery, m.inventory) IS NOT NULL
)
SELECT
  month, region_code, segment, count(*) AS answers,
  100 * CAST(count_if(current_climate = '好') AS DOUBLE) / nullif(count(current_climate), 0) AS current_good,
  100 * CAST(count_if(current_climate = '差') AS DOUBLE) / nullif(count(current_climate), 0) AS current_bad,
  100 * CAST(count_if(expected_climate = '好') AS DOUBLE) / nullif(count(expected_climate), 0) AS expected_good,
  100 * CAST(count_if(expected_climate = '差') AS DOUBLE) / nullif(count(expected_climate), 0) AS expected_bad,
  100 * CAST(count_if(new_orders = '增加') AS DOUBLE) / nullif(count(new_orders), 0) AS new_orders_up,
  100 * CAST(count_if(new_orders = '持平') AS DOUBLE) / nullif(count(new_orders), 0) AS new_orders_same,
  100 * CAST(count_if(production = '增加') AS DOUBLE) / nullif(count(production), 0) AS production_up,
  100 * CAST(count_if(production = '持平') AS DOUBLE) / nullif(count(production), 0) AS production_same,
  100 * CAST(count_if(employment = '增加') AS DOUBLE) / nullif(count(employment), 0) AS employment_up,
  100 * CAST(count_if(employment = '持平') AS DOUBLE) / nullif(count(employment), 0) AS employment_same,
  100 * CAST(count_if(delivery = '加快') AS DOUBLE) / nullif(count(delivery), 0) AS delivery_up,
  100 * CAST(count_if(delivery = '持平') AS DOUBLE) / nullif(count(delivery), 0) AS delivery_same,
  100 * CAST(count_if(inventory = '增加') AS DOUBLE) / nullif(count(inventory), 0) AS inventory_up,
  100 * CAST(count_if(inventory = '持平') AS DOUBLE) / nullif(count(inventory), 0) AS inventory_same
FROM answer
GROUP BY month, region_code, segment
