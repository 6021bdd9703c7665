SELECT
  e.rule_id, e.rule_version, e.subject_key, e.person_key, e.household_key, coalesce(e.region_code, r.region_code) AS region_code,
  l.evaluated_on, e.value, e.threshold, e.missing
FROM dws.assist_risk_evaluation AS e
JOIN (SELECT max(month) AS month, max(evaluated_on) AS evaluated_on FROM dws.assist_evaluation_day) AS l ON l.month = e.month
CROSS JOIN dim.site AS r
WHERE e.result = '待核'
