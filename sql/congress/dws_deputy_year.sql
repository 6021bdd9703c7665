WITH year AS (
  SELECT y.year_start, CAST(y.year_start + INTERVAL '1' YEAR - INTERVAL '1' DAY AS DATE) AS year_end, r.as_of
  FROM (SELECT DISTINCT CAST(date_trunc('year', day) AS DATE) AS year_start FROM dws.congress_duty_standing WHERE doubt IS NULL) AS y
  CROSS JOIN dim.run AS r
),
-- A term cut to the year.
part AS (
  SELECT
    y.year_start, y.year_end, y.as_of, t.deputy_key, t.deputy_name, t.level, t.region_code, t.group_name, t.term_from,
    greatest(t.term_from, y.year_start) AS first_day,
    least(t.term_to, CAST(y.year_end + INTERVAL '1' DAY AS DATE)) AS end_day
  FROM year AS y
  JOIN dwd.congress_deputy_term AS t
    ON t.term_from <= y.year_end AND t.term_to > y.year_start AND t.term_from < t.term_to AND t.term_from <= y.as_of
),
-- The part of it that no term before reaches.
own AS (
  SELECT
    p.year_start, p.year_end, p.as_of, p.deputy_key, p.deputy_name, p.level, p.region_code, p.group_name, p.term_from, p.end_day,
    greatest(p.first_day, coalesce(max(p.end_day) OVER (
      PARTITION BY p.year_start, p.deputy_key, p.level, p.region_code ORDER BY p.first_day, p.end_day, p.term_from
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), p.first_day)) AS own_day
  FROM part AS p
),
summed AS (
  SELECT
    year_start, year_end, as_of, deputy_key, level, region_code,
    max_by(deputy_name, term_from) AS deputy_name,
    max_by(group_name, term_from) AS group_name,
    CAST(sum(CASE WHEN end_day > own_day THEN date_diff('day', own_day, end_day) ELSE 0 END) AS BIGINT) AS days_in_office
  FROM own
  GROUP BY year_start, year_end, as_of, deputy_key, level, region_code
)
SELECT
  extract(YEAR FROM year_start) AS year, year_end, year_end <= as_of AS is_complete,
  deputy_key, deputy_name, level, region_code, group_name, days_in_office,
  days_in_office = date_diff('day', year_start, year_end) + 1 AS is_whole_year
FROM summed
