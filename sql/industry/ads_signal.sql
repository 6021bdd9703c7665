-- z=0.6745(x−median)/MAD against the periods before. Earlier values of an
-- enterprise are carried to this month by what its trade did in between, so
-- that neither season nor holidays look like its own doing; cells are compared
-- by their growth over the year.
WITH parameter AS (
  SELECT
    m.month,
    max(CASE WHEN p.name = 'industry.alert.z' THEN p.value END) AS limit_z,
    max(CASE WHEN p.name = 'industry.alert.window' THEN p.value END) AS periods,
    max(CASE WHEN p.name = 'industry.alert.min_history' THEN p.value END) AS min_history,
    max(CASE WHEN p.name = 'industry.alert.relative_threshold' THEN p.value END) AS relative_threshold,
    max(CASE WHEN p.name = 'industry.alert.min_deviation' THEN p.value END) AS min_deviation,
    max(CASE WHEN p.name = 'industry.alert.cell_min_deviation' THEN p.value END) AS cell_min_deviation,
    max(CASE WHEN p.name = 'industry.alert.min_delivery_share' THEN p.value END) AS min_delivery_share
  FROM (SELECT DISTINCT month FROM dwd.industry_month) AS m
  JOIN dim.parameter AS p ON m.month >= p.valid_from AND m.month < p.valid_to
  GROUP BY m.month
),
enterprise AS (
  SELECT credit_code, month, region_code, substr(industry_code, 1, 3) AS trade, '产值' AS metric, CAST(output AS DOUBLE) AS value
  FROM dwd.industry_month WHERE registered AND output IS NOT NULL
  UNION ALL
  SELECT credit_code, month, region_code, substr(industry_code, 1, 3) AS trade, '用电量' AS metric, CAST(kwh AS DOUBLE) AS value
  FROM dwd.industry_month WHERE registered AND kwh IS NOT NULL
),
-- The index of each trade, in logarithms. Only its change between two months
-- counts, so it may begin anywhere.
trade AS (
  SELECT
    t.metric, t.trade, m.month,
    CAST(sum(coalesce(p.log_growth, a.log_growth, CAST(0 AS DECIMAL(18,9)))) OVER (PARTITION BY t.metric, t.trade ORDER BY m.month) AS DECIMAL(18,9)) AS level
  FROM (SELECT DISTINCT metric, trade FROM enterprise) AS t
  CROSS JOIN (SELECT DISTINCT month FROM dwd.industry_month) AS m
  LEFT JOIN dws.industry_peer AS p ON p.metric = t.metric AND p.trade = t.trade AND p.month = m.month
  LEFT JOIN dws.industry_peer AS a ON a.metric = t.metric AND a.trade = '全部' AND a.month = m.month
),
-- What one trade did from one month to another. The difference is exact: with
-- numbers that round, it would tell how far back the index goes.
carried AS (
  SELECT x.metric, x.trade, x.month, h.month AS earlier_month, exp(CAST(x.level - h.level AS DOUBLE)) AS growth
  FROM trade AS x
  JOIN parameter AS p ON p.month = x.month
  JOIN trade AS h ON h.metric = x.metric AND h.trade = x.trade AND h.month < x.month AND date_diff('month', h.month, x.month) <= p.periods
),
series AS (
  SELECT
    '企业' AS level, e.credit_code AS subject, e.credit_code, e.region_code, CAST(NULL AS VARCHAR) AS segment, e.metric, e.month, e.value, e.trade
  FROM enterprise AS e
  UNION ALL
  SELECT
    '单元' AS level, concat(region_code, '|', segment) AS subject, CAST(NULL AS VARCHAR) AS credit_code, region_code, segment,
    '产值现价同比' AS metric, month, output_yoy AS value, CAST(NULL AS VARCHAR) AS trade
  -- The Spring Festival moves between January and February, and the growth over
  -- the year of either with it.
  FROM ads.industry_operation WHERE output_yoy IS NOT NULL AND month(month) > 2
),
-- All earlier values of an enterprise are carried by the trade that it is in
-- now, also those from when the register had it in another: it is compared with
-- those who make the same, and a new class in the register is mostly an old
-- mistake mended, not new machines. Indexes of two trades are never set against
-- one another.
pair AS (
  SELECT
    x.level, x.subject, x.metric, x.month, h.month AS earlier_month,
    h.value * coalesce(c.growth, 1) AS earlier
  FROM series AS x
  JOIN parameter AS p ON p.month = x.month
  JOIN series AS h
    ON h.level = x.level AND h.subject = x.subject AND h.metric = x.metric AND h.month < x.month
    AND date_diff('month', h.month, x.month) <= p.periods
  LEFT JOIN carried AS c ON c.metric = x.metric AND c.trade = x.trade AND c.month = x.month AND c.earlier_month = h.month
),
ordered AS (
  SELECT
    level, subject, metric, month, earlier,
    row_number() OVER (PARTITION BY level, subject, metric, month ORDER BY earlier, earlier_month) AS position,
    count(*) OVER (PARTITION BY level, subject, metric, month) AS periods
  FROM pair
),
median AS (
  SELECT level, subject, metric, month, periods, avg(earlier) AS usual
  FROM ordered
  WHERE position IN ((periods + 1) / 2, (periods + 2) / 2)
  GROUP BY level, subject, metric, month, periods
),
compared AS (
  SELECT
    x.level, x.subject, x.credit_code, x.region_code, x.segment, x.metric, x.month, x.value,
    coalesce(m.periods, 0) AS periods, m.usual,
    CASE WHEN x.level = '单元' THEN x.value - m.usual ELSE x.value / nullif(m.usual, 0) - 1 END AS deviation,
    CASE WHEN x.level = '单元' THEN p.cell_min_deviation ELSE p.min_deviation END AS min_deviation,
    p.min_history, p.relative_threshold, p.limit_z
  FROM series AS x
  JOIN parameter AS p ON p.month = x.month
  LEFT JOIN median AS m ON m.level = x.level AND m.subject = x.subject AND m.metric = x.metric AND m.month = x.month
),
-- How much a series usually varies is only asked where it is far from its
-- median.
spread AS (
  SELECT
    c.level, c.subject, c.metric, c.month, c.periods, abs(o.earlier - c.usual) AS distance,
    row_number() OVER (PARTITION BY c.level, c.subject, c.metric, c.month ORDER BY abs(o.earlier - c.usual)) AS position
  FROM compared AS c
  JOIN ordered AS o ON o.level = c.level AND o.subject = c.subject AND o.metric = c.metric AND o.month = c.month
  WHERE c.periods >= c.min_history AND round(abs(c.deviation), 9) >= c.min_deviation
),
mad AS (
  SELECT level, subject, metric, month, avg(distance) AS mad
  FROM spread
  WHERE position IN ((periods + 1) / 2, (periods + 2) / 2)
  GROUP BY level, subject, metric, month
),
judged AS (
  SELECT
    c.level, c.subject, c.credit_code, c.region_code, c.segment, c.metric, c.month, c.value, c.periods, c.usual, c.deviation,
    c.relative_threshold, c.limit_z,
    -- What is left of the rounding is no spread.
    CASE WHEN m.mad <= 0.000000001 * abs(c.usual) THEN 0 ELSE m.mad END AS mad
  FROM compared AS c
  LEFT JOIN mad AS m ON m.level = c.level AND m.subject = c.subject AND m.metric = c.metric AND m.month = c.month
),
reporting AS (
  SELECT month, count(output) AS reporting FROM dwd.industry_month GROUP BY month
),
delivered AS (
  SELECT c.month, CASE WHEN b.reporting IS NULL THEN true ELSE c.reporting >= round(p.min_delivery_share * b.reporting, 9) END AS complete
  FROM reporting AS c
  -- The most of a year, as a month whose reports are late is no measure of the next.
  LEFT JOIN (
    SELECT c.month, max(e.reporting) AS reporting
    FROM reporting AS c
    JOIN reporting AS e ON e.month < c.month AND e.month >= CAST(c.month - INTERVAL '12' MONTH AS DATE)
    GROUP BY c.month
  ) AS b ON b.month = c.month
  JOIN parameter AS p ON p.month = c.month
),
silent AS (
  SELECT m.credit_code, m.month, m.region_code
  FROM dwd.industry_month AS m
  JOIN delivered AS d ON d.month = m.month AND d.complete
  JOIN parameter AS p ON p.month = m.month
  WHERE m.registered AND m.active_at_end AND m.output IS NULL AND NOT m.output_doubt
    AND EXISTS (
      SELECT 1 FROM enterprise AS h
      WHERE h.credit_code = m.credit_code AND h.metric = '产值' AND h.month < m.month
        AND date_diff('month', h.month, m.month) <= p.periods
    )
)
SELECT
  j.month, j.level, j.subject, j.credit_code, j.region_code, j.segment, j.metric, CAST(NULL AS VARCHAR) AS finding,
  j.value, j.periods, j.usual, j.mad,
  CASE WHEN j.mad > 0 THEN round(0.6745 * (j.value - j.usual) / nullif(j.mad, 0), 2) END AS z,
  round(j.deviation, 6) AS deviation,
  CASE
    WHEN j.mad IS NULL THEN CAST(0 AS BIGINT)
    WHEN j.mad > 0 AND round(0.6745 * abs(j.value - j.usual) / nullif(j.mad, 0), 9) < j.limit_z THEN CAST(0 AS BIGINT)
    WHEN j.mad = 0 AND j.level = '企业' AND round(abs(j.deviation), 9) < j.relative_threshold THEN CAST(0 AS BIGINT)
    WHEN j.deviation < 0 THEN CAST(-1 AS BIGINT)
    ELSE CAST(1 AS BIGINT)
  END AS anomaly
FROM judged AS j
UNION ALL
SELECT
  s.month, '企业' AS level, s.credit_code AS subject, s.credit_code, s.region_code, CAST(NULL AS VARCHAR) AS segment, '产值' AS metric, '缺报' AS finding,
  CAST(NULL AS DOUBLE) AS value, CAST(0 AS BIGINT) AS periods, CAST(NULL AS DOUBLE) AS usual, CAST(NULL AS DOUBLE) AS mad,
  CAST(NULL AS DOUBLE) AS z, CAST(NULL AS DOUBLE) AS deviation, CAST(0 AS BIGINT) AS anomaly
FROM silent AS s
UNION ALL
SELECT
  d.month, '企业' AS level, d.credit_code AS subject, d.credit_code, m.region_code, CAST(NULL AS VARCHAR) AS segment, d.metric, '单位' AS finding,
  d.value, d.periods, d.usual, CAST(NULL AS DOUBLE) AS mad,
  CAST(NULL AS DOUBLE) AS z, d.value / nullif(d.usual, 0) - 1 AS deviation, CAST(0 AS BIGINT) AS anomaly
FROM dwd.industry_unit_doubt AS d
JOIN dwd.industry_month AS m ON m.credit_code = d.credit_code AND m.month = d.month AND m.registered
UNION ALL
SELECT
  m.month, '企业' AS level, m.credit_code AS subject, m.credit_code, r.region_code, CAST(NULL AS VARCHAR) AS segment, '产值' AS metric, '名录外' AS finding,
  CAST(NULL AS DOUBLE) AS value, CAST(0 AS BIGINT) AS periods, CAST(NULL AS DOUBLE) AS usual, CAST(NULL AS DOUBLE) AS mad,
  CAST(NULL AS DOUBLE) AS z, CAST(NULL AS DOUBLE) AS deviation, CAST(0 AS BIGINT) AS anomaly
FROM dwd.industry_month AS m
CROSS JOIN dim.site AS r
WHERE NOT m.registered AND (m.output IS NOT NULL OR m.output_doubt)
