WITH record AS (
  SELECT
    CAST(date_trunc('year', s.day) + INTERVAL '1' YEAR - INTERVAL '1' DAY AS DATE) AS period_end, a.ancestor_code AS region_code, s.level,
    s.deputy_key, s.source, s.role, s.is_done, s.is_expected, s.is_participation,
    concat(s.source, '|', s.source_system, '|', s.record_id) AS occasion,
    concat(s.source, '|', s.source_system, '|', s.record_id, '|', s.deputy_key) AS attendance,
    concat(s.source, '|', s.source_system, '|', s.record_id, '|', s.deputy_key, '|', s.kind, '|', s.role) AS record
  FROM dws.congress_duty_standing AS s
  JOIN dim.region_ancestor AS a ON a.region_code = s.region_code
  WHERE s.doubt IS NULL
)
SELECT
  period_end, region_code, coalesce(level, '全部') AS level,
  count(DISTINCT CASE WHEN is_done AND is_participation THEN deputy_key END) AS participating,
  count(DISTINCT CASE WHEN is_expected THEN attendance END) AS expected,
  count(DISTINCT CASE WHEN is_expected AND is_done THEN attendance END) AS attended,
  count(DISTINCT CASE WHEN is_done AND role NOT IN ('请假', '缺席') THEN record END) AS records,
  count(DISTINCT CASE WHEN source = '议案建议' THEN occasion END) AS proposals,
  count(DISTINCT CASE WHEN source = '联络站意见' THEN occasion END) AS opinions
FROM record
GROUP BY GROUPING SETS ((period_end, region_code), (period_end, region_code, level))
