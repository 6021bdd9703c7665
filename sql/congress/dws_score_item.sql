WITH counted AS (
  SELECT
    scheme, year, year_end, subject, subject_key, level, region_code, item, condition, records, points, capped,
    concat(CASE WHEN condition = '全部' THEN '' ELSE condition END, CAST(counted AS VARCHAR), '→', CAST(capped AS VARCHAR)) AS how
  FROM dws.congress_score_condition
),
-- Most items have one condition; lists are made for the others alone.
listed AS (
  SELECT scheme, year_end, subject_key, level, region_code, item, array_join(array_agg(how ORDER BY condition), '；') AS how
  FROM counted
  WHERE condition <> '全部'
  GROUP BY scheme, year_end, subject_key, level, region_code, item
),
item AS (
  SELECT
    scheme, year, year_end, subject, subject_key, level, region_code, item,
    CAST(sum(records) AS BIGINT) AS records,
    max(CASE WHEN condition = '全部' THEN how END) AS how,
    CAST(sum(points) AS DECIMAL(12,2)) AS points,
    CAST(sum(capped) AS DECIMAL(12,2)) AS capped
  FROM counted
  GROUP BY scheme, year, year_end, subject, subject_key, level, region_code, item
)
SELECT
  i.scheme, i.year, i.year_end, i.subject, i.subject_key, i.level, i.region_code, i.item, i.records,
  CASE WHEN i.how IS NULL THEN l.how WHEN l.how IS NULL THEN i.how ELSE concat(i.how, '；', l.how) END AS how,
  i.points, i.capped, t.total, t.rank_in_group, t.group_size, t.band, t.band_note,
  CASE WHEN t.action_twice IS NOT NULL AND e.band = t.band THEN t.action_twice ELSE t.action END AS action
FROM item AS i
JOIN dws.congress_score_total AS t
  ON t.scheme = i.scheme AND t.year_end = i.year_end AND t.subject_key = i.subject_key AND t.level = i.level AND t.region_code = i.region_code
LEFT JOIN listed AS l
  ON l.scheme = i.scheme AND l.year_end = i.year_end AND l.subject_key = i.subject_key AND l.level = i.level AND l.region_code = i.region_code AND l.item = i.item
LEFT JOIN dws.congress_score_total AS e
  ON e.scheme = t.scheme AND e.year = t.year - 1 AND e.subject_key = t.subject_key AND e.level = t.level AND e.region_code = t.region_code
