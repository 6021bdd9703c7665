-- What the day that the run reports on means to a month: nothing new, once the
-- month is over.
SELECT m.month, least(CAST(last_day_of_month(m.month) AS DATE), r.as_of) AS counted_to
FROM (SELECT DISTINCT CAST(date_trunc('month', day) AS DATE) AS month FROM dwd.congress_duty_record) AS m
CROSS JOIN dim.run AS r
