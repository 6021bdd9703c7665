-- A window wants every month of a data set that comes monthly, and one delivery
-- within the interval of one that comes less often.
WITH wanted AS (
  SELECT
    e.month, d.dataset, d.title, d.department, w.window_kind, d.every_months,
    CASE
      WHEN w.window_kind = '时点' THEN CAST(e.month - INTERVAL '1' MONTH * (d.every_months - 1) AS DATE)
      WHEN w.window_kind = '自然年' THEN e.year_start
      ELSE e.rolling_start
    END AS first_month,
    CASE WHEN w.window_kind IN ('时点', '自然年') THEN e.month ELSE e.settled_month END AS last_month,
    -- A month that is not over need not have come.
    CASE WHEN w.window_kind = '时点' THEN e.month ELSE e.settled_month END AS wanted_month
  FROM dws.assist_evaluation_day AS e
  JOIN dim.assist_dataset AS d ON e.evaluated_on >= d.valid_from AND e.evaluated_on < d.valid_to
  CROSS JOIN (VALUES ('自然年'), ('滚动12月'), ('近6月'), ('时点')) AS w(window_kind)
),
counted AS (
  SELECT
    w.month, w.dataset, w.title, w.department, w.window_kind, w.first_month, w.last_month, w.wanted_month,
    CASE WHEN w.window_kind = '时点' THEN 1 ELSE date_diff('month', w.first_month, w.wanted_month) + 1 END AS wanted,
    count(h.month) AS had, max(h.month) AS latest_month
  FROM wanted AS w
  LEFT JOIN dws.assist_dataset_month AS h ON h.dataset = w.dataset AND h.month >= w.first_month AND h.month <= w.wanted_month
  GROUP BY w.month, w.dataset, w.title, w.department, w.window_kind, w.first_month, w.last_month, w.wanted_month
),
missed AS (
  SELECT month, dataset, title, department, window_kind, first_month, last_month, wanted_month, latest_month,
    wanted - least(wanted, had) AS missing_months
  FROM counted
)
SELECT
  month, dataset, window_kind, first_month, last_month, missing_months, latest_month,
  CASE
    WHEN missing_months = 0 THEN ''
    WHEN latest_month IS NULL THEN concat(title, '(', department, ')', date_format(first_month, '%Y-%m'), '起未到')
    ELSE concat(title, '(', department, ')', date_format(first_month, '%Y-%m'), '至', date_format(wanted_month, '%Y-%m'), '缺', CAST(missing_months AS VARCHAR), '个月,最近到', date_format(latest_month, '%Y-%m'))
  END AS note
FROM missed
