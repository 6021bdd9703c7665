-- The rows of one proposal differ in who signed it; where they differ in more,
-- the one that leads counts. One that was not accepted has no answer, whatever is
-- written there: rates have what was accepted below them.
WITH proposal AS (
  SELECT p.source_system, p.proposal_id, p.kind, p.level, p.region_code, p.submitted_on, p.accepted_on, p.due_on, p.answered_on, p.result, p.satisfaction,
    row_number() OVER (PARTITION BY p.source_system, p.proposal_id ORDER BY CASE WHEN p.role = '领衔' THEN 0 ELSE 1 END, p.deputy_key) AS nth
  FROM dwd.congress_proposal AS p
),
dated AS (
  SELECT
    p.level, p.region_code, p.submitted_on, p.due_on, p.answered_on, p.result, p.satisfaction, r.as_of,
    p.accepted_on IS NOT NULL AND p.accepted_on <= r.as_of AS is_accepted,
    p.accepted_on IS NOT NULL AND p.accepted_on <= r.as_of AND p.answered_on IS NOT NULL AND p.answered_on <= r.as_of AS is_answered
  FROM proposal AS p
  CROSS JOIN dim.run AS r
  WHERE p.nth = 1 AND p.submitted_on <= r.as_of
),
stood AS (
  SELECT
    extract(YEAR FROM d.submitted_on) AS year, a.ancestor_code AS region_code, d.level, d.is_accepted, d.is_answered,
    d.due_on IS NOT NULL AS has_due,
    CASE
      WHEN NOT d.is_accepted OR d.due_on IS NULL THEN NULL
      WHEN d.is_answered THEN d.answered_on <= d.due_on
      WHEN d.due_on < d.as_of THEN FALSE
    END AS is_on_time,
    CASE WHEN d.is_answered THEN d.result END AS result,
    CASE WHEN d.is_answered THEN d.satisfaction END AS satisfaction
  FROM dated AS d
  JOIN dim.region_ancestor AS a ON a.region_code = d.region_code
),
counted AS (
  SELECT
    year, region_code, coalesce(level, '全部') AS level,
    count(*) AS proposals,
    CAST(count_if(is_accepted) AS BIGINT) AS accepted,
    CAST(count_if(is_answered) AS BIGINT) AS answered,
    CAST(count_if(is_on_time) AS BIGINT) AS on_time,
    count(is_on_time) AS timed,
    CAST(count_if(is_accepted AND NOT has_due) AS BIGINT) AS without_due,
    CAST(count_if(result = 'A') AS BIGINT) AS result_a,
    CAST(count_if(result = 'B') AS BIGINT) AS result_b,
    CAST(count_if(result = 'C') AS BIGINT) AS result_c,
    CAST(count_if(result = 'D') AS BIGINT) AS result_d,
    count(result) AS results,
    CAST(count_if(satisfaction = '满意') AS BIGINT) AS satisfied,
    CAST(count_if(satisfaction = '基本满意') AS BIGINT) AS mostly_satisfied,
    count(satisfaction) AS evaluated
  FROM stood
  GROUP BY GROUPING SETS ((year, region_code), (year, region_code, level))
)
SELECT
  year, region_code, level, proposals, accepted, answered,
  round(CAST(answered AS DOUBLE) / nullif(accepted, 0), 4) AS answer_rate,
  round(CAST(on_time AS DOUBLE) / nullif(timed, 0), 4) AS on_time_rate,
  without_due, result_a, result_b, result_c, result_d,
  round(CAST(result_a AS DOUBLE) / nullif(results, 0), 4) AS share_a,
  round(CAST(result_b AS DOUBLE) / nullif(results, 0), 4) AS share_b,
  round(CAST(result_c AS DOUBLE) / nullif(results, 0), 4) AS share_c,
  round(CAST(result_d AS DOUBLE) / nullif(results, 0), 4) AS share_d,
  evaluated,
  round(CAST(satisfied AS DOUBLE) / nullif(evaluated, 0), 4) AS satisfied_share,
  round(CAST(mostly_satisfied AS DOUBLE) / nullif(evaluated, 0), 4) AS mostly_satisfied_share,
  round(CAST(evaluated AS DOUBLE) / nullif(answered, 0), 4) AS coverage
FROM counted
