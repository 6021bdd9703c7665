-- 亩均: each enterprise in business at the end of a year, by the scheme of the
-- place, item by item. An item is points = value / baseline × weight.
WITH figure AS (
  SELECT '营业收入' AS figure, credit_code, year_end, CAST(revenue AS DOUBLE) / 10000 AS value, updated_at, batch_id, batch_row, deleted FROM ods.industry_finance
  UNION ALL
  SELECT '工业增加值', credit_code, year_end, CAST(value_added AS DOUBLE) / 10000, updated_at, batch_id, batch_row, deleted FROM ods.industry_finance
  UNION ALL
  SELECT '职工人数', credit_code, year_end, CAST(employees AS DOUBLE), updated_at, batch_id, batch_row, deleted FROM ods.industry_finance
  UNION ALL
  SELECT '研发费用', credit_code, year_end, CAST(research_cost AS DOUBLE) / 10000, updated_at, batch_id, batch_row, deleted FROM ods.industry_research
  UNION ALL
  SELECT '能耗', credit_code, year_end, CAST(energy_tce AS DOUBLE), updated_at, batch_id, batch_row, deleted FROM ods.industry_energy
  UNION ALL
  SELECT '排放', credit_code, year_end, CAST(emission_tonnes AS DOUBLE), updated_at, batch_id, batch_row, deleted FROM ods.industry_emission
),
versioned AS (
  SELECT
    *, row_number() OVER (PARTITION BY figure, credit_code, year_end ORDER BY updated_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS newest
  FROM figure
),
-- Of each record the newest version counts, then of a year's records the newest:
-- a form that was corrected to another day of its year is another record, and
-- the tombstone of the wrong one may come last.
yearly AS (
  SELECT
    figure, credit_code, CAST(date_trunc('year', year_end) + INTERVAL '12' MONTH - INTERVAL '1' DAY AS DATE) AS year_end, value,
    row_number() OVER (PARTITION BY figure, credit_code, year(year_end) ORDER BY updated_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS latest
  FROM versioned
  WHERE newest = 1 AND NOT coalesce(deleted, false)
),
tolerance AS (
  SELECT y.year_end, max(p.value) AS tolerance
  FROM (SELECT DISTINCT year_end FROM yearly) AS y
  JOIN dim.parameter AS p ON p.name = 'industry.alert.unit_tolerance' AND y.year_end >= p.valid_from AND y.year_end < p.valid_to
  GROUP BY y.year_end
),
-- Ten thousand times what it is in every other year, or a ten-thousandth.
mistaken AS (
  SELECT a.figure, a.credit_code, a.year_end
  FROM yearly AS a
  JOIN yearly AS b ON b.figure = a.figure AND b.credit_code = a.credit_code AND b.year_end <> a.year_end AND b.latest = 1 AND b.value > 0
  JOIN tolerance AS t ON t.year_end = a.year_end
  WHERE a.latest = 1 AND a.value > 0
  GROUP BY a.figure, a.credit_code, a.year_end
  HAVING bool_and(round(abs(abs(log10(a.value / nullif(b.value, 0))) - 4), 9) <= t.tolerance)
),
form AS (
  SELECT
    y.credit_code, y.year_end, bool_or(y.figure = '工业增加值') AS has_finance,
    max(CASE WHEN y.figure = '营业收入' AND m.figure IS NULL THEN y.value END) AS revenue,
    max(CASE WHEN y.figure = '工业增加值' AND m.figure IS NULL THEN y.value END) AS value_added,
    max(CASE WHEN y.figure = '职工人数' AND m.figure IS NULL THEN y.value END) AS employees,
    max(CASE WHEN y.figure = '研发费用' AND m.figure IS NULL THEN y.value END) AS research,
    max(CASE WHEN y.figure = '能耗' AND m.figure IS NULL THEN y.value END) AS energy,
    max(CASE WHEN y.figure = '排放' AND m.figure IS NULL THEN y.value END) AS emission,
    max(CASE WHEN m.figure = '营业收入' THEN '营业收入单位疑错' END) AS revenue_doubt,
    max(CASE WHEN m.figure = '工业增加值' THEN '工业增加值单位疑错' END) AS value_added_doubt,
    max(CASE WHEN m.figure = '职工人数' THEN '职工人数单位疑错' END) AS employees_doubt,
    max(CASE WHEN m.figure = '研发费用' THEN '研发费用单位疑错' END) AS research_doubt,
    max(CASE WHEN m.figure = '能耗' THEN '能耗单位疑错' END) AS energy_doubt,
    max(CASE WHEN m.figure = '排放' THEN '排放单位疑错' END) AS emission_doubt
  FROM yearly AS y
  LEFT JOIN mistaken AS m ON m.figure = y.figure AND m.credit_code = y.credit_code AND m.year_end = y.year_end
  WHERE y.latest = 1
  GROUP BY y.credit_code, y.year_end
),
year AS (
  SELECT DISTINCT year_end FROM form WHERE has_finance
),
parameter AS (
  SELECT y.year_end, max(p.text_value) AS scheme
  FROM year AS y
  JOIN dim.parameter AS p ON p.name = 'industry.grade.scheme' AND y.year_end >= p.valid_from AND y.year_end < p.valid_to
  GROUP BY y.year_end
),
enterprise AS (
  SELECT y.year_end, y.scheme, e.credit_code, e.region_code, CASE WHEN e.above_scale THEN '规上' ELSE '规下' END AS unit_class
  FROM parameter AS y
  JOIN dim.industry_enterprise AS e ON e.status = '在营' AND e.valid_from <= y.year_end AND e.valid_to > y.year_end
),
-- In which months of the year the enterprise was in business.
business AS (
  SELECT y.year_end, e.credit_code, count(DISTINCT m.n) AS months, min(m.n) AS first_month
  FROM year AS y
  CROSS JOIN UNNEST(sequence(0, 11)) AS m(n)
  JOIN dim.industry_enterprise AS e
    ON e.status = '在营' AND e.valid_from < CAST(date_trunc('year', y.year_end) + INTERVAL '1' MONTH * (m.n + 1) AS DATE)
    AND e.valid_to > CAST(date_trunc('year', y.year_end) + INTERVAL '1' MONTH * m.n AS DATE)
  GROUP BY y.year_end, e.credit_code
),
payment AS (
  SELECT
    credit_code, year(period_end) AS year, period_start, period_end, tax_paid,
    max(period_end) OVER (PARTITION BY credit_code, year(period_end) ORDER BY period_start, period_end ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until_then,
    row_number() OVER (PARTITION BY credit_code, year(period_end) ORDER BY tax_paid DESC, period_start) AS place
  FROM (
    SELECT *, row_number() OVER (PARTITION BY credit_code, period_start, period_end ORDER BY updated_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS newest
    FROM ods.industry_tax
  ) AS ranked WHERE newest = 1 AND NOT coalesce(deleted, false)
),
paid AS (
  SELECT
    credit_code, year, CAST(sum(tax_paid) AS DOUBLE) / 10000 AS tax, min(period_start) AS first_day, max(period_end) AS last_day,
    max(tax_paid) AS most, max(CASE WHEN place = 2 THEN tax_paid END) AS next_most,
    coalesce(bool_or(until_then >= period_start), false) AS overlaps,
    coalesce(bool_or(period_start > CAST(until_then + INTERVAL '1' DAY AS DATE)), false) AS has_gap
  FROM payment
  GROUP BY credit_code, year
),
-- Ten thousand times what it is in every other year, or a ten-thousandth.
unlike AS (
  SELECT a.credit_code, a.year
  FROM paid AS a
  JOIN paid AS b ON b.credit_code = a.credit_code AND b.year <> a.year AND b.tax > 0
  JOIN tolerance AS t ON year(t.year_end) = a.year
  WHERE a.tax > 0
  GROUP BY a.credit_code, a.year
  HAVING bool_and(round(abs(abs(log10(a.tax / nullif(b.tax, 0))) - 4), 9) <= t.tolerance)
),
-- What nobody can add up is not known, and why.
tax AS (
  SELECT
    b.year_end, b.credit_code, p.tax,
    CASE
      WHEN p.overlaps THEN '税款所属期重叠'
      WHEN p.first_day < date_trunc('year', b.year_end) THEN '税款所属期跨年'
      WHEN p.has_gap OR p.last_day < b.year_end OR (b.months = 12 AND p.first_day > date_trunc('year', b.year_end)) THEN '税款不足全年'
      WHEN p.first_day > last_day_of_month(CAST(date_trunc('year', b.year_end) + INTERVAL '1' MONTH * b.first_month AS DATE)) THEN '税款不足全年'
      -- One period that is ten thousand times any other of the year.
      WHEN u.credit_code IS NOT NULL OR p.next_most > 0 AND round(log10(CAST(p.most AS DOUBLE) / nullif(CAST(p.next_most AS DOUBLE), 0)), 9) >= 4 - t.tolerance THEN '税款单位疑错'
    END AS doubt
  FROM business AS b
  JOIN paid AS p ON p.credit_code = b.credit_code AND p.year = year(b.year_end)
  LEFT JOIN tolerance AS t ON t.year_end = b.year_end
  LEFT JOIN unlike AS u ON u.credit_code = p.credit_code AND u.year = p.year
),
parcel AS (
  SELECT
    credit_code, area_mu, effective_from,
    coalesce(lead(effective_from) OVER (PARTITION BY credit_code, parcel_no ORDER BY effective_from), DATE '9999-12-31') AS effective_to
  FROM (
    SELECT *, row_number() OVER (PARTITION BY credit_code, parcel_no, effective_from ORDER BY updated_at DESC NULLS LAST, batch_id DESC, batch_row DESC) AS newest
    FROM ods.industry_land
  ) AS ranked WHERE newest = 1 AND NOT coalesce(deleted, false)
),
land AS (
  SELECT y.year_end, p.credit_code, CAST(sum(p.area_mu) AS DOUBLE) AS mu
  FROM year AS y
  JOIN parcel AS p ON p.effective_from <= y.year_end AND p.effective_to > y.year_end
  GROUP BY y.year_end, p.credit_code
),
power AS (
  SELECT credit_code, year(month) AS year, count(kwh) AS months, CAST(sum(kwh) AS DOUBLE) AS kwh
  FROM dwd.industry_month
  WHERE registered
  GROUP BY credit_code, year(month)
),
-- The electricity of some months is not that of the year.
electricity AS (
  SELECT b.year_end, b.credit_code, CASE WHEN w.months >= b.months THEN w.kwh END AS kwh, CASE WHEN w.months < b.months THEN '电量不足全年' END AS doubt
  FROM business AS b
  JOIN power AS w ON w.credit_code = b.credit_code AND w.year = year(b.year_end)
),
measured AS (
  SELECT
    e.year_end, e.scheme, e.credit_code, e.region_code, e.unit_class, t.doubt AS tax_doubt, coalesce(t.doubt, w.doubt) AS power_doubt,
    f.revenue_doubt, f.value_added_doubt, f.employees_doubt, f.research_doubt, f.energy_doubt, f.emission_doubt,
    CASE WHEN t.doubt IS NULL THEN t.tax END / nullif(l.mu, 0) AS tax_per_mu,
    f.value_added / nullif(l.mu, 0) AS value_added_per_mu,
    f.value_added / nullif(f.energy, 0) AS value_added_per_tce,
    f.value_added / nullif(f.emission, 0) AS value_added_per_tonne,
    f.value_added / nullif(f.employees, 0) AS value_added_per_worker,
    f.research / nullif(f.revenue, 0) AS research_share,
    CASE WHEN t.doubt IS NULL THEN t.tax END * 10000 / nullif(w.kwh, 0) AS tax_per_kwh
  FROM enterprise AS e
  LEFT JOIN tax AS t ON t.credit_code = e.credit_code AND t.year_end = e.year_end
  LEFT JOIN land AS l ON l.credit_code = e.credit_code AND l.year_end = e.year_end
  LEFT JOIN form AS f ON f.credit_code = e.credit_code AND f.year_end = e.year_end
  LEFT JOIN electricity AS w ON w.credit_code = e.credit_code AND w.year_end = e.year_end
),
item AS (
  SELECT
    m.year_end, m.scheme, m.credit_code, m.region_code, m.unit_class, i.item, i.if_missing,
    CASE i.item
      WHEN '亩均税收' THEN m.tax_per_mu
      WHEN '亩均增加值' THEN m.value_added_per_mu
      WHEN '单位能耗增加值' THEN m.value_added_per_tce
      WHEN '单位排放增加值' THEN m.value_added_per_tonne
      WHEN '劳动生产率' THEN m.value_added_per_worker
      WHEN 'R&D占比' THEN m.research_share
      WHEN '单位用电税收' THEN m.tax_per_kwh
    END AS value,
    CASE i.item
      WHEN '亩均税收' THEN m.tax_doubt
      WHEN '亩均增加值' THEN m.value_added_doubt
      WHEN '单位能耗增加值' THEN coalesce(m.value_added_doubt, m.energy_doubt)
      WHEN '单位排放增加值' THEN coalesce(m.value_added_doubt, m.emission_doubt)
      WHEN '劳动生产率' THEN coalesce(m.value_added_doubt, m.employees_doubt)
      WHEN 'R&D占比' THEN coalesce(m.research_doubt, m.revenue_doubt)
      WHEN '单位用电税收' THEN m.power_doubt
    END AS doubt,
    i.baseline, i.weight, i.cap
  FROM measured AS m
  JOIN dim.industry_grade_item AS i
    ON i.scheme = m.scheme AND i.unit_class = m.unit_class AND m.year_end >= i.valid_from AND m.year_end < i.valid_to
),
scored AS (
  SELECT
    year_end, scheme, credit_code, region_code, unit_class, item, if_missing, value, doubt,
    CASE WHEN value / nullif(baseline, 0) * weight > cap THEN cap ELSE value / nullif(baseline, 0) * weight END AS points
  FROM item
)
SELECT
  year_end, scheme, credit_code, region_code, unit_class, item, value,
  -- A mean of decimals is the same in whatever order they are added up.
  CASE
    WHEN points IS NOT NULL THEN points
    -- A doubt is no want of data: it is neither 0 nor the mean of others.
    WHEN doubt IS NOT NULL THEN NULL
    WHEN if_missing = '平均分' THEN CAST(avg(CAST(points AS DECIMAL(38,9))) OVER (PARTITION BY year_end, unit_class, item) AS DOUBLE)
    WHEN if_missing = '零分' THEN 0
  END AS points,
  CASE WHEN points IS NULL THEN CASE WHEN doubt IS NULL THEN if_missing ELSE '不评' END END AS filled, doubt
FROM scored
