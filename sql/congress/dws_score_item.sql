WITH counted AS (
  SELECT
    scheme, year, year_end, subject, subject_key, level, region_code, item, condition, records, points, capped,
    concat(CASE WHEN condition = '全部' THEN '' ELSE condition END, CAST(counted AS VARCHAR), '→', CAST(capped AS VARCHAR)) AS how
  FROM dws.congress_score_condition
),
-- Most items have one condition; lists are made for the others alone.
listed AS (
  SELECT scheme, year, subject, subject_key, level, region_code, item, array_join(array_agg(how ORDER BY condition), '；') AS how
  FROM counted
  WHERE condition <> '全部'
  GROUP BY scheme, year, subject, subject_key, level, region_code, item
),
added AS (
  SELECT
    scheme, year, year_end, subject, subject_key, level, region_code, item,
    CAST(sum(records) AS BIGINT) AS records,
    max(CASE WHEN condition = '全部' THEN how END) AS how,
    CAST(sum(points) AS DECIMAL(12,2)) AS points,
    CAST(sum(capped) AS DECIMAL(12,2)) AS capped
  FROM counted
  GROUP BY scheme, year, year_end, subject, subject_key, level, region_code, item
),
item AS (
  SELECT
    a.scheme, a.year, a.year_end, a.subject, a.subject_key, a.level, a.region_code, a.item, a.records,
    CASE WHEN a.how IS NULL THEN l.how WHEN l.how IS NULL THEN a.how ELSE concat(a.how, '；', l.how) END AS how,
    a.points, a.capped
  FROM added AS a
  LEFT JOIN listed AS l
    ON l.scheme = a.scheme AND l.year = a.year AND l.subject = a.subject AND l.subject_key = a.subject_key
    AND l.level = a.level AND l.region_code = a.region_code AND l.item = a.item
),
summed AS (
  SELECT
    i.scheme, i.year, i.year_end, i.subject, i.subject_key, i.level, i.region_code, s.band_scheme,
    coalesce(y.is_whole_year, TRUE) AS is_whole_year,
    CAST(least(sum(i.capped), coalesce(s.total_cap, sum(i.capped))) AS DECIMAL(12,2)) AS total
  FROM item AS i
  JOIN dim.congress_score_scheme AS s ON s.scheme = i.scheme AND i.year_end >= s.valid_from AND i.year_end < s.valid_to
  LEFT JOIN dws.congress_deputy_year AS y
    ON i.subject = '代表' AND y.year = i.year AND y.deputy_key = i.subject_key AND y.level = i.level AND y.region_code = i.region_code
  GROUP BY i.scheme, i.year, i.year_end, i.subject, i.subject_key, i.level, i.region_code, s.band_scheme, s.total_cap, y.is_whole_year
),
banded AS (
  SELECT
    t.scheme, t.year, t.subject, t.subject_key, t.level, t.region_code, t.total, t.band_scheme, t.is_whole_year, t.year_end <= n.as_of AS is_complete,
    b.band, b.published_at_most, b.action, b.action_twice, b.reference,
    rank() OVER (PARTITION BY t.scheme, t.year, t.level, t.region_code ORDER BY t.total DESC) AS rank_in_group,
    count(*) OVER (PARTITION BY t.scheme, t.year, t.level, t.region_code) AS group_size
  FROM summed AS t
  CROSS JOIN dim.run AS n
  LEFT JOIN dim.congress_score_band AS b
    ON b.band_scheme = t.band_scheme AND t.year_end >= b.valid_from AND t.year_end < b.valid_to
    AND t.year_end <= n.as_of AND t.is_whole_year
    AND (b.at_least IS NULL OR t.total >= b.at_least) AND (b.below IS NULL OR t.total < b.below)
)
SELECT
  i.scheme, i.year, i.subject, i.subject_key, i.level, i.region_code, i.item, i.records, i.how, i.points, i.capped,
  b.total, b.rank_in_group, b.group_size, b.band,
  CASE
    WHEN b.band_scheme IS NULL THEN NULL
    WHEN NOT b.is_complete THEN '年度未满，不分档'
    WHEN NOT b.is_whole_year THEN '任期不满一年，不分档'
    WHEN b.band IS NULL THEN '不在任何档次之内'
    WHEN b.total > b.published_at_most THEN concat('在公布的档次之间：', b.reference)
    ELSE b.reference
  END AS band_note,
  CASE WHEN b.action_twice IS NOT NULL AND e.band = b.band THEN b.action_twice ELSE b.action END AS action
FROM item AS i
JOIN banded AS b
  ON b.scheme = i.scheme AND b.year = i.year AND b.subject = i.subject AND b.subject_key = i.subject_key AND b.level = i.level AND b.region_code = i.region_code
LEFT JOIN banded AS e
  ON e.scheme = b.scheme AND e.year = b.year - 1 AND e.subject = b.subject AND e.subject_key = b.subject_key AND e.level = b.level AND e.region_code = b.region_code
