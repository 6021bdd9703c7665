-- What each meter tells of a month. One read by the month tells it at once, one
-- read by the day when the days are there; what is missing is not made up. Two
-- monthly readings in one month are one month's too many, and nothing says which
-- is of another month.
WITH reading AS (
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
)
SELECT
  r.credit_code, r.meter_no, r.month,
  CAST(CASE
    WHEN count_if(r.period = '月') = 1 THEN sum(r.kwh) FILTER (WHERE r.period = '月')
    WHEN count_if(r.period = '月') > 1 THEN NULL
    WHEN count(*) >= round(max(d.min_share) * day(last_day_of_month(r.month)), 9) THEN sum(r.kwh)
  END AS DECIMAL(18,2)) AS kwh
FROM reading AS r
JOIN days AS d ON d.month = r.month
GROUP BY r.credit_code, r.meter_no, r.month
