WITH year AS (
  SELECT DISTINCT extract(YEAR FROM s.day) AS year FROM dws.congress_duty_standing AS s WHERE s.doubt IS NULL
  UNION
  SELECT DISTINCT year FROM dws.congress_opinion_year
),
ended AS (
  SELECT
    y.year,
    CAST(date_trunc('year', r.as_of) + INTERVAL '1' YEAR * (y.year - extract(YEAR FROM r.as_of)) AS DATE) AS year_start,
    CAST(date_trunc('year', r.as_of) + INTERVAL '1' YEAR * (y.year - extract(YEAR FROM r.as_of) + 1) - INTERVAL '1' DAY AS DATE) AS year_end,
    r.as_of
  FROM year AS y
  CROSS JOIN dim.run AS r
),
parameter AS (
  SELECT
    y.year,
    max(CASE WHEN p.name = 'congress.station.reception_target' THEN p.value END) AS reception_target,
    max(CASE WHEN p.name = 'congress.station.opinion_target' THEN p.value END) AS opinion_target,
    max(CASE WHEN p.name = 'congress.station.reception_weight' THEN p.value END) AS reception_weight,
    max(CASE WHEN p.name = 'congress.station.opinion_weight' THEN p.value END) AS opinion_weight,
    max(CASE WHEN p.name = 'congress.station.on_time_weight' THEN p.value END) AS on_time_weight,
    max(CASE WHEN p.name = 'congress.station.satisfaction_weight' THEN p.value END) AS satisfaction_weight
  FROM ended AS y
  JOIN dim.parameter AS p ON y.year_end >= p.valid_from AND y.year_end < p.valid_to
  GROUP BY y.year
),
received AS (
  SELECT
    extract(YEAR FROM d.day) AS year, d.station_id,
    count(DISTINCT concat(d.source, '|', d.source_system, '|', d.record_id)) AS receptions,
    count(DISTINCT d.deputy_key) AS deputies
  FROM dws.congress_duty_standing AS d
  JOIN dwd.congress_station AS s ON s.station_id = d.station_id AND d.day >= s.opened_on AND d.day < s.closed_on
  WHERE d.doubt IS NULL AND d.is_done AND d.is_reception
  GROUP BY extract(YEAR FROM d.day), d.station_id
),
opinion AS (
  SELECT
    year, station_id, count(*) AS opinions,
    CAST(count_if(is_finished) AS BIGINT) AS finished,
    CAST(count_if(is_on_time) AS BIGINT) AS on_time,
    count(is_on_time) AS timed,
    CAST(count_if(satisfaction IN ('满意', '基本满意')) AS BIGINT) AS satisfied,
    count(satisfaction) AS evaluated
  FROM dws.congress_opinion_year
  GROUP BY year, station_id
),
measured AS (
  SELECT
    y.year, y.year_end <= y.as_of AS is_complete, s.station_id, s.station_name, s.region_code,
    coalesce(r.receptions, 0) AS receptions,
    coalesce(r.deputies, 0) AS deputies,
    coalesce(o.opinions, 0) AS opinions,
    CAST(o.on_time AS DOUBLE) / nullif(o.timed, 0) AS on_time_rate,
    CAST(o.satisfied AS DOUBLE) / nullif(o.evaluated, 0) AS satisfaction_rate,
    CAST(o.evaluated AS DOUBLE) / nullif(o.finished, 0) AS coverage,
    p.reception_weight * least(CAST(1 AS DOUBLE), coalesce(r.receptions, 0) / nullif(p.reception_target, 0))
      + p.opinion_weight * least(CAST(1 AS DOUBLE), coalesce(o.opinions, 0) / nullif(p.opinion_target, 0)) AS counted_part,
    p.reception_weight + p.opinion_weight AS counted_weight,
    p.on_time_weight, p.satisfaction_weight
  FROM ended AS y
  JOIN parameter AS p ON p.year = y.year
  JOIN dwd.congress_station AS s ON s.opened_on <= least(y.year_end, y.as_of) AND s.closed_on > y.year_start
  LEFT JOIN received AS r ON r.year = y.year AND r.station_id = s.station_id
  LEFT JOIN opinion AS o ON o.year = y.year AND o.station_id = s.station_id
),
scored AS (
  SELECT
    year, is_complete, station_id, station_name, region_code, receptions, deputies, opinions, on_time_rate, satisfaction_rate, coverage,
    100 * (counted_part + on_time_weight * coalesce(on_time_rate, 0) + satisfaction_weight * coalesce(satisfaction_rate, 0))
      / nullif(counted_weight
        + CASE WHEN on_time_rate IS NULL THEN 0 ELSE on_time_weight END
        + CASE WHEN satisfaction_rate IS NULL THEN 0 ELSE satisfaction_weight END, 0) AS score
  FROM measured
)
SELECT
  year, is_complete, station_id, station_name, region_code, receptions, deputies, opinions,
  round(on_time_rate, 4) AS on_time_rate, round(satisfaction_rate, 4) AS satisfaction_rate, round(coverage, 4) AS coverage, round(score, 2) AS score,
  CASE
    WHEN on_time_rate IS NULL AND satisfaction_rate IS NULL THEN '按期率、满意率'
    WHEN on_time_rate IS NULL THEN '按期率'
    WHEN satisfaction_rate IS NULL THEN '满意率'
  END AS missing,
  -- As exact as a DOUBLE bears: the order of a sum must not make a rank.
  rank() OVER (PARTITION BY year ORDER BY round(score, 9) DESC) AS rank_in_site
FROM scored
