-- A value that is ten thousand times what the enterprise usually reports, or a
-- ten-thousandth of it, was written in 万元 for 元 or 万千瓦时 for 千瓦时, or
-- the other way round.
WITH parameter AS (
  SELECT
    m.month,
    max(CASE WHEN p.name = 'industry.alert.window' THEN p.value END) AS periods,
    max(CASE WHEN p.name = 'industry.alert.unit_min_history' THEN p.value END) AS min_history,
    max(CASE WHEN p.name = 'industry.alert.unit_tolerance' THEN p.value END) AS tolerance
  FROM (SELECT DISTINCT month FROM dwd.industry_report) AS m
  JOIN dim.parameter AS p ON m.month >= p.valid_from AND m.month < p.valid_to
  GROUP BY m.month
),
value AS (
  SELECT credit_code, month, '产值' AS metric, CAST(output AS DOUBLE) AS value FROM dwd.industry_report WHERE output > 0
  UNION ALL
  SELECT credit_code, month, '用电量' AS metric, CAST(kwh AS DOUBLE) AS value FROM dwd.industry_report WHERE kwh > 0
  UNION ALL
  SELECT credit_code, month, '同期产值' AS metric, CAST(output_base AS DOUBLE) AS value FROM dwd.industry_report WHERE output_base > 0
  UNION ALL
  SELECT credit_code, month, '产能' AS metric, CAST(capacity AS DOUBLE) AS value FROM dwd.industry_report WHERE capacity > 0
),
pair AS (
  SELECT
    v.credit_code, v.metric, v.month, v.value, h.value AS earlier, p.min_history, p.tolerance,
    row_number() OVER (PARTITION BY v.credit_code, v.metric, v.month ORDER BY h.value, h.month) AS position,
    count(*) OVER (PARTITION BY v.credit_code, v.metric, v.month) AS periods
  FROM value AS v
  JOIN parameter AS p ON p.month = v.month
  JOIN value AS h
    ON h.credit_code = v.credit_code AND h.metric = v.metric AND h.month < v.month
    AND date_diff('month', h.month, v.month) <= p.periods
),
usual AS (
  SELECT credit_code, metric, month, value, avg(earlier) AS usual
  FROM pair
  WHERE periods >= min_history AND position IN ((periods + 1) / 2, (periods + 2) / 2)
  GROUP BY credit_code, metric, month, value, min_history, tolerance
  HAVING abs(abs(log10(value / nullif(avg(earlier), 0))) - 4) <= max(tolerance)
)
-- Where the output is in doubt, all of its report is.
SELECT u.credit_code, u.month, u.metric, u.value, u.usual, CAST(CASE WHEN u.value > u.usual THEN 4 ELSE -4 END AS BIGINT) AS magnitude
FROM usual AS u
LEFT JOIN usual AS o ON o.credit_code = u.credit_code AND o.month = u.month AND o.metric = '产值'
WHERE u.metric IN ('产值', '用电量') OR o.metric IS NULL
