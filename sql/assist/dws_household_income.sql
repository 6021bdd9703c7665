WITH member AS (
  SELECT DISTINCT h.month, e.rolling_start, e.settled_month, h.household_key, m.person_key
  FROM dws.assist_household_month AS h
  JOIN dws.assist_evaluation_day AS e ON e.month = h.month
  JOIN dwd.assist_member AS m ON m.household_key = h.household_key AND m.valid_from <= e.evaluated_on AND m.valid_to > e.evaluated_on
),
earned AS (
  SELECT
    m.month, m.household_key, count(*) AS income_records, sum(i.amount) AS income,
    sum(CASE WHEN i.month > CAST(m.settled_month - INTERVAL '6' MONTH AS DATE) THEN i.amount ELSE 0 END) AS recent_income
  FROM member AS m
  JOIN dwd.assist_income AS i
    ON i.person_key = m.person_key AND i.month >= m.rolling_start AND i.month <= m.settled_month
  GROUP BY m.month, m.household_key
),
treated AS (
  SELECT m.month, m.household_key, sum(c.self_paid) AS medical_self, sum(c.contradictory) AS contradictory
  FROM member AS m
  JOIN dws.assist_medical_month AS c
    ON c.person_key = m.person_key AND c.month >= m.rolling_start AND c.month <= m.settled_month
  GROUP BY m.month, m.household_key
),
spent AS (
  SELECT h.month, h.household_key, sum(x.amount) AS expense
  FROM dws.assist_household_month AS h
  JOIN dws.assist_evaluation_day AS e ON e.month = h.month
  JOIN dwd.assist_expense AS x ON x.household_key = h.household_key AND x.month >= e.rolling_start AND x.month <= e.settled_month
  GROUP BY h.month, h.household_key
)
SELECT
  h.month, h.household_key, h.members, h.doubt,
  coalesce(e.income_records, 0) AS income_records,
  CAST(coalesce(e.income, 0) AS DECIMAL(18,2)) AS income,
  CAST(coalesce(e.recent_income, 0) AS DECIMAL(18,2)) AS recent_income,
  CAST(coalesce(e.income - e.recent_income, 0) AS DECIMAL(18,2)) AS earlier_income,
  CAST(coalesce(t.medical_self, 0) AS DECIMAL(18,2)) AS medical_self,
  CAST(coalesce(t.contradictory, 0) AS BIGINT) AS contradictory,
  CAST(coalesce(s.expense, 0) AS DECIMAL(18,2)) AS expense
FROM dws.assist_household_month AS h
LEFT JOIN earned AS e ON e.month = h.month AND e.household_key = h.household_key
LEFT JOIN treated AS t ON t.month = h.month AND t.household_key = h.household_key
LEFT JOIN spent AS s ON s.month = h.month AND s.household_key = h.household_key
