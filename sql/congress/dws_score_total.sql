WITH summed AS (
  SELECT scheme, year, year_end, subject, subject_key, level, region_code, sum(capped) AS capped
  FROM dws.congress_score_condition
  GROUP BY scheme, year, year_end, subject, subject_key, level, region_code
),
year AS (
  SELECT DISTINCT year, is_complete FROM dws.congress_deputy_year
),
totalled AS (
  SELECT
    t.scheme, t.year, t.year_end, t.subject, t.subject_key, t.level, t.region_code, s.band_scheme,
    coalesce(d.is_whole_year, TRUE) AS is_whole_year, y.is_complete,
    CAST(least(t.capped, coalesce(s.total_cap, t.capped)) AS DECIMAL(12,2)) AS total
  FROM summed AS t
  JOIN year AS y ON y.year = t.year
  JOIN dim.congress_score_scheme AS s ON s.scheme = t.scheme AND t.year_end >= s.valid_from AND t.year_end < s.valid_to
  LEFT JOIN dws.congress_deputy_year AS d
    ON t.subject = '代表' AND d.year = t.year AND d.deputy_key = t.subject_key AND d.level = t.level AND d.region_code = t.region_code
)
SELECT
  t.scheme, t.year, t.year_end, t.subject, t.subject_key, t.level, t.region_code, t.total,
  rank() OVER (PARTITION BY t.scheme, t.year, t.level, t.region_code ORDER BY t.total DESC) AS rank_in_group,
  count(*) OVER (PARTITION BY t.scheme, t.year, t.level, t.region_code) AS group_size,
  b.band,
  CASE
    WHEN t.band_scheme IS NULL THEN NULL
    WHEN NOT t.is_complete THEN '年度未满，不分档'
    WHEN NOT t.is_whole_year THEN '任期不满一年，不分档'
    WHEN b.band IS NULL THEN '不在任何档次之内'
    WHEN t.total > b.published_at_most THEN concat('在公布的档次之间：', b.reference)
    ELSE b.reference
  END AS band_note,
  b.action, b.action_twice
FROM totalled AS t
LEFT JOIN dim.congress_score_band AS b
  ON b.band_scheme = t.band_scheme AND t.year_end >= b.valid_from AND t.year_end < b.valid_to
  AND t.is_complete AND t.is_whole_year
  AND (b.at_least IS NULL OR t.total >= b.at_least) AND (b.below IS NULL OR t.total < b.below)
