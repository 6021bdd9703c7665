SELECT
  c.kind, c.subject_key, c.person_key, coalesce(c.household_key, p.household_key) AS household_key,
  coalesce(h.region_code, p.region_code, r.region_code) AS region_code, l.evaluated_on, c.detail
FROM dws.assist_conflict AS c
JOIN (SELECT max(month) AS month, max(evaluated_on) AS evaluated_on FROM dws.assist_evaluation_day) AS l ON l.month = c.month
LEFT JOIN dws.assist_person_month AS p ON p.month = c.month AND p.person_key = c.person_key
LEFT JOIN dwd.assist_household AS h ON h.household_key = c.household_key
CROSS JOIN dim.site AS r
UNION ALL
-- What a person decided about is gone: other records say that the rule was never
-- met, or that nothing can be said of it.
SELECT
  '处置失去依据' AS kind, r.flag_id AS subject_key, e.person_key, e.household_key, coalesce(e.region_code, n.region_code) AS region_code, l.evaluated_on,
  concat('线索', r.flag_id, '的处置(', r.decision, ' ', date_format(r.decided_on, '%Y-%m-%d'), ')所依据的记录已更正,', coalesce(concat('现为待核:', e.missing), '现不符合'))
    AS detail
FROM dwd.assist_review AS r
CROSS JOIN (SELECT max(month) AS month, max(evaluated_on) AS evaluated_on FROM dws.assist_evaluation_day) AS l
CROSS JOIN dim.site AS n
LEFT JOIN ads.assist_risk_flag AS f ON f.flag_id = r.flag_id
LEFT JOIN dws.assist_risk_evaluation AS e ON e.flag_id = r.flag_id AND e.month = l.month
WHERE r.is_latest AND f.flag_id IS NULL AND l.month IS NOT NULL
