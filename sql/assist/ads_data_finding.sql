SELECT
  c.kind, c.subject_key, c.person_key, coalesce(c.household_key, p.household_key) AS household_key,
  coalesce(h.region_code, p.region_code, r.region_code) AS region_code, l.evaluated_on, c.detail
FROM dws.assist_conflict AS c
JOIN (SELECT max(month) AS month, max(evaluated_on) AS evaluated_on FROM dws.assist_evaluation_day) AS l ON l.month = c.month
LEFT JOIN dws.assist_person_month AS p ON p.month = c.month AND p.person_key = c.person_key
LEFT JOIN dwd.assist_household AS h ON h.household_key = c.household_key
CROSS JOIN dim.site AS r
