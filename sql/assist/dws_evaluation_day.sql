-- Windows of whole months end with the last month that is over: half a month of
-- income is no fall of income. What was before the departments agreed to
-- deliver is not evaluated.
WITH recorded AS (
  SELECT month FROM dwd.assist_medical
  UNION
  SELECT month FROM dwd.assist_benefit
  UNION
  SELECT month FROM dwd.assist_income
),
evaluated AS (
  SELECT DISTINCT CAST(r.month + INTERVAL '1' MONTH * n.later AS DATE) AS month
  FROM recorded AS r
  CROSS JOIN (VALUES (0), (1), (2), (3)) AS n(later)
),
dated AS (
  SELECT
    e.month,
    least(CAST(last_day_of_month(e.month) AS DATE), r.as_of) AS evaluated_on,
    CASE WHEN last_day_of_month(e.month) <= r.as_of THEN e.month ELSE CAST(e.month - INTERVAL '1' MONTH AS DATE) END AS settled_month
  FROM evaluated AS e
  CROSS JOIN dim.run AS r
  WHERE e.month <= r.as_of AND e.month >= (SELECT CAST(date_trunc('month', min(valid_from)) AS DATE) FROM dim.assist_dataset)
)
SELECT
  month, evaluated_on, settled_month,
  CAST(date_trunc('year', month) AS DATE) AS year_start,
  CAST(settled_month - INTERVAL '11' MONTH AS DATE) AS rolling_start
FROM dated
