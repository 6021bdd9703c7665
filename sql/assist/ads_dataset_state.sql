SELECT
  c.dataset, c.window_kind, d.title, d.department, r.region_code, l.evaluated_on, c.first_month, c.missing_months, c.latest_month, c.note
FROM dws.assist_coverage AS c
JOIN (SELECT max(month) AS month, max(evaluated_on) AS evaluated_on FROM dws.assist_evaluation_day) AS l ON l.month = c.month
JOIN dim.assist_dataset AS d ON d.dataset = c.dataset AND l.evaluated_on >= d.valid_from AND l.evaluated_on < d.valid_to
CROSS JOIN dim.site AS r
-- What comes monthly is asked for by the year, what comes less often on a day.
WHERE c.window_kind <> '近6月' AND (d.every_months > 1) = (c.window_kind = '时点')
