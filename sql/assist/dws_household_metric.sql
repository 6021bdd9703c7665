WITH earned AS (
  SELECT
    i.month, i.household_key, i.members, i.doubt, i.income_records, i.income, i.recent_income, i.earlier_income,
    i.medical_self, i.contradictory, i.expense,
    nullif(ic.note, '') AS income_missing,
    coalesce(nullif(mc.note, ''), CASE WHEN i.contradictory > 0 THEN concat('医保结算(医保局)', CAST(i.contradictory AS VARCHAR), '笔自负大于总额,金额未计入') END) AS medical_missing
  FROM dws.assist_household_income AS i
  JOIN dws.assist_coverage AS ic ON ic.month = i.month AND ic.dataset = 'income' AND ic.window_kind = '滚动12月'
  JOIN dws.assist_coverage AS mc ON mc.month = i.month AND mc.dataset = 'medical' AND mc.window_kind = '滚动12月'
),
income AS (
  -- More medical claims can only raise the share; income that is not there makes it anything.
  SELECT
    month, household_key, 'rigid_share' AS metric, '滚动12月' AS window_kind,
    medical_self + expense AS numerator, income AS denominator, doubt,
    coalesce(income_missing, CASE WHEN income = 0 THEN '期间总收入为0,比例无从计算' END) AS unknown, medical_missing AS partial,
    concat('医疗自负', CAST(medical_self AS VARCHAR), '元(医保局),其他刚性支出', CAST(expense AS VARCHAR), '元(民政局),总收入', CAST(income AS VARCHAR), '元(人社局)') AS detail
  FROM earned
  WHERE medical_self + expense > 0
  UNION ALL
  -- A household without earlier income has nothing to lose.
  SELECT
    month, household_key, 'income_drop' AS metric, '近6月' AS window_kind,
    earlier_income - recent_income AS numerator, earlier_income AS denominator, doubt,
    income_missing AS unknown, CAST(NULL AS VARCHAR) AS partial,
    concat('此前6个月', CAST(earlier_income AS VARCHAR), '元,近6个月', CAST(recent_income AS VARCHAR), '元(人社局)') AS detail
  FROM earned
  WHERE earlier_income > 0
  UNION ALL
  -- The household's sum is divided once, and no record is not an income of 0.
  SELECT
    month, household_key, 'income_per_capita' AS metric, '滚动12月' AS window_kind,
    income AS numerator, CAST(members * 12 AS DECIMAL(18,2)) AS denominator, doubt,
    coalesce(income_missing, CASE WHEN income_records = 0 THEN '期间没有收入记录(人社局)' END) AS unknown, CAST(NULL AS VARCHAR) AS partial,
    concat('近12个月户收入', CAST(income AS VARCHAR), '元(人社局),', CAST(members AS VARCHAR), '人') AS detail
  FROM earned
),
checked AS (
  SELECT
    a.month, a.household_key, a.members, a.doubt, a.checked_members, a.financial, a.unknown_balances, a.vehicles, a.vehicle_value,
    a.unvalued_vehicles, a.houses, a.house_area, a.unmeasured_houses, a.capital, a.unvalued_capital,
    nullif(v.note, '') AS vehicle_missing, nullif(h.note, '') AS house_missing, nullif(b.note, '') AS capital_missing
  FROM dws.assist_household_asset AS a
  JOIN dws.assist_coverage AS v ON v.month = a.month AND v.dataset = '车辆' AND v.window_kind = '时点'
  JOIN dws.assist_coverage AS h ON h.month = a.month AND h.dataset = '不动产' AND h.window_kind = '时点'
  JOIN dws.assist_coverage AS b ON b.month = a.month AND b.dataset = '认缴出资' AND b.window_kind = '时点'
),
asset AS (
  SELECT
    month, household_key, 'financial_per_capita' AS metric, '时点' AS window_kind,
    financial AS numerator, CAST(members AS DECIMAL(18,2)) AS denominator, doubt, CAST(NULL AS VARCHAR) AS unknown,
    CASE
      WHEN checked_members < members THEN concat('银行存款核对(民政局核对中心)缺', CAST(members - checked_members AS VARCHAR), '人')
      WHEN unknown_balances > 0 THEN concat('银行存款核对(民政局核对中心)', CAST(unknown_balances AS VARCHAR), '个账户没有余额')
    END AS partial,
    concat('货币财产', CAST(financial AS VARCHAR), '元(民政局核对中心),', CAST(members AS VARCHAR), '人') AS detail
  FROM checked
  UNION ALL
  SELECT
    month, household_key, 'vehicle_count' AS metric, '时点' AS window_kind,
    CAST(vehicles AS DECIMAL(18,2)) AS numerator, CAST(1 AS DECIMAL(18,2)) AS denominator, doubt, vehicle_missing AS unknown, CAST(NULL AS VARCHAR) AS partial,
    concat('机动车', CAST(vehicles AS VARCHAR), '辆,估值', CAST(vehicle_value AS VARCHAR), '元(公安局)') AS detail
  FROM checked
  UNION ALL
  SELECT
    month, household_key, 'vehicle_value' AS metric, '时点' AS window_kind,
    vehicle_value AS numerator, CAST(1 AS DECIMAL(18,2)) AS denominator, doubt, vehicle_missing AS unknown,
    CASE WHEN unvalued_vehicles > 0 THEN concat('车辆登记(公安局)', CAST(unvalued_vehicles AS VARCHAR), '辆没有估值') END AS partial,
    concat('机动车', CAST(vehicles AS VARCHAR), '辆,估值', CAST(vehicle_value AS VARCHAR), '元(公安局)') AS detail
  FROM checked
  UNION ALL
  SELECT
    month, household_key, 'house_count' AS metric, '时点' AS window_kind,
    CAST(houses AS DECIMAL(18,2)) AS numerator, CAST(1 AS DECIMAL(18,2)) AS denominator, doubt, house_missing AS unknown, CAST(NULL AS VARCHAR) AS partial,
    concat('住房', CAST(houses AS VARCHAR), '套,', CAST(house_area AS VARCHAR), '㎡(自然资源局)') AS detail
  FROM checked
  UNION ALL
  SELECT
    month, household_key, 'second_house_area' AS metric, '时点' AS window_kind,
    house_area AS numerator, CAST(members AS DECIMAL(18,2)) AS denominator, doubt, house_missing AS unknown,
    CASE WHEN unmeasured_houses > 0 THEN concat('不动产登记(自然资源局)', CAST(unmeasured_houses AS VARCHAR), '套没有面积') END AS partial,
    concat('住房', CAST(houses AS VARCHAR), '套,', CAST(house_area AS VARCHAR), '㎡(自然资源局),', CAST(members AS VARCHAR), '人') AS detail
  FROM checked
  WHERE houses = 2
  UNION ALL
  SELECT
    month, household_key, 'subscribed_capital' AS metric, '时点' AS window_kind,
    capital AS numerator, CAST(1 AS DECIMAL(18,2)) AS denominator, doubt, capital_missing AS unknown,
    CASE WHEN unvalued_capital > 0 THEN concat('工商登记(市场监管局)', CAST(unvalued_capital AS VARCHAR), '项出资没有金额') END AS partial,
    concat('认缴出资', CAST(capital AS VARCHAR), '元(市场监管局)') AS detail
  FROM checked
),
conflict AS (
  SELECT
    month, household_key, 'record_conflicts' AS metric, '时点' AS window_kind,
    CAST(count(*) AS DECIMAL(18,2)) AS numerator, CAST(1 AS DECIMAL(18,2)) AS denominator,
    array_join(array_agg(kind ORDER BY kind), '、') AS kinds,
    array_join(array_agg(concat(kind, ':', detail) ORDER BY kind), ';') AS detail
  FROM dws.assist_conflict
  WHERE person_key IS NULL
  GROUP BY month, household_key
)
SELECT
  month, household_key, metric, window_kind,
  CAST(numerator AS DECIMAL(18,2)) AS numerator, CAST(denominator AS DECIMAL(15,2)) AS denominator,
  CASE WHEN doubt IS NOT NULL OR unknown IS NOT NULL THEN '不明' WHEN partial IS NOT NULL THEN '至少' ELSE '确数' END AS bound,
  coalesce(doubt, unknown, partial) AS missing,
  '' AS basis, detail
FROM (
  SELECT month, household_key, metric, window_kind, numerator, denominator, doubt, unknown, partial, detail FROM income
  UNION ALL
  SELECT month, household_key, metric, window_kind, numerator, denominator, doubt, unknown, partial, detail FROM asset
) AS measured
UNION ALL
SELECT
  month, household_key, metric, window_kind, numerator, CAST(denominator AS DECIMAL(15,2)) AS denominator,
  '确数' AS bound, CAST(NULL AS VARCHAR) AS missing, kinds AS basis, detail
FROM conflict
