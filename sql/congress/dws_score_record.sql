-- The rules of a year are those in force on its last day.
WITH year AS (
  SELECT year, CAST(year_start + INTERVAL '1' YEAR - INTERVAL '1' DAY AS DATE) AS year_end
  FROM (
    SELECT DISTINCT extract(YEAR FROM day) AS year, CAST(date_trunc('year', day) AS DATE) AS year_start
    FROM dws.congress_duty_standing
    WHERE doubt IS NULL
  ) AS started
),
rule AS (
  SELECT y.year, r.scheme, r.item, r.condition, r.role, r.counts, l.level, k.kind
  FROM year AS y
  JOIN dim.congress_score_scheme AS s ON s.is_adopted AND y.year_end >= s.valid_from AND y.year_end < s.valid_to
  JOIN dim.congress_score_rule AS r ON r.scheme = s.scheme AND y.year_end >= r.valid_from AND y.year_end < r.valid_to
  CROSS JOIN UNNEST(s.levels) AS l(level)
  CROSS JOIN UNNEST(r.kinds) AS k(kind)
)
SELECT
  r.scheme, r.item, r.condition, r.counts, r.year, d.deputy_key, d.level, d.region_code, d.group_name,
  d.source, d.source_system, d.record_id, d.kind, d.role, d.day, d.quantity
FROM dws.congress_duty_standing AS d
JOIN rule AS r ON r.kind = d.kind AND r.level = d.level AND r.year = extract(YEAR FROM d.day) AND (r.role IS NULL OR r.role = d.role)
WHERE d.doubt IS NULL AND d.is_done
