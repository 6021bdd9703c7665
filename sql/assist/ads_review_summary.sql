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
-- Every town of a county has a row, those without flags as well: who could see
-- which towns have any would know that each has one, where there are as many flags.
everywhere AS (
  SELECT c.rule_id, c.region_code, c.level, coalesce(g.parent_code, '') AS parent_code
  FROM counted AS c
  CROSS JOIN dim.run AS r
  LEFT JOIN dim.region AS g ON g.region_code = c.region_code AND r.as_of >= g.valid_from AND r.as_of < g.valid_to
  UNION
  SELECT c.rule_id, g.region_code, g.level, g.parent_code
  FROM counted AS c
  CROSS JOIN dim.run AS r
  JOIN dim.region AS g ON g.parent_code = c.region_code AND g.level = 4 AND r.as_of >= g.valid_from AND r.as_of < g.valid_to
  WHERE c.level = 3
),
placed AS (
  SELECT
    e.rule_id, e.region_code, e.level, e.parent_code,
    coalesce(c.flags, 0) AS flags, coalesce(c.confirmed, 0) AS confirmed, coalesce(c.dismissed, 0) AS dismissed,
    coalesce(c.referred, 0) AS referred, coalesce(c.waiting, 0) AS waiting,
    CAST(p.value AS BIGINT) AS least_flags, coalesce(c.flags, 0) < CAST(p.value AS BIGINT) AS is_small
  FROM everywhere AS e
  CROSS JOIN dim.run AS r
  JOIN dim.parameter AS p ON p.name = 'assist.risk.release_min' AND r.as_of >= p.valid_from AND r.as_of < p.valid_to
  LEFT JOIN counted AS c ON c.rule_id = e.rule_id AND c.region_code = e.region_code AND c.level = e.level
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
    -- What is left of the county's figure must be no one's own, and not the most
    -- that all of the hidden ones can have.
    is_small OR (level = 4 AND place_among = 1 AND (
      small_towns = 1 OR small_towns > 1 AND (small_flags < least_flags OR small_flags = small_towns * (least_flags - 1))
    )) AS is_suppressed
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
