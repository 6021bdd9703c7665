WITH year AS (
  SELECT
    y.year_start, CAST(y.year_start + INTERVAL '1' YEAR - INTERVAL '1' DAY AS DATE) AS year_end, r.as_of,
    -- The day after the last one that anything is known of.
    least(CAST(y.year_start + INTERVAL '1' YEAR AS DATE), CAST(r.as_of + INTERVAL '1' DAY AS DATE)) AS end_day
  FROM (SELECT DISTINCT CAST(date_trunc('year', day) AS DATE) AS year_start FROM dws.congress_duty_standing WHERE doubt IS NULL) AS y
  CROSS JOIN dim.run AS r
),
-- A term cut to what is known of the year.
part AS (
  SELECT
    y.year_start, t.deputy_key, t.deputy_name, t.level, t.region_code, t.group_name, t.term_from,
    greatest(t.term_from, y.year_start) AS first_day,
    least(t.term_to, y.end_day) AS end_day
  FROM year AS y
  JOIN dwd.congress_deputy_term AS t
    ON t.term_from < y.end_day AND t.term_to > y.year_start AND t.term_from < t.term_to
),
-- The part of it that no term before reaches.
own AS (
  SELECT
    p.year_start, p.deputy_key, p.deputy_name, p.level, p.region_code, p.group_name, p.term_from, p.end_day,
    greatest(p.first_day, coalesce(max(p.end_day) OVER (
      PARTITION BY p.year_start, p.deputy_key, p.level, p.region_code ORDER BY p.first_day, p.end_day, p.term_from
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), p.first_day)) AS own_day
  FROM part AS p
),
summed AS (
  SELECT
    year_start, deputy_key, level, region_code,
    max_by(deputy_name, term_from) AS deputy_name,
    max_by(group_name, term_from) AS group_name,
    CAST(sum(CASE WHEN end_day > own_day THEN date_diff('day', own_day, end_day) ELSE 0 END) AS BIGINT) AS days_in_office
  FROM own
  GROUP BY year_start, deputy_key, level, region_code
),
-- Most deputies are in one group all year; only the others are followed day by day.
moved AS (
  SELECT year_start, deputy_key, level, region_code
  FROM part
  GROUP BY year_start, deputy_key, level, region_code
  HAVING count(DISTINCT coalesce(group_name, '')) > 1
),
-- Which group a deputy is in changes only on a day on which a term begins or
-- has ended; of terms that overlap, the newest says.
turn AS (
  SELECT p.year_start, p.deputy_key, p.level, p.region_code, p.first_day AS day FROM part AS p JOIN moved AS m
    ON m.year_start = p.year_start AND m.deputy_key = p.deputy_key AND m.level = p.level AND m.region_code = p.region_code
  UNION
  SELECT p.year_start, p.deputy_key, p.level, p.region_code, p.end_day AS day FROM part AS p JOIN moved AS m
    ON m.year_start = p.year_start AND m.deputy_key = p.deputy_key AND m.level = p.level AND m.region_code = p.region_code
),
member AS (
  SELECT
    d.year_start, d.deputy_key, d.level, d.region_code, p.group_name,
    row_number() OVER (PARTITION BY d.year_start, d.deputy_key, d.level, d.region_code, d.day ORDER BY p.term_from DESC) AS nth
  FROM turn AS d
  JOIN part AS p
    ON p.year_start = d.year_start AND p.deputy_key = d.deputy_key AND p.level = d.level AND p.region_code = d.region_code
    AND d.day >= p.first_day AND d.day < p.end_day
),
grouped AS (
  SELECT m.year_start, m.deputy_key, m.level, m.region_code, array_agg(m.group_name ORDER BY m.group_name) AS group_names
  FROM (SELECT DISTINCT year_start, deputy_key, level, region_code, group_name FROM member WHERE nth = 1 AND group_name IS NOT NULL) AS m
  GROUP BY m.year_start, m.deputy_key, m.level, m.region_code
)
SELECT
  extract(YEAR FROM s.year_start) AS year, y.year_end, y.year_end <= y.as_of AS is_complete,
  s.deputy_key, s.deputy_name, s.level, s.region_code, s.group_name,
  CASE WHEN m.deputy_key IS NOT NULL THEN g.group_names WHEN s.group_name IS NOT NULL THEN ARRAY[s.group_name] END AS group_names,
  date_diff('day', y.year_start, y.end_day) - s.days_in_office AS days_out, s.days_in_office = date_diff('day', y.year_start, y.end_day) AS is_whole_year
FROM summed AS s
JOIN year AS y ON y.year_start = s.year_start
LEFT JOIN grouped AS g
  ON g.year_start = s.year_start AND g.deputy_key = s.deputy_key AND g.level = s.level AND g.region_code = s.region_code
LEFT JOIN moved AS m
  ON m.year_start = s.year_start AND m.deputy_key = s.deputy_key AND m.level = s.level AND m.region_code = s.region_code
