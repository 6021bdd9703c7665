SELECT
  d.doubt AS finding, FALSE AS is_counted, d.source, d.source_system, d.record_id, d.deputy_key, d.region_code, d.day,
  concat(d.kind, CASE WHEN d.role = '不分' THEN '' ELSE concat('·', d.role) END, CASE WHEN d.is_done THEN '' ELSE '·应参加而未参加' END, '，写明的层级：', d.level) AS detail
FROM dws.congress_duty_standing AS d
WHERE d.doubt IS NOT NULL
UNION ALL
-- The later of two terms of one level that share a day.
SELECT
  '任期重叠' AS finding, TRUE AS is_counted, '代表任期' AS source, '' AS source_system, '' AS record_id, b.deputy_key, b.region_code, b.term_from AS day,
  concat(b.level, '级：', date_format(b.term_from, '%Y-%m-%d'), '起的任期与', a.region_code, '的', date_format(a.term_from, '%Y-%m-%d'), '起的重叠；同一区划的重叠日只计一次') AS detail
FROM dwd.congress_deputy_term AS a
JOIN dwd.congress_deputy_term AS b
  ON b.deputy_key = a.deputy_key AND b.level = a.level AND a.term_from < b.term_to AND b.term_from < a.term_to
  AND a.term_from < a.term_to AND b.term_from < b.term_to
  AND (a.term_from < b.term_from OR (a.term_from = b.term_from AND a.region_code < b.region_code))
UNION ALL
SELECT
  '任期起止颠倒' AS finding, FALSE AS is_counted, '代表任期' AS source, '' AS source_system, '' AS record_id, t.deputy_key, t.region_code, t.term_from AS day,
  concat(t.level, '级：', date_format(t.term_from, '%Y-%m-%d'), '起，', date_format(t.term_to, '%Y-%m-%d'), '止') AS detail
FROM dwd.congress_deputy_term AS t
WHERE t.term_to <= t.term_from
UNION ALL
-- A deputy of a higher level may be grouped in a lower region, not the reverse.
SELECT
  '层级与区划不符' AS finding, TRUE AS is_counted, '代表任期' AS source, '' AS source_system, '' AS record_id, t.deputy_key, t.region_code, t.term_from AS day,
  concat(t.level, '级代表编在', r.region_name) AS detail
FROM dwd.congress_deputy_term AS t
JOIN dim.region AS r ON r.region_code = t.region_code
WHERE r.level < CASE t.level WHEN '省' THEN 1 WHEN '市' THEN 2 WHEN '县' THEN 3 ELSE 4 END
UNION ALL
SELECT
  '联络站未登记' AS finding, TRUE AS is_counted, d.source, d.source_system, d.record_id, d.deputy_key, min(d.region_code) AS region_code, d.day,
  concat('联络站', d.station_id, '在该日没有登记；记录计入代表，不计入联络站') AS detail
FROM dws.congress_duty_standing AS d
LEFT JOIN dwd.congress_station AS s ON s.station_id = d.station_id AND d.day >= s.opened_on AND d.day < s.closed_on
WHERE d.doubt IS NULL AND d.station_id IS NOT NULL AND s.station_id IS NULL
GROUP BY d.source, d.source_system, d.record_id, d.deputy_key, d.day, d.station_id
UNION ALL
SELECT
  '联络站未登记' AS finding, TRUE AS is_counted, '联络站意见' AS source, o.source_system, o.opinion_id AS record_id, '' AS deputy_key, n.region_code, o.recorded_on AS day,
  concat('联络站', o.station_id, '没有登记；意见计入本站区划，不计入联络站') AS detail
FROM dwd.congress_station_opinion AS o
CROSS JOIN dim.site AS n
LEFT JOIN dwd.congress_station AS s ON s.station_id = o.station_id
WHERE s.station_id IS NULL AND o.deputy_key IS NULL
UNION ALL
SELECT
  '区划在本站之外' AS finding, TRUE AS is_counted, o.source, o.source_system, o.record_id, o.deputy_key, n.region_code, o.day,
  concat('区划', o.region_code, '不在本站之内，不计入各级汇总') AS detail
FROM (
  SELECT '代表任期' AS source, '' AS source_system, '' AS record_id, deputy_key, region_code, term_from AS day FROM dwd.congress_deputy_term
  UNION ALL
  SELECT '联络站' AS source, '' AS source_system, station_id AS record_id, '' AS deputy_key, region_code, opened_on AS day FROM dwd.congress_station
  UNION ALL
  SELECT '议案建议' AS source, source_system, proposal_id AS record_id, deputy_key, region_code, submitted_on AS day FROM dwd.congress_proposal
) AS o
CROSS JOIN dim.site AS n
LEFT JOIN dim.region_ancestor AS a ON a.region_code = o.region_code AND a.ancestor_code = o.region_code
WHERE a.region_code IS NULL
UNION ALL
-- The same deputy, kind, day and station under another number, or under the same
-- one in another system.
SELECT
  '疑似重复' AS finding, TRUE AS is_counted, d.source, d.source_system, d.record_id, d.deputy_key, d.region_code, d.day,
  concat(
    d.kind, '：与', CASE WHEN d.source_system = d.first_system THEN '' ELSE concat(d.first_system, '的') END, d.first_id, '同人、同日、同类、同站，',
    CASE WHEN d.source_system = d.first_system THEN '编号不同' ELSE '来源系统不同' END
  ) AS detail
FROM (
  SELECT
    s.source, s.source_system, s.record_id, s.deputy_key, s.kind, s.day, min(s.region_code) AS region_code,
    first_value(s.source_system) OVER (PARTITION BY s.deputy_key, s.kind, s.day, s.station_id ORDER BY s.source_system, s.record_id) AS first_system,
    first_value(s.record_id) OVER (PARTITION BY s.deputy_key, s.kind, s.day, s.station_id ORDER BY s.source_system, s.record_id) AS first_id
  FROM dws.congress_duty_standing AS s
  WHERE s.doubt IS NULL AND s.source = '履职登记'
  GROUP BY s.source, s.source_system, s.record_id, s.deputy_key, s.kind, s.day, s.station_id
) AS d
WHERE d.source_system <> d.first_system OR d.record_id <> d.first_id
