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
reading AS (
  SELECT credit_code, meter_no, period, read_on, kwh, CAST(date_trunc('month', read_on) AS DATE) AS month
  FROM (
    SELECT *, row_number() OVER (
      PARTITION BY credit_code, meter_no, period, read_on ORDER BY batch_id DESC, batch_row DESC) AS newest
    FROM ods.industry_electricity
  ) AS ranked WHERE newest = 1 AND NOT coalesce(deleted, false)
),
days AS (
  SELECT m.month, max(p.value) AS min_share
  FROM (SELECT DISTINCT month FROM reading) AS m
  JOIN dim.parameter AS p ON p.name = 'industry.electricity.min_days_share' AND m.month >= p.valid_from AND m.month < p.valid_to
  GROUP BY m.month
),
-- A meter read by the month tells the month; one read by the day tells it when
-- the days are there. What is missing is not made up.
meter AS (
  SELECT
    r.credit_code, r.meter_no, r.month,
    CASE
      WHEN count_if(r.period = '月') > 0 THEN sum(r.kwh) FILTER (WHERE r.period = '月')
      WHEN count(*) >= max(d.min_share) * day(last_day_of_month(r.month)) THEN sum(r.kwh)
    END AS kwh
  FROM reading AS r
  JOIN days AS d ON d.month = r.month
  GROUP BY r.credit_code, r.meter_no, r.month
),
-- A meter that was read a month ago and is not now makes the sum unknown; after
-- that month it is taken for removed.
expected AS (
  SELECT credit_code, meter_no, month FROM meter
  UNION
  SELECT credit_code, meter_no, CAST(month + INTERVAL '1' MONTH AS DATE) AS month FROM meter
),
electricity AS (
  SELECT x.credit_code, x.month, CASE WHEN count(m.kwh) = count(*) THEN CAST(sum(m.kwh) AS DECIMAL(18,2)) END AS kwh
  FROM expected AS x
  JOIN (SELECT DISTINCT credit_code, month FROM meter) AS r ON r.credit_code = x.credit_code AND r.month = x.month
  LEFT JOIN meter AS m ON m.credit_code = x.credit_code AND m.meter_no = x.meter_no AND m.month = x.month
  GROUP BY x.credit_code, x.month
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
