SELECT
  f.flag_id, f.rule_id, f.rule_version, f.title, f.person_key, f.household_key, f.region_code, g.region_name,
  f.value, f.threshold, f.evidence, f.evidence_digest, f.first_seen, f.last_seen,
  date_diff('month', f.opened_in, CAST(date_trunc('month', r.as_of) AS DATE)) AS months_open,
  f.state, f.missing, f.decision, f.previous_decision, f.department
FROM ads.assist_risk_flag AS f
CROSS JOIN dim.run AS r
LEFT JOIN dim.region AS g ON g.region_code = f.region_code AND r.as_of >= g.valid_from AND r.as_of < g.valid_to
WHERE f.decision <> '排除' AND (f.state IN ('新增', '持续', '观察', '待核') OR f.state = '期满' AND f.decision = '待处理')
