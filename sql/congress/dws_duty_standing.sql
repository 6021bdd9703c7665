-- A record counts for every congress that its deputy sat in on that day; one
-- that names a level counts for that level alone. Where two terms of one
-- congress overlap, it counts once.
WITH term AS (
  SELECT
    t.deputy_key, t.level, t.region_code, t.group_name, t.term_from, t.term_to,
    -- Of several terms: the newest, of these the highest congress's.
    row_number() OVER (
      PARTITION BY t.deputy_key
      ORDER BY t.term_from DESC, CASE t.level WHEN '省' THEN 1 WHEN '市' THEN 2 WHEN '县' THEN 3 ELSE 4 END, t.region_code
    ) AS nth
  FROM dwd.congress_deputy_term AS t
),
matched AS (
  SELECT
    r.source, r.source_system, r.record_id, r.deputy_key, r.kind, r.role, r.level, r.day, r.quantity, r.days, r.station_id,
    r.is_expected, r.is_done, t.level AS term_level, t.region_code, t.group_name,
    t.level IS NOT NULL AND (r.level IS NULL OR r.level = t.level) AS is_fit,
    bool_or(t.level IS NOT NULL AND (r.level IS NULL OR r.level = t.level)) OVER (
      PARTITION BY r.source, r.source_system, r.record_id, r.deputy_key, r.kind, r.role
    ) AS is_any_fit,
    row_number() OVER (
      PARTITION BY r.source, r.source_system, r.record_id, r.deputy_key, r.kind, r.role, t.level, t.region_code ORDER BY t.nth
    ) AS nth,
    row_number() OVER (
      PARTITION BY r.source, r.source_system, r.record_id, r.deputy_key, r.kind, r.role ORDER BY t.nth
    ) AS nth_of_all
  FROM dwd.congress_duty_record AS r
  LEFT JOIN term AS t ON t.deputy_key = r.deputy_key AND r.day >= t.term_from AND r.day < t.term_to
),
-- Where the deputy belongs, for records of days outside every term.
home AS (
  SELECT deputy_key, region_code
  FROM term
  WHERE nth = 1
),
judged AS (
  SELECT
    m.source, m.source_system, m.record_id, m.deputy_key, m.kind, m.role, m.level, m.day, m.quantity, m.days, m.station_id,
    m.is_expected, m.is_done, m.term_level, m.group_name,
    row_number() OVER (
      PARTITION BY m.source, m.source_system, m.record_id, m.deputy_key, m.kind, m.role ORDER BY m.nth_of_all
    ) AS nth_left,
    coalesce(m.region_code, h.region_code, n.region_code) AS region_code,
    coalesce(k.is_duty, FALSE) AS is_duty,
    coalesce(k.is_group_activity, FALSE) AS is_group_activity,
    coalesce(k.is_reception, FALSE) AS is_reception,
    coalesce(k.is_participation, FALSE) AS is_participation,
    CASE
      WHEN m.day > c.counted_to THEN '日期晚于数据截至日'
      WHEN k.kind IS NULL THEN '类别未列明'
      WHEN h.deputy_key IS NULL THEN '不在代表名册'
      WHEN m.is_any_fit THEN NULL
      WHEN m.term_level IS NULL THEN '任期之外'
      ELSE '层级不符'
    END AS doubt
  FROM matched AS m
  JOIN dws.congress_duty_month AS c ON c.month = CAST(date_trunc('month', m.day) AS DATE)
  CROSS JOIN dim.site AS n
  LEFT JOIN home AS h ON h.deputy_key = m.deputy_key
  LEFT JOIN dim.congress_record_kind AS k ON k.kind = m.kind AND m.day >= k.valid_from AND m.day < k.valid_to
  WHERE (m.is_fit AND m.nth = 1) OR (NOT m.is_any_fit AND m.nth_of_all = 1)
)
SELECT
  source, source_system, record_id, deputy_key, kind, role,
  CASE WHEN doubt IS NULL THEN term_level ELSE coalesce(level, '全部') END AS level,
  region_code, group_name, day, quantity, days, station_id, is_expected, is_done,
  is_duty, is_group_activity, is_reception, is_participation, doubt
FROM judged
WHERE doubt IS NULL OR nth_left = 1
