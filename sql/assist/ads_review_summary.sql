-- Counties and towns alone: nothing that is published stands above a county, so
-- only towns can be found out by subtraction.
WITH place AS (
  SELECT f.rule_id, f.flag_id, f.decision, a.ancestor_code AS region_code, a.ancestor_level AS level
  FROM ads.assist_risk_flag AS f
  JOIN dim.region_ancestor AS a ON a.region_code = f.region_code AND a.ancestor_level IN (3, 4)
  WHERE f.state <> '已解除' OR f.decision <> '待处理'
),
counted AS (
  SELECT
    rule_id, region_code, level, count(*) AS flags, CAST(count_if(decision = '确认') AS BIGINT) AS confirmed, CAST(count_if(decision = '排除') AS BIGINT) AS dismissed,
    CAST(count_if(decision = '转办') AS BIGINT) AS referred, CAST(count_if(decision = '待处理') AS BIGINT) AS waiting
  FROM place
  GROUP BY rule_id, region_code, level
),
placed AS (
  SELECT
    c.rule_id, c.region_code, c.level, c.flags, c.confirmed, c.dismissed, c.referred, c.waiting, coalesce(g.parent_code, '') AS parent_code,
    CAST(p.value AS BIGINT) AS least_flags, c.flags < CAST(p.value AS BIGINT) AS is_small
  FROM counted AS c
  CROSS JOIN dim.run AS r
  JOIN dim.parameter AS p ON p.name = 'assist.risk.release_min' AND r.as_of >= p.valid_from AND r.as_of < p.valid_to
  LEFT JOIN dim.region AS g ON g.region_code = c.region_code AND r.as_of >= g.valid_from AND r.as_of < g.valid_to
),
ranked AS (
  SELECT
    rule_id, region_code, level, flags, confirmed, dismissed, referred, waiting, least_flags, is_small,
    sum(CASE WHEN is_small THEN 1 ELSE 0 END) OVER (PARTITION BY rule_id, level, parent_code) AS small_towns,
    sum(CASE WHEN is_small THEN flags ELSE 0 END) OVER (PARTITION BY rule_id, level, parent_code) AS small_flags,
    row_number() OVER (PARTITION BY rule_id, level, parent_code, is_small ORDER BY flags, region_code) AS place_among
  FROM placed
),
hidden AS (
  SELECT
    rule_id, region_code, flags, confirmed, dismissed, referred, waiting,
    is_small OR (level = 4 AND place_among = 1 AND (small_towns = 1 OR small_towns > 1 AND small_flags < least_flags)) AS is_suppressed
  FROM ranked
),
rule AS (
  SELECT rule_id, max_by(title, last_seen) AS title FROM ads.assist_risk_flag GROUP BY rule_id
)
SELECT
  h.rule_id, r.title, h.region_code, h.is_suppressed,
  CASE WHEN NOT h.is_suppressed THEN h.flags END AS flags,
  CASE WHEN NOT h.is_suppressed THEN h.confirmed END AS confirmed,
  CASE WHEN NOT h.is_suppressed THEN h.dismissed END AS dismissed,
  CASE WHEN NOT h.is_suppressed THEN h.referred END AS referred,
  CASE WHEN NOT h.is_suppressed THEN h.waiting END AS waiting,
  CASE WHEN NOT h.is_suppressed THEN CAST(CAST(h.confirmed AS DOUBLE) / nullif(h.flags, 0) AS DECIMAL(5,4)) END AS confirmed_share,
  CASE WHEN NOT h.is_suppressed THEN CAST(CAST(h.dismissed AS DOUBLE) / nullif(h.flags, 0) AS DECIMAL(5,4)) END AS dismissed_share,
  CASE WHEN NOT h.is_suppressed THEN CAST(CAST(h.waiting AS DOUBLE) / nullif(h.flags, 0) AS DECIMAL(5,4)) END AS waiting_share
FROM hidden AS h
JOIN rule AS r ON r.rule_id = h.rule_id
