-- Score: weighted log-odds with an informative Dirichlet prior, z-scored
-- (Monroe, Colaresi and Quinn 2008), of this period against the calendar months
-- before the one in which it begins.
WITH daily AS (
  SELECT
    p.period, CAST(date_trunc(p.period, d.day) AS DATE) AS period_start,
    d.region_code, d.category, d.term, d.people, d.opinions
  FROM dws.congress_term_day AS d
  CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS p(period)
),
parameter AS (
  SELECT
    d.period, d.period_start,
    max(CASE WHEN p.name = 'congress.hot_term.min_people' THEN p.value END) AS min_people,
    max(CASE WHEN p.name = 'congress.hot_term.prior_weight' THEN p.value END) AS prior_weight,
    max(CASE WHEN p.name = 'congress.hot_term.list_size' THEN p.value END) AS list_size,
    max(CASE WHEN p.name = 'congress.hot_term.baseline_months' THEN p.value END) AS baseline_months
  FROM (SELECT DISTINCT period, period_start FROM daily) AS d
  JOIN dim.parameter AS p ON d.period_start >= p.valid_from AND d.period_start < p.valid_to
  GROUP BY d.period, d.period_start
),
-- Who was counted on several days of a period is one person in it, so the sum
-- of the days bounds the people from above: what stays below the least number
-- by it need not be counted.
likely AS (
  SELECT d.period, d.period_start, d.region_code, d.category, d.term, sum(d.people) AS uses, sum(d.opinions) AS opinions
  FROM daily AS d
  GROUP BY d.period, d.period_start, d.region_code, d.category, d.term
),
candidate AS (
  SELECT l.period, l.period_start, l.region_code, l.category, l.term, l.uses, l.opinions, p.prior_weight, p.list_size, p.baseline_months, p.min_people
  FROM likely AS l
  JOIN parameter AS p ON p.period = l.period AND p.period_start = l.period_start
  WHERE l.uses >= p.min_people
),
message AS (
  SELECT o.person_key, o.day, a.ancestor_code AS region_code, l.category, t.term
  FROM dwd.congress_opinion AS o
  JOIN dwd.congress_opinion_word AS w ON w.opinion_id = o.opinion_id
  JOIN dwd.congress_opinion_label AS l ON l.opinion_id = o.opinion_id
  JOIN dim.region_ancestor AS a ON a.region_code = l.region_code
  CROSS JOIN UNNEST(w.terms) AS t(term)
  WHERE t.term IN (SELECT term FROM candidate WHERE period <> 'day')
),
person AS (
  SELECT
    p.period, CAST(date_trunc(p.period, m.day) AS DATE) AS period_start,
    m.region_code, coalesce(m.category, '全部') AS category, m.term, count(DISTINCT m.person_key) AS people
  FROM message AS m
  CROSS JOIN (VALUES ('week'), ('month')) AS p(period)
  GROUP BY GROUPING SETS (
    (p.period, CAST(date_trunc(p.period, m.day) AS DATE), m.region_code, m.term),
    (p.period, CAST(date_trunc(p.period, m.day) AS DATE), m.region_code, m.category, m.term)
  )
),
counted AS (
  SELECT
    c.period, c.period_start, c.region_code, c.category, c.term, c.opinions, c.prior_weight, c.list_size, c.baseline_months,
    CASE WHEN c.period = 'day' THEN c.uses ELSE p.people END AS people
  FROM candidate AS c
  LEFT JOIN person AS p
    ON p.period = c.period AND p.period_start = c.period_start AND p.region_code = c.region_code AND p.category = c.category AND p.term = c.term
  WHERE c.period = 'day' OR p.people >= c.min_people
),
total AS (
  SELECT period, period_start, region_code, category, sum(uses) AS uses
  FROM likely
  GROUP BY period, period_start, region_code, category
),
-- All periods that begin in a month share its baseline.
month_baseline AS (
  SELECT DISTINCT CAST(date_trunc('month', period_start) AS DATE) AS month, baseline_months
  FROM parameter
),
baseline_total AS (
  SELECT b.month, m.region_code, m.category, sum(m.uses) AS uses
  FROM month_baseline AS b
  JOIN dws.congress_term_month AS m ON date_diff('month', m.month, b.month) BETWEEN 1 AND b.baseline_months
  GROUP BY b.month, m.region_code, m.category
),
baseline AS (
  SELECT b.month, m.region_code, m.category, m.term, sum(m.uses) AS uses
  FROM month_baseline AS b
  JOIN dws.congress_term_month AS m ON date_diff('month', m.month, b.month) BETWEEN 1 AND b.baseline_months
  WHERE m.term IN (SELECT term FROM counted)
  GROUP BY b.month, m.region_code, m.category, m.term
),
prior AS (
  SELECT
    c.period, c.period_start, c.region_code, c.category, c.term, c.people, c.opinions, c.list_size, c.prior_weight,
    CAST(c.people AS DOUBLE) AS y,
    CAST(coalesce(b.uses, 0) AS DOUBLE) AS y0,
    CAST(t.uses AS DOUBLE) AS n,
    CAST(coalesce(bt.uses, 0) AS DOUBLE) AS n0,
    c.prior_weight * (c.people + coalesce(b.uses, 0)) / nullif(CAST(t.uses + coalesce(bt.uses, 0) AS DOUBLE), 0) AS alpha
  FROM counted AS c
  JOIN total AS t
    ON t.period = c.period AND t.period_start = c.period_start AND t.region_code = c.region_code AND t.category = c.category
  LEFT JOIN baseline_total AS bt
    ON bt.month = CAST(date_trunc('month', c.period_start) AS DATE) AND bt.region_code = c.region_code AND bt.category = c.category
  LEFT JOIN baseline AS b
    ON b.month = CAST(date_trunc('month', c.period_start) AS DATE) AND b.region_code = c.region_code AND b.category = c.category AND b.term = c.term
),
scored AS (
  SELECT
    period, period_start, region_code, category, term, people, opinions, list_size,
    -- A slice in which one term is all there is has no odds to compare: its
    -- term scores 0.
    round(coalesce(
      (ln((y + alpha) / nullif(n + prior_weight - y - alpha, 0)) - ln((y0 + alpha) / nullif(n0 + prior_weight - y0 - alpha, 0)))
      / nullif(sqrt(1 / nullif(y + alpha, 0) + 1 / nullif(y0 + alpha, 0)), 0), 0), 4) AS score
  FROM prior
),
burst AS (
  SELECT p.period, CAST(date_trunc(p.period, b.day) AS DATE) AS period_start, b.region_code, b.term, sum(b.burst) AS burst
  FROM dws.congress_term_burst AS b
  CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS p(period)
  GROUP BY p.period, CAST(date_trunc(p.period, b.day) AS DATE), b.region_code, b.term
)
SELECT
  period, period_start,
  CAST(CASE period
    WHEN 'day' THEN period_start
    WHEN 'week' THEN period_start + INTERVAL '6' DAY
    ELSE last_day_of_month(period_start)
  END AS DATE) AS period_end,
  region_code, category, term, CAST(people AS BIGINT) AS people, CAST(opinions AS BIGINT) AS opinions, score, burst, rank
FROM (
  SELECT
    s.period, s.period_start, s.region_code, s.category, s.term, s.people, s.opinions, s.score, s.list_size,
    round(coalesce(b.burst, 0), 4) AS burst,
    row_number() OVER (
      PARTITION BY s.period, s.period_start, s.region_code, s.category
      ORDER BY s.score DESC, s.people DESC, s.term
    ) AS rank
  FROM scored AS s
  LEFT JOIN burst AS b
    ON b.period = s.period AND b.period_start = s.period_start AND b.region_code = s.region_code AND b.term = s.term
) AS ranked
WHERE rank <= list_size
