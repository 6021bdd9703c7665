WITH span AS (
  SELECT min(s.day) AS first_day, max(s.day) AS last_day
  FROM dws.congress_duty_standing AS s
  WHERE s.doubt IS NULL
),
-- Every month between the first record and the last, those without any included.
month AS (
  SELECT CAST(date_trunc('month', p.first_day) + INTERVAL '1' MONTH * m.n AS DATE) AS month_start
  FROM span AS p
  CROSS JOIN UNNEST(sequence(0, date_diff('month', CAST(date_trunc('month', p.first_day) AS DATE), CAST(date_trunc('month', p.last_day) AS DATE)))) AS m(n)
),
period AS (
  SELECT 'month' AS period, month_start AS period_start, last_day_of_month(month_start) AS period_end
  FROM month
  UNION ALL
  SELECT 'year' AS period, y.period_start, CAST(y.period_start + INTERVAL '1' YEAR - INTERVAL '1' DAY AS DATE) AS period_end
  FROM (SELECT DISTINCT CAST(date_trunc('year', month_start) AS DATE) AS period_start FROM month) AS y
),
office AS (
  SELECT
    p.period, p.period_start, p.period_end, a.ancestor_code AS region_code, coalesce(t.level, '全部') AS level,
    count(DISTINCT t.deputy_key) AS deputies
  FROM period AS p
  CROSS JOIN dim.run AS r
  JOIN dwd.congress_deputy_term AS t
    ON t.term_from <= p.period_end AND t.term_to > p.period_start AND t.term_from < t.term_to AND t.term_from <= r.as_of
  JOIN dim.region_ancestor AS a ON a.region_code = t.region_code
  GROUP BY GROUPING SETS (
    (p.period, p.period_start, p.period_end, a.ancestor_code),
    (p.period, p.period_start, p.period_end, a.ancestor_code, t.level)
  )
),
counted AS (
  SELECT 'month' AS period, period_end, region_code, level, participating, expected, attended, records, proposals, opinions
  FROM dws.congress_active_month
  UNION ALL
  SELECT 'year' AS period, period_end, region_code, level, participating, expected, attended, records, proposals, opinions
  FROM dws.congress_active_year
)
SELECT
  o.period, o.period_start, o.period_end, o.region_code, o.level, o.deputies,
  coalesce(c.participating, 0) AS participating,
  round(CAST(coalesce(c.participating, 0) AS DOUBLE) / nullif(o.deputies, 0), 4) AS participating_rate,
  coalesce(c.expected, 0) AS expected,
  coalesce(c.attended, 0) AS attended,
  round(CAST(c.attended AS DOUBLE) / nullif(c.expected, 0), 4) AS participation_rate,
  coalesce(c.records, 0) AS records,
  coalesce(c.proposals, 0) AS proposals,
  coalesce(c.opinions, 0) AS opinions
FROM office AS o
LEFT JOIN counted AS c ON c.period = o.period AND c.period_end = o.period_end AND c.region_code = o.region_code AND c.level = o.level
