-- What the departments say of one enterprise in one month, each in its newest
-- version, side by side.
WITH output AS (
  SELECT * FROM (
    SELECT credit_code, month, output, output_base, capacity, deleted, row_number() OVER (
      PARTITION BY credit_code, month ORDER BY reported_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS newest
    FROM ods.industry_output
  ) AS ranked WHERE newest = 1 AND NOT coalesce(deleted, false)
),
orders AS (
  SELECT * FROM (
    SELECT credit_code, month, undelivered_hours, available_hours, deleted, row_number() OVER (
      PARTITION BY credit_code, month ORDER BY reported_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS newest
    FROM ods.industry_order
  ) AS ranked WHERE newest = 1 AND NOT coalesce(deleted, false)
),
employment AS (
  SELECT * FROM (
    SELECT credit_code, month, workers_needed, workers_present, deleted, row_number() OVER (
      PARTITION BY credit_code, month ORDER BY reported_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS newest
    FROM ods.industry_employment
  ) AS ranked WHERE newest = 1 AND NOT coalesce(deleted, false)
),
climate AS (
  SELECT * FROM (
    SELECT credit_code, month, current_climate, expected_climate, new_orders, production, employment, delivery, inventory, deleted, row_number() OVER (
      PARTITION BY credit_code, month ORDER BY answered_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS newest
    FROM ods.industry_climate
  ) AS ranked WHERE newest = 1 AND NOT coalesce(deleted, false)
),
gone AS (
  SELECT m.month, max(p.value) AS months
  FROM (SELECT DISTINCT month FROM dwd.industry_meter) AS m
  JOIN dim.parameter AS p ON p.name = 'industry.electricity.meter_gone_months' AND m.month >= p.valid_from AND m.month < p.valid_to
  GROUP BY m.month
),
metered AS (
  SELECT credit_code, month, count(kwh) = count(*) AS known, CAST(sum(kwh) AS DECIMAL(18,2)) AS kwh
  FROM dwd.industry_meter
  GROUP BY credit_code, month
),
-- Each meter with the month in which it is heard of again. A meter that stays
-- away was not switched off: until it counts as removed, the electricity of the
-- enterprise is not known. Whose last reading was 0 is not waited for.
last_reading AS (
  SELECT credit_code, month, kwh, lead(month) OVER (PARTITION BY credit_code, meter_no ORDER BY month) AS next_month
  FROM dwd.industry_meter
),
awaited AS (
  SELECT DISTINCT e.credit_code, e.month
  FROM metered AS e
  JOIN gone AS g ON g.month = e.month
  JOIN last_reading AS l
    ON l.credit_code = e.credit_code AND l.month < e.month AND (l.next_month IS NULL OR l.next_month > e.month)
    AND date_diff('month', l.month, e.month) <= g.months
  WHERE l.kwh IS NULL OR l.kwh > 0
),
electricity AS (
  SELECT e.credit_code, e.month, CASE WHEN e.known AND a.credit_code IS NULL THEN e.kwh END AS kwh
  FROM metered AS e
  LEFT JOIN awaited AS a ON a.credit_code = e.credit_code AND a.month = e.month
),
subject AS (
  SELECT credit_code, month FROM output
  UNION SELECT credit_code, month FROM orders
  UNION SELECT credit_code, month FROM employment
  UNION SELECT credit_code, month FROM climate
  UNION SELECT credit_code, month FROM electricity
)
SELECT
  s.credit_code, s.month,
  o.output, o.output_base, o.capacity,
  e.kwh,
  r.undelivered_hours, r.available_hours,
  w.workers_needed, w.workers_present,
  c.current_climate, c.expected_climate, c.new_orders, c.production, c.employment, c.delivery, c.inventory
FROM subject AS s
LEFT JOIN output AS o ON o.credit_code = s.credit_code AND o.month = s.month
LEFT JOIN orders AS r ON r.credit_code = s.credit_code AND r.month = s.month
LEFT JOIN employment AS w ON w.credit_code = s.credit_code AND w.month = s.month
LEFT JOIN climate AS c ON c.credit_code = s.credit_code AND c.month = s.month
LEFT JOIN electricity AS e ON e.credit_code = s.credit_code AND e.month = s.month
