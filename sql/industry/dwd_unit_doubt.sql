-- A value that is ten thousand times what the enterprise usually reports, or a
-- ten-thousandth of it, was written in 万元 for 元 or 万千瓦时 for 千瓦时, or
-- the other way round. So was one that is so far from the output of the same
-- report, which the past of a metric does not show if it was always written so.
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
  SELECT credit_code, month, '同期可比产值' AS metric, CAST(output_base AS DOUBLE) AS value FROM dwd.industry_report WHERE output_base > 0
  UNION ALL
  SELECT credit_code, month, '生产能力' AS metric, CAST(capacity AS DOUBLE) AS value FROM dwd.industry_report WHERE capacity > 0
  UNION ALL
  SELECT credit_code, month, '用电量' AS metric, CAST(kwh AS DOUBLE) AS value FROM dwd.industry_report WHERE kwh > 0
),
-- Two values of one report that can't both be right.
clash AS (
  SELECT o.credit_code, o.month, v.metric, v.value, o.value AS output
  FROM value AS o
  JOIN value AS v ON v.credit_code = o.credit_code AND v.month = o.month AND v.metric IN ('同期可比产值', '生产能力')
  JOIN parameter AS p ON p.month = o.month
  WHERE o.metric = '产值' AND round(abs(abs(log10(o.value / nullif(v.value, 0))) - 4), 9) <= p.tolerance
),
contradicted AS (
  SELECT DISTINCT credit_code, month FROM clash
),
-- Only what is so far from the least or the most of the periods before, of which
-- there are 12 at most, can be so far from their median.
suspect AS (
  SELECT v.credit_code, v.month, v.metric, v.value
  FROM (
    SELECT
      credit_code, month, metric, value,
      min(value) OVER (PARTITION BY credit_code, metric ORDER BY month ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING) AS least,
      max(value) OVER (PARTITION BY credit_code, metric ORDER BY month ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING) AS most
    FROM value
  ) AS v
  JOIN parameter AS p ON p.month = v.month
  WHERE v.value >= v.least * power(10, 3.99 - p.tolerance) OR v.value * power(10, 3.99 - p.tolerance) <= v.most
  UNION
  SELECT credit_code, month, '产值' AS metric, output AS value FROM clash
),
pair AS (
  SELECT
    v.credit_code, v.metric, v.month, v.value, h.value AS earlier, p.min_history, p.tolerance,
    row_number() OVER (PARTITION BY v.credit_code, v.metric, v.month ORDER BY h.value, h.month) AS position,
    count(*) OVER (PARTITION BY v.credit_code, v.metric, v.month) AS periods
  FROM suspect AS v
  JOIN parameter AS p ON p.month = v.month
  JOIN value AS h
    ON h.credit_code = v.credit_code AND h.metric = v.metric AND h.month < v.month
    AND date_diff('month', h.month, v.month) <= p.periods
  -- Values that contradict one another vouch for nothing later.
  LEFT JOIN contradicted AS c ON c.credit_code = h.credit_code AND c.month = h.month
  WHERE c.credit_code IS NULL OR h.metric = '用电量'
),
usual AS (
  SELECT
    credit_code, metric, month, value, periods, avg(earlier) AS usual,
    round(abs(abs(log10(value / nullif(avg(earlier), 0))) - 4), 9) <= max(tolerance) AS in_doubt
  FROM pair
  WHERE periods >= min_history AND position IN ((periods + 1) / 2, (periods + 2) / 2)
  GROUP BY credit_code, metric, month, value, periods
),
doubt AS (
  SELECT credit_code, month, metric, value, usual, periods FROM usual WHERE in_doubt
  UNION ALL
  SELECT c.credit_code, c.month, c.metric, c.value, c.output AS usual, CAST(0 AS BIGINT) AS periods FROM clash AS c
  UNION ALL
  -- An output that its own past vouches for is not the one that is wrong.
  SELECT c.credit_code, c.month, '产值' AS metric, c.output AS value, c.value AS usual, CAST(0 AS BIGINT) AS periods
  FROM clash AS c
  LEFT JOIN usual AS u ON u.credit_code = c.credit_code AND u.month = c.month AND u.metric = '产值'
  WHERE u.credit_code IS NULL
),
ranked AS (
  SELECT
    d.*,
    row_number() OVER (PARTITION BY d.credit_code, d.month, d.metric ORDER BY d.periods DESC, d.usual) AS position,
    bool_or(d.metric = '产值' AND d.periods > 0) OVER (PARTITION BY d.credit_code, d.month) AS output_doubt
  FROM doubt AS d
)
SELECT credit_code, month, metric, value, usual, periods, CAST(CASE WHEN value > usual THEN 4 ELSE -4 END AS BIGINT) AS magnitude
FROM ranked
-- The rest of a report whose output is mistaken is not found wrong once more.
WHERE position = 1 AND NOT (output_doubt AND metric IN ('同期可比产值', '生产能力'))
