-- What was recorded at a station that nobody has registered lies in the site's
-- own region.
WITH counted AS (
  SELECT
    o.year, a.ancestor_code AS region_code,
    count(DISTINCT o.station_id) AS stations,
    count(*) AS opinions,
    CAST(count_if(o.is_accepted) AS BIGINT) AS accepted,
    CAST(count_if(o.is_finished) AS BIGINT) AS finished,
    CAST(count_if(o.is_on_time) AS BIGINT) AS on_time,
    count(o.is_on_time) AS timed,
    CAST(count_if(o.is_accepted AND NOT o.has_due) AS BIGINT) AS without_due,
    CAST(count_if(o.satisfaction = '满意') AS BIGINT) AS satisfied,
    CAST(count_if(o.satisfaction = '基本满意') AS BIGINT) AS mostly_satisfied,
    count(o.satisfaction) AS evaluated
  FROM dws.congress_opinion_year AS o
  CROSS JOIN dim.site AS r
  LEFT JOIN dwd.congress_station AS s ON s.station_id = o.station_id
  JOIN dim.region_ancestor AS a ON a.region_code = coalesce(s.region_code, r.region_code)
  GROUP BY o.year, a.ancestor_code
)
SELECT
  year, region_code, stations, opinions, accepted, finished,
  round(CAST(finished AS DOUBLE) / nullif(accepted, 0), 4) AS finish_rate,
  on_time, timed - on_time AS late,
  round(CAST(on_time AS DOUBLE) / nullif(timed, 0), 4) AS on_time_rate,
  without_due, satisfied, mostly_satisfied, evaluated,
  round(CAST(satisfied + mostly_satisfied AS DOUBLE) / nullif(evaluated, 0), 4) AS satisfaction_rate,
  round(CAST(evaluated AS DOUBLE) / nullif(finished, 0), 4) AS coverage
FROM counted
