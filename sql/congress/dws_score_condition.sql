WITH subject AS (
  SELECT y.year, y.year_end, '代表' AS subject, y.deputy_key AS subject_key, y.level, y.region_code
  FROM dws.congress_deputy_year AS y
  UNION ALL
  SELECT DISTINCT y.year, y.year_end, '代表小组' AS subject, g.group_name AS subject_key, y.level, y.region_code
  FROM dws.congress_deputy_year AS y
  CROSS JOIN UNNEST(y.group_names) AS g(group_name)
),
rated AS (
  SELECT
    u.year, u.year_end, u.subject, u.subject_key, u.level, u.region_code, s.scheme,
    r.item, r.condition, r.counts, r.minimum, r.first, r.each, r.short, r.lowest, r.cap
  FROM subject AS u
  JOIN (
    SELECT w.scheme, w.subject, w.is_adopted, w.valid_from, w.valid_to, l.level
    FROM dim.congress_score_scheme AS w
    CROSS JOIN UNNEST(w.levels) AS l(level)
  ) AS s ON s.subject = u.subject AND s.level = u.level AND s.is_adopted AND u.year_end >= s.valid_from AND u.year_end < s.valid_to
  JOIN dim.congress_score_rule AS r ON r.scheme = s.scheme AND u.year_end >= r.valid_from AND u.year_end < r.valid_to
),
recorded AS (
  SELECT
    c.scheme, c.item, c.condition, c.year, c.level, c.region_code, s.subject,
    CASE WHEN s.subject = '代表' THEN c.deputy_key ELSE c.group_name END AS subject_key,
    count(*) AS records,
    count(DISTINCT concat(c.source, '|', c.source_system, '|', c.record_id)) AS occasions,
    sum(c.quantity) AS quantity,
    count(DISTINCT c.deputy_key) AS deputies,
    CAST(count_if(c.role = '出席') AS BIGINT) AS present,
    CAST(count_if(c.role IN ('请假', '缺席')) AS BIGINT) AS away
  FROM dws.congress_score_record AS c
  CROSS JOIN (VALUES ('代表'), ('代表小组')) AS s(subject)
  WHERE s.subject = '代表' OR c.group_name IS NOT NULL
  GROUP BY c.scheme, c.item, c.condition, c.year, c.level, c.region_code, s.subject,
    CASE WHEN s.subject = '代表' THEN c.deputy_key ELSE c.group_name END
),
counted AS (
  SELECT
    r.year, r.year_end, r.subject, r.subject_key, r.level, r.region_code, r.scheme, r.item, r.condition,
    r.minimum, r.first, r.each, r.short, r.lowest, r.cap,
    coalesce(c.records, 0) AS records,
    CAST(coalesce(CASE r.counts
      WHEN '次数' THEN c.occasions
      WHEN '数量' THEN c.quantity
      WHEN '人数' THEN c.deputies
      WHEN '全勤' THEN CASE WHEN c.present > 0 AND c.away = 0 THEN 1 ELSE 0 END
    END, 0) AS BIGINT) AS counted
  FROM rated AS r
  LEFT JOIN recorded AS c
    ON c.scheme = r.scheme AND c.item = r.item AND c.condition = r.condition AND c.year = r.year
    AND c.subject = r.subject AND c.subject_key = r.subject_key AND c.level = r.level AND c.region_code = r.region_code
),
scored AS (
  SELECT
    year, year_end, subject, subject_key, level, region_code, scheme, item, condition, records, counted, lowest, cap,
    CASE
      WHEN counted >= minimum THEN first + each * (counted - minimum)
      WHEN short IS NOT NULL THEN first - short * (minimum - counted)
      ELSE 0
    END AS points
  FROM counted
)
SELECT
  scheme, year, year_end, subject, subject_key, level, region_code, item, condition, records, counted,
  CAST(points AS DECIMAL(12,2)) AS points,
  CAST(greatest(least(points, coalesce(cap, points)), coalesce(lowest, least(points, coalesce(cap, points)))) AS DECIMAL(12,2)) AS capped
FROM scored
