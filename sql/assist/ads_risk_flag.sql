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
-- What a rule is called and who acts on it, as its newest row in this version says.
rule AS (
  SELECT rule_id, rule_version, title, metric, window_kind, department
  FROM (
    SELECT rule_id, rule_version, title, metric, window_kind, department,
      row_number() OVER (PARTITION BY rule_id, rule_version ORDER BY valid_from DESC, scheme) AS newest
    FROM dim.assist_risk_rule
  ) AS ranked
  WHERE newest = 1
),
-- What says when a flag lives is kept narrow; the rest joins the newest row.
found AS (
  SELECT e.flag_id, e.month, d.evaluated_on, e.result, e.missing, d.n
  FROM dws.assist_risk_evaluation AS e
  JOIN day AS d ON d.month = e.month
  WHERE e.flag_id IN (SELECT flag_id FROM dws.assist_risk_evaluation WHERE result = '符合')
),
-- No row says that the rule is not met, but not where data are missing: who has
-- no claim in a month without claims has perhaps one.
gap AS (
  SELECT r.rule_id, r.rule_version, d.n, d.month, d.evaluated_on, min(c.note) AS missing
  FROM rule AS r
  JOIN (
    SELECT DISTINCT m.metric, m.window_kind, u.dataset FROM dim.assist_metric AS m CROSS JOIN UNNEST(m.datasets) AS u(dataset)
  ) AS k ON k.metric = r.metric AND k.window_kind = r.window_kind
  JOIN dws.assist_coverage AS c ON c.dataset = k.dataset AND c.window_kind = k.window_kind AND c.missing_months > 0
  JOIN day AS d ON d.month = c.month
  GROUP BY r.rule_id, r.rule_version, d.n, d.month, d.evaluated_on
),
evaluated AS (
  SELECT flag_id, month, evaluated_on, result, missing, n FROM found
  UNION ALL
  SELECT f.flag_id, g.month, g.evaluated_on, '待核' AS result, g.missing, g.n
  FROM (
    SELECT e.flag_id, e.rule_id, e.period, max_by(e.rule_version, d.n) AS rule_version, min(d.n) AS n
    FROM dws.assist_risk_evaluation AS e
    JOIN day AS d ON d.month = e.month
    WHERE e.result = '符合'
    GROUP BY e.flag_id, e.rule_id, e.period
  ) AS f
  JOIN gap AS g ON g.rule_id = f.rule_id AND g.rule_version = f.rule_version AND g.n > f.n
  LEFT JOIN year_end AS y ON y.year = f.period
  LEFT JOIN found AS e ON e.flag_id = f.flag_id AND e.n = g.n
  WHERE e.flag_id IS NULL AND g.n <= coalesce(y.n, g.n)
),
unknown AS (
  SELECT
    flag_id, count(*) AS unknowns, max(n) AS last_unknown,
    max(concat(date_format(evaluated_on, '%Y-%m-%d'), '起:', missing)) AS last_missing
  FROM evaluated
  WHERE result = '待核'
  GROUP BY flag_id
),
-- k counts the evaluations that say something: what is unknown neither clears
-- a flag nor keeps it.
counted AS (
  SELECT
    flag_id, month, result, n,
    n - sum(CASE WHEN result = '待核' THEN 1 ELSE 0 END) OVER (PARTITION BY flag_id ORDER BY n) AS k
  FROM evaluated
),
met AS (
  SELECT
    c.flag_id, c.month, c.n, c.k,
    CASE WHEN c.k - lag(c.k, 1, c.k) OVER (PARTITION BY c.flag_id ORDER BY c.n) - 1 >= t.clear_after THEN 1 ELSE 0 END AS is_reopened
  FROM counted AS c
  JOIN term AS t ON t.n = c.n
  WHERE c.result = '符合'
),
spelled AS (
  SELECT
    flag_id, month, n, k,
    1 + sum(is_reopened) OVER (PARTITION BY flag_id ORDER BY n) AS episode,
    row_number() OVER (PARTITION BY flag_id ORDER BY n DESC) AS newest
  FROM met
),
opened AS (
  SELECT flag_id, episode, min(month) AS opened_in FROM spelled GROUP BY flag_id, episode
),
seen AS (
  SELECT flag_id, min(month) AS first_seen FROM met GROUP BY flag_id
),
flag AS (
  SELECT
    s.flag_id, e.rule_id, e.rule_version, e.person_key, e.household_key, e.region_code, e.period, e.value, e.threshold, e.evidence, e.evidence_digest,
    f.first_seen, o.opened_in, d.evaluated_on AS last_seen, s.episode,
    CASE
      WHEN coalesce(y.n, l.n) - coalesce(u.unknowns, 0) - s.k >= t.clear_after THEN '已解除'
      WHEN e.period <> '' AND e.period < l.year THEN '期满'
      WHEN u.last_unknown = l.n THEN '待核'
      WHEN s.n < l.n THEN '观察'
      WHEN o.opened_in = s.month THEN '新增'
      ELSE '持续'
    END AS state,
    CASE WHEN u.last_unknown = l.n THEN u.last_missing END AS missing
  FROM spelled AS s
  JOIN dws.assist_risk_evaluation AS e ON e.flag_id = s.flag_id AND e.month = s.month
  JOIN day AS d ON d.n = s.n
  JOIN opened AS o ON o.flag_id = s.flag_id AND o.episode = s.episode
  JOIN seen AS f ON f.flag_id = s.flag_id
  CROSS JOIN latest AS l
  JOIN term AS t ON t.n = l.n
  LEFT JOIN unknown AS u ON u.flag_id = s.flag_id
  LEFT JOIN year_end AS y ON y.year = e.period
  WHERE s.newest = 1
),
decided AS (
  SELECT
    f.flag_id, r.decision, r.decided_on, r.reviewer_key, r.reviewer_name, r.reason, r.referred_to,
    -- What was dismissed stays dismissed until its evidence changes; what was
    -- confirmed or referred is settled until it opens again.
    CASE WHEN r.decision = '排除' THEN r.evidence_digest = f.evidence_digest ELSE r.decided_on >= f.opened_in END AS is_valid
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
CROSS JOIN dim.site AS run
LEFT JOIN decided AS d ON d.flag_id = f.flag_id
