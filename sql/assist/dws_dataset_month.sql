SELECT DISTINCT e.month, d.dataset
FROM (
  SELECT DISTINCT 'medical' AS dataset, month, day FROM dwd.assist_medical
  UNION ALL
  SELECT DISTINCT 'benefit' AS dataset, month, day FROM dwd.assist_benefit
  UNION ALL
  SELECT DISTINCT 'income' AS dataset, month, day FROM dwd.assist_income
  UNION ALL
  SELECT DISTINCT kind AS dataset, CAST(date_trunc('month', valid_from) AS DATE) AS month, valid_from AS day FROM dwd.assist_asset
) AS d
JOIN dws.assist_evaluation_day AS e ON e.month = d.month AND d.day <= e.evaluated_on
