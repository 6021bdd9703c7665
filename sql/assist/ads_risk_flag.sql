WITH day AS (
  SELECT month, evaluated_on, date_format(year_start, '%Y') AS year, row_number() OVER (ORDER BY month) AS n
  FROM dws.assist_evaluation_day
),
latest AS (
  SELECT max(n) AS n, max(evaluated_on) AS evaluated_on, max(year) AS year FROM day
),
year_end AS (
  SELECT year, max(n) AS n FROM day GROUP BY year
),
term AS (
  SELECT d.n, CAST(max(CASE WHEN p.name = 'assist.risk.clear_after' THEN p.value END) AS BIGINT) AS clear_after
  FROM day AS d
  JOIN dim.parameter AS p ON d.evaluated_on >= p.valid_from AND d.evaluated_on < p.valid_to
  GROUP BY d.n
),
-- k counts the evaluations that say something: what is unknown neither clears
-- a flag nor keeps it.
counted AS (
  SELECT
    e.flag_id, e.month, e.evaluated_on, e.rule_id, e.rule_version, e.person_key, e.household_key, e.region_code, e.period, e.result,
    e.value, e.threshold, e.missing, e.evidence, e.evidence_digest, d.n,
    d.n - sum(CASE WHEN e.result = '待核' THEN 1 ELSE 0 END) OVER (PARTITION BY e.flag_id ORDER BY d.n) AS k,
    sum(CASE WHEN e.result = '待核' THEN 1 ELSE 0 END) OVER (PARTITION BY e.flag_id) AS unknowns,
    max(CASE WHEN e.result = '待核' THEN d.n END) OVER (PARTITION BY e.flag_id) AS last_unknown,
    max(CASE WHEN e.result = '待核' THEN concat(date_format(e.evaluated_on, '%Y-%m-%d'), '起:', e.missing) END) OVER (PARTITION BY e.flag_id) AS last_missing
  FROM dws.assist_risk_evaluation AS e
  JOIN day AS d ON d.month = e.month
  WHERE e.flag_id IN (SELECT flag_id FROM dws.assist_risk_evaluation WHERE result = '符合')
),
met AS (
  SELECT
    c.flag_id, c.month, c.evaluated_on, c.rule_id, c.rule_version, c.person_key, c.household_key, c.region_code, c.period,
    c.value, c.threshold, c.evidence, c.evidence_digest, c.n, c.k, c.unknowns, c.last_unknown, c.last_missing,
    CASE WHEN c.k - lag(c.k, 1, c.k) OVER (PARTITION BY c.flag_id ORDER BY c.n) - 1 >= t.clear_after THEN 1 ELSE 0 END AS is_reopened
  FROM counted AS c
  JOIN term AS t ON t.n = c.n
  WHERE c.result = '符合'
),
spelled AS (
  SELECT
    flag_id, month, evaluated_on, rule_id, rule_version, person_key, household_key, region_code, period, value, threshold, evidence, evidence_digest,
    n, k, unknowns, last_unknown, last_missing,
    1 + sum(is_reopened) OVER (PARTITION BY flag_id ORDER BY n) AS episode,
    min(month) OVER (PARTITION BY flag_id) AS first_seen,
    row_number() OVER (PARTITION BY flag_id ORDER BY n DESC) AS newest
  FROM met
),
opened AS (
  SELECT flag_id, episode, min(month) AS opened_in FROM spelled GROUP BY flag_id, episode
),
flag AS (
  SELECT
    s.flag_id, s.rule_id, s.rule_version, s.person_key, s.household_key, s.region_code, s.period, s.value, s.threshold, s.evidence, s.evidence_digest,
    s.first_seen, o.opened_in, s.evaluated_on AS last_seen, s.episode,
    CASE
      WHEN coalesce(y.n, l.n) - s.unknowns - s.k >= t.clear_after THEN '已解除'
      WHEN s.period <> '' AND s.period < l.year THEN '期满'
      WHEN s.last_unknown = l.n THEN '待核'
      WHEN s.n < l.n THEN '观察'
      WHEN o.opened_in = s.month THEN '新增'
      ELSE '持续'
    END AS state,
    CASE WHEN s.last_unknown = l.n THEN s.last_missing END AS missing
  FROM spelled AS s
  JOIN opened AS o ON o.flag_id = s.flag_id AND o.episode = s.episode
  CROSS JOIN latest AS l
  JOIN term AS t ON t.n = l.n
  LEFT JOIN year_end AS y ON y.year = s.period
  WHERE s.newest = 1
),
-- What a rule is called and who acts on it, as its newest row in this version says.
rule AS (
  SELECT rule_id, rule_version, title, metric, department
  FROM (
    SELECT rule_id, rule_version, title, metric, department,
      row_number() OVER (PARTITION BY rule_id, rule_version ORDER BY valid_from DESC, scheme) AS newest
    FROM dim.assist_risk_rule
  ) AS ranked
  WHERE newest = 1
),
decided AS (
  SELECT
    f.flag_id, r.decision, r.decided_on, r.reviewer_key, r.reviewer_name, r.reason, r.referred_to,
    r.evidence_digest = f.evidence_digest OR (r.decision <> '排除' AND r.decided_on >= f.opened_in) AS is_valid
  FROM flag AS f
  JOIN dwd.assist_review AS r ON r.flag_id = f.flag_id AND r.is_latest
)
SELECT
  f.flag_id, f.rule_id, f.rule_version, r.title, f.person_key, f.household_key, coalesce(f.region_code, run.region_code) AS region_code,
  r.metric, f.value, f.threshold, f.evidence, f.evidence_digest, f.first_seen, f.opened_in, f.last_seen,
  CAST(f.episode AS BIGINT) AS episode, f.state, CASE WHEN f.state = '待核' THEN f.missing END AS missing,
  CASE WHEN d.is_valid THEN d.decision ELSE '待处理' END AS decision,
  CASE WHEN NOT d.is_valid THEN concat(d.decision, ' ', date_format(d.decided_on, '%Y-%m-%d')) END AS previous_decision,
  CASE WHEN d.is_valid THEN d.decided_on END AS decided_on,
  CASE WHEN d.is_valid THEN d.reviewer_key END AS reviewer_key,
  CASE WHEN d.is_valid THEN d.reviewer_name END AS reviewer_name,
  CASE WHEN d.is_valid THEN d.reason END AS reason,
  CASE WHEN d.is_valid THEN d.referred_to END AS referred_to,
  r.department, f.period
FROM flag AS f
JOIN rule AS r ON r.rule_id = f.rule_id AND r.rule_version = f.rule_version
CROSS JOIN dim.run AS run
LEFT JOIN decided AS d ON d.flag_id = f.flag_id
