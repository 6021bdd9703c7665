-- How the enterprises of a trade moved from the month before: the median of
-- their growth. What all of them do, as before the Spring Festival, says nothing
-- about one of them.
WITH parameter AS (
  SELECT m.month, max(p.value) AS min_peers
  FROM (SELECT DISTINCT month FROM dwd.industry_month) AS m
  JOIN dim.parameter AS p ON p.name = 'industry.alert.min_peers' AND m.month >= p.valid_from AND m.month < p.valid_to
  GROUP BY m.month
),
value AS (
  SELECT credit_code, month, substr(industry_code, 1, 3) AS trade, '产值' AS metric, CAST(output AS DOUBLE) AS value
  FROM dwd.industry_month WHERE registered AND output > 0
  UNION ALL
  SELECT credit_code, month, substr(industry_code, 1, 3) AS trade, '用电量' AS metric, CAST(kwh AS DOUBLE) AS value
  FROM dwd.industry_month WHERE registered AND kwh > 0
),
growth AS (
  SELECT v.month, v.metric, t.trade, v.credit_code, round(ln(v.value / nullif(b.value, 0)), 9) AS growth
  FROM value AS v
  JOIN value AS b ON b.credit_code = v.credit_code AND b.metric = v.metric AND b.month = CAST(v.month - INTERVAL '1' MONTH AS DATE)
  CROSS JOIN UNNEST(ARRAY[v.trade, '全部']) AS t(trade)
),
ranked AS (
  SELECT
    month, metric, trade, growth,
    row_number() OVER (PARTITION BY month, metric, trade ORDER BY growth, credit_code) AS position,
    count(*) OVER (PARTITION BY month, metric, trade) AS enterprises
  FROM growth
),
median AS (
  SELECT month, metric, trade, enterprises, avg(growth) AS growth
  FROM ranked
  WHERE position IN ((enterprises + 1) / 2, (enterprises + 2) / 2)
  GROUP BY month, metric, trade, enterprises
)
SELECT
  m.month, m.metric, m.trade, m.enterprises,
  CAST(round(CASE WHEN m.enterprises >= p.min_peers THEN m.growth ELSE a.growth END, 9) AS DECIMAL(18,9)) AS log_growth
FROM median AS m
JOIN median AS a ON a.month = m.month AND a.metric = m.metric AND a.trade = '全部'
JOIN parameter AS p ON p.month = m.month
