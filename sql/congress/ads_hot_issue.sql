WITH member AS (
  SELECT
    p.period, CAST(date_trunc(p.period, m.day) AS DATE) AS period_start,
    a.ancestor_code AS region_code, m.region_code AS own_region,
    m.issue_id, m.opinion_id, m.person_key, m.day, m.likes, m.dislikes
  FROM dwd.congress_issue_opinion AS m
  JOIN dim.region_ancestor AS a ON a.region_code = m.region_code
  CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS p(period)
),
counted AS (
  SELECT
    period, period_start, region_code, issue_id,
    count(DISTINCT person_key) AS people,
    count(DISTINCT opinion_id) AS opinions,
    count(DISTINCT own_region) AS regions,
    max(day) AS last_day,
    CAST(sum(likes) AS BIGINT) AS likes,
    CAST(sum(dislikes) AS BIGINT) AS dislikes
  FROM member
  GROUP BY period, period_start, region_code, issue_id
),
parameter AS (
  SELECT
    c.period, c.period_start,
    max(CASE WHEN p.name = 'congress.hot_issue.min_people' THEN p.value END) AS min_people,
    max(CASE WHEN p.name = 'congress.hot_issue.list_size' THEN p.value END) AS list_size,
    max(CASE WHEN p.name = 'congress.hot_issue.baseline_periods' THEN p.value END) AS baseline_periods,
    max(CASE WHEN p.name = 'congress.hot_issue.growth_smoothing' THEN p.value END) AS smoothing,
    max(CASE WHEN p.name = 'congress.hot_issue.growth_min' THEN p.value END) AS growth_min,
    max(CASE WHEN p.name = 'congress.hot_issue.growth_max' THEN p.value END) AS growth_max,
    max(CASE WHEN p.name = 'congress.hot_issue.like_weight' THEN p.value END) AS like_weight,
    max(CASE WHEN p.name = 'congress.hot_issue.wilson_z' THEN p.value END) AS z,
    max(CASE WHEN p.name = 'congress.hot_issue.long_days' THEN p.value END) AS long_days,
    max(CASE WHEN p.name = 'congress.hot_issue.wide_regions' THEN p.value END) AS wide_regions,
    max(CASE WHEN p.name = 'congress.hot_issue.repeat_share' THEN p.value END) AS repeat_share
  FROM (SELECT DISTINCT period, period_start FROM counted) AS c
  JOIN dim.parameter AS p ON c.period_start >= p.valid_from AND c.period_start < p.valid_to
  GROUP BY c.period, c.period_start
),
earlier AS (
  SELECT c.period, c.period_start, c.region_code, c.issue_id, sum(e.people) AS people
  FROM counted AS c
  JOIN parameter AS p ON p.period = c.period AND p.period_start = c.period_start
  JOIN counted AS e
    ON e.period = c.period AND e.region_code = c.region_code AND e.issue_id = c.issue_id
    AND date_diff(c.period, e.period_start, c.period_start) BETWEEN 1 AND p.baseline_periods
  GROUP BY c.period, c.period_start, c.region_code, c.issue_id
),
weighed AS (
  SELECT
    c.period, c.period_start, c.region_code, c.issue_id, c.people, c.opinions, c.regions, c.last_day, c.likes,
    p.list_size, p.long_days, p.wide_regions, p.repeat_share,
    -- Of likes and dislikes only what is certain counts, and only its order of
    -- magnitude: one message with thousands of likes is not many people.
    p.like_weight * log10(1 + c.likes) * coalesce(
      (c.likes + p.z * p.z / 2 - p.z * sqrt(CAST(c.likes AS DOUBLE) * c.dislikes / nullif(c.likes + c.dislikes, 0) + p.z * p.z / 4))
      / nullif(c.likes + c.dislikes + p.z * p.z, 0), 0) AS endorsement,
    greatest(p.growth_min, least(p.growth_max,
      (c.people + p.smoothing) / nullif(coalesce(e.people, 0) / nullif(p.baseline_periods, 0) + p.smoothing, 0))) AS growth
  FROM counted AS c
  JOIN parameter AS p ON p.period = c.period AND p.period_start = c.period_start
  LEFT JOIN earlier AS e
    ON e.period = c.period AND e.period_start = c.period_start AND e.region_code = c.region_code AND e.issue_id = c.issue_id
  WHERE c.people >= p.min_people
),
told AS (
  -- What a region is told of an issue comes from its own messages alone.
  SELECT
    i.month, i.issue_id, element_at(i.regions, r.n) AS region_code,
    CAST(element_at(i.region_first_days, r.n) AS DATE) AS first_day,
    element_at(i.region_places, r.n) AS place_or_people,
    element_at(i.region_titles, r.n) AS title,
    element_at(i.region_categories, r.n) AS category,
    element_at(i.region_responses, r.n) AS response,
    element_at(i.region_descriptions, r.n) AS description
  FROM dwd.congress_issue AS i
  CROSS JOIN UNNEST(sequence(1, cardinality(i.regions))) AS r(n)
),
issue AS (
  -- A week may lie in two months; the later one knows the issue better.
  SELECT
    p.period, CAST(date_trunc(p.period, m.day) AS DATE) AS period_start, t.region_code, t.issue_id,
    min(t.first_day) AS first_day,
    max_by(t.place_or_people, t.month) AS place_or_people,
    max_by(t.title, t.month) AS title,
    max_by(t.description, t.month) AS description,
    max_by(t.category, t.month) AS category,
    max_by(t.response, t.month) AS response
  FROM told AS t
  JOIN (SELECT DISTINCT issue_id, day, region_code FROM member WHERE period = 'day') AS m
    ON m.issue_id = t.issue_id AND m.region_code = t.region_code AND CAST(date_trunc('month', m.day) AS DATE) = t.month
  CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS p(period)
  GROUP BY p.period, CAST(date_trunc(p.period, m.day) AS DATE), t.region_code, t.issue_id
),
ranked AS (
  SELECT
    w.period, w.period_start, w.region_code, w.issue_id, w.people, w.opinions, w.likes, w.last_day, w.list_size,
    round(w.growth, 4) AS growth,
    round((w.people + w.endorsement) * w.growth, 2) AS heat,
    i.first_day, i.place_or_people, i.title, i.description, i.category,
    concat(
      CASE
        WHEN (w.opinions - w.people) >= w.repeat_share * w.opinions THEN '难点'
        WHEN date_diff('day', i.first_day, w.last_day) >= w.long_days AND w.regions >= w.wide_regions THEN '重点'
        ELSE '热点'
      END,
      '·',
      i.response
    ) AS badge
  FROM weighed AS w
  JOIN issue AS i ON i.period = w.period AND i.period_start = w.period_start AND i.region_code = w.region_code AND i.issue_id = w.issue_id
)
SELECT
  period, period_start,
  CAST(CASE period
    WHEN 'day' THEN period_start
    WHEN 'week' THEN period_start + INTERVAL '6' DAY
    ELSE last_day_of_month(period_start)
  END AS DATE) AS period_end,
  region_code, rank, issue_id, heat, first_day, last_day,
  place_or_people, title, description, category, people, opinions, growth, likes, badge
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY period, period_start, region_code
    ORDER BY heat DESC, people DESC, first_day, issue_id
  ) AS rank
  FROM ranked
) AS listed
WHERE rank <= list_size
