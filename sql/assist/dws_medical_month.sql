-- A claim that contradicts itself counts, and its amounts do not.
SELECT
  c.month, c.person_key, count(*) AS claims, CAST(count_if(c.is_contradictory) AS BIGINT) AS contradictory,
  CAST(sum(CASE WHEN c.is_contradictory THEN 0 ELSE c.total END) AS DECIMAL(18,2)) AS total,
  CAST(sum(CASE WHEN c.is_contradictory THEN 0 ELSE c.self_paid END) AS DECIMAL(18,2)) AS self_paid,
  max(c.day) AS last_day
FROM dwd.assist_medical AS c
JOIN dws.assist_evaluation_day AS e ON e.month = c.month AND c.day <= e.evaluated_on
GROUP BY c.month, c.person_key
