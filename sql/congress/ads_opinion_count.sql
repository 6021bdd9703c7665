WITH opinion AS (
  SELECT
    p.period, CAST(date_trunc(p.period, o.day) AS DATE) AS period_start,
    a.ancestor_code AS region_code, l.category, coalesce(o.channel, '未注明') AS channel,
    o.opinion_id, o.person_key
  FROM dwd.congress_opinion AS o
  JOIN dwd.congress_opinion_label AS l ON l.opinion_id = o.opinion_id
  JOIN dim.region_ancestor AS a ON a.region_code = l.region_code
  CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS p(period)
),
-- A person may write through two channels and about two matters, so each
-- combination counts people anew.
counted AS (
  SELECT
    period, period_start, region_code,
    coalesce(category, '全部') AS category, coalesce(channel, '全部') AS channel,
    count(opinion_id) AS opinions, count(DISTINCT person_key) AS people
  FROM opinion
  GROUP BY GROUPING SETS (
    (period, period_start, region_code),
    (period, period_start, region_code, category),
    (period, period_start, region_code, channel),
    (period, period_start, region_code, category, channel)
  )
)
SELECT
  period, period_start,
  CAST(CASE period
    WHEN 'day' THEN period_start
    WHEN 'week' THEN period_start + INTERVAL '6' DAY
    ELSE last_day_of_month(period_start)
  END AS DATE) AS period_end,
  region_code, category, channel, opinions, people
FROM counted
