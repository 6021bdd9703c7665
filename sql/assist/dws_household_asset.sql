-- Assets of people who are on no list are nobody's business here: only the
-- households that the law has checked are looked at.
WITH member AS (
  SELECT DISTINCT h.month, e.evaluated_on, h.household_key, m.person_key
  FROM dws.assist_household_month AS h
  JOIN dws.assist_evaluation_day AS e ON e.month = h.month
  JOIN dwd.assist_member AS m ON m.household_key = h.household_key AND m.valid_from <= e.evaluated_on AND m.valid_to > e.evaluated_on
  WHERE h.categories > 0 OR h.is_status_unknown
),
held AS (
  SELECT m.month, m.household_key, m.person_key, a.kind, a.amount, a.area
  FROM member AS m
  JOIN dwd.assist_asset AS a ON a.person_key = m.person_key AND a.valid_from <= m.evaluated_on AND a.valid_to > m.evaluated_on
  JOIN dim.assist_dataset AS d ON d.dataset = a.kind AND m.evaluated_on >= d.valid_from AND m.evaluated_on < d.valid_to
  -- A balance is what it was when it was checked: an old one is none.
  WHERE a.kind <> '货币财产' OR a.valid_from >= CAST(m.month - INTERVAL '1' MONTH * (d.every_months - 1) AS DATE)
),
summed AS (
  SELECT
    month, household_key,
    count(DISTINCT CASE WHEN kind = '货币财产' AND amount IS NOT NULL THEN person_key END) AS checked_members,
    sum(CASE WHEN kind = '货币财产' THEN amount END) AS financial,
    CAST(count_if(kind = '货币财产' AND amount IS NULL) AS BIGINT) AS unknown_balances,
    CAST(count_if(kind = '车辆') AS BIGINT) AS vehicles,
    sum(CASE WHEN kind = '车辆' THEN amount END) AS vehicle_value,
    CAST(count_if(kind = '车辆' AND amount IS NULL) AS BIGINT) AS unvalued_vehicles,
    CAST(count_if(kind = '不动产') AS BIGINT) AS houses,
    sum(CASE WHEN kind = '不动产' THEN area END) AS house_area,
    CAST(count_if(kind = '不动产' AND area IS NULL) AS BIGINT) AS unmeasured_houses,
    sum(CASE WHEN kind = '认缴出资' THEN amount END) AS capital,
    CAST(count_if(kind = '认缴出资' AND amount IS NULL) AS BIGINT) AS unvalued_capital
  FROM held
  GROUP BY month, household_key
)
SELECT
  h.month, h.household_key, h.members, h.doubt,
  coalesce(s.checked_members, 0) AS checked_members,
  CAST(coalesce(s.financial, 0) AS DECIMAL(18,2)) AS financial,
  coalesce(s.unknown_balances, 0) AS unknown_balances,
  coalesce(s.vehicles, 0) AS vehicles,
  CAST(coalesce(s.vehicle_value, 0) AS DECIMAL(18,2)) AS vehicle_value,
  coalesce(s.unvalued_vehicles, 0) AS unvalued_vehicles,
  coalesce(s.houses, 0) AS houses,
  CAST(coalesce(s.house_area, 0) AS DECIMAL(18,2)) AS house_area,
  coalesce(s.unmeasured_houses, 0) AS unmeasured_houses,
  CAST(coalesce(s.capital, 0) AS DECIMAL(18,2)) AS capital,
  coalesce(s.unvalued_capital, 0) AS unvalued_capital
FROM dws.assist_household_month AS h
LEFT JOIN summed AS s ON s.month = h.month AND s.household_key = h.household_key
WHERE h.categories > 0 OR h.is_status_unknown
