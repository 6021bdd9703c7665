WITH duty AS (
  SELECT deputy_key, level, region_code, group_name, source, source_system, record_id, day, days, is_duty, is_group_activity, is_reception
  FROM dws.congress_duty_standing
  WHERE doubt IS NULL AND is_done
),
-- What took several days stands on each of them on which the deputy was in
-- office; the last one may be a half.
spread AS (
  SELECT
    d.deputy_key, d.level, d.region_code, CAST(d.day + INTERVAL '1' DAY * n.n AS DATE) AS day,
    least(CAST(1 AS DECIMAL(5,1)), CAST(d.days - n.n AS DECIMAL(5,1))) AS share
  FROM duty AS d
  CROSS JOIN UNNEST(sequence(0, CAST(ceil(d.days) AS BIGINT) - 1)) AS n(n)
  WHERE d.is_duty AND d.days > 0
),
daily AS (
  SELECT s.deputy_key, s.level, s.region_code, s.day, CASE WHEN sum(s.share) > 1 THEN 1 ELSE sum(s.share) END AS share
  FROM spread AS s
  CROSS JOIN dim.run AS r
  WHERE s.day <= r.as_of
    AND EXISTS (
      SELECT 1 FROM dwd.congress_deputy_term AS t
      WHERE t.deputy_key = s.deputy_key AND t.level = s.level AND t.region_code = s.region_code AND s.day >= t.term_from AND s.day < t.term_to
    )
  GROUP BY s.deputy_key, s.level, s.region_code, s.day
),
yearly AS (
  SELECT extract(YEAR FROM day) AS year, deputy_key, level, region_code, sum(share) AS duty_days
  FROM daily
  GROUP BY extract(YEAR FROM day), deputy_key, level, region_code
),
counted AS (
  SELECT
    extract(YEAR FROM day) AS year, deputy_key, level, region_code,
    CAST(count_if(is_duty AND days IS NULL) AS BIGINT) AS undated,
    count(DISTINCT CASE WHEN is_reception THEN concat(source, '|', source_system, '|', record_id) END) AS visits
  FROM duty
  GROUP BY extract(YEAR FROM day), deputy_key, level, region_code
),
activity AS (
  SELECT DISTINCT level, region_code, group_name, day, concat(source, '|', source_system, '|', record_id) AS occasion
  FROM duty
  WHERE is_group_activity AND group_name IS NOT NULL
),
-- The activities of the group that a deputy was in on their day; of terms that
-- overlap, the newest says which.
grouped AS (
  SELECT extract(YEAR FROM a.day) AS year, t.deputy_key, t.level, t.region_code, count(DISTINCT a.occasion) AS activities
  FROM activity AS a
  JOIN dwd.congress_deputy_term AS t
    ON t.level = a.level AND t.region_code = a.region_code AND t.group_name = a.group_name AND a.day >= t.term_from AND a.day < t.term_to
  LEFT JOIN dwd.congress_deputy_term AS n
    ON n.deputy_key = t.deputy_key AND n.level = t.level AND n.region_code = t.region_code
    AND n.term_from > t.term_from AND a.day >= n.term_from AND a.day < n.term_to
  WHERE n.deputy_key IS NULL
  GROUP BY extract(YEAR FROM a.day), t.deputy_key, t.level, t.region_code
),
standard AS (
  SELECT
    y.year,
    max(CASE WHEN p.name = 'congress.deputy.duty_days_county' THEN p.value END) AS county_days,
    max(CASE WHEN p.name = 'congress.deputy.duty_days_town' THEN p.value END) AS town_days,
    max(CASE WHEN p.name = 'congress.deputy.group_activities' THEN p.value END) AS group_activities,
    max(CASE WHEN p.name = 'congress.deputy.station_visits' THEN p.value END) AS station_visits
  FROM (SELECT DISTINCT year, year_end FROM dws.congress_deputy_year) AS y
  JOIN dim.parameter AS p ON y.year_end >= p.valid_from AND y.year_end < p.valid_to
  GROUP BY y.year
),
measured AS (
  SELECT
    y.year, y.deputy_key, y.deputy_name, y.level, y.region_code, y.group_name, y.group_names IS NOT NULL AS is_grouped,
    date_diff('day', CAST(date_trunc('year', y.year_end) AS DATE), least(y.year_end, r.as_of)) + 1 - y.days_out AS days_in_office, y.is_complete, y.is_whole_year,
    coalesce(d.duty_days, 0) AS duty_days,
    coalesce(c.undated, 0) AS undated,
    coalesce(c.visits, 0) AS visits,
    CASE WHEN y.group_names IS NOT NULL THEN coalesce(g.activities, 0) END AS activities,
    CASE WHEN y.level = '乡' THEN s.town_days ELSE s.county_days END AS required_days,
    s.group_activities AS required_activities,
    s.station_visits AS required_visits,
    CASE WHEN NOT y.is_complete THEN '年度未满' WHEN NOT y.is_whole_year THEN '任期不满一年' ELSE '未达到' END AS short_of
  FROM dws.congress_deputy_year AS y
  CROSS JOIN dim.run AS r
  JOIN standard AS s ON s.year = y.year
  LEFT JOIN yearly AS d ON d.year = y.year AND d.deputy_key = y.deputy_key AND d.level = y.level AND d.region_code = y.region_code
  LEFT JOIN counted AS c ON c.year = y.year AND c.deputy_key = y.deputy_key AND c.level = y.level AND c.region_code = y.region_code
  LEFT JOIN grouped AS g ON g.year = y.year AND g.deputy_key = y.deputy_key AND g.level = y.level AND g.region_code = y.region_code
)
SELECT
  year, deputy_key, deputy_name, level, region_code, group_name, days_in_office,
  CAST(duty_days AS DECIMAL(8,1)) AS duty_days,
  undated AS undated_records,
  CAST(required_days AS BIGINT) AS required_days,
  CASE WHEN duty_days >= required_days THEN '达到' ELSE short_of END AS duty_state,
  activities AS group_activities,
  CAST(required_activities AS BIGINT) AS required_group_activities,
  CASE WHEN NOT is_grouped THEN '未编组' WHEN activities >= required_activities THEN '达到' WHEN is_complete THEN '未达到' ELSE '年度未满' END AS group_state,
  visits AS station_visits,
  CAST(required_visits AS BIGINT) AS required_station_visits,
  CASE WHEN visits >= required_visits THEN '达到' ELSE short_of END AS station_state
FROM measured
