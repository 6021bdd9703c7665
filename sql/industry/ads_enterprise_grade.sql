-- Compared before rounded: places are by the exact score.
WITH total AS (
  SELECT
    year_end, scheme, credit_code, region_code, unit_class,
    CASE WHEN count(points) = count(*) THEN CAST(sum(CAST(points AS DECIMAL(38,9))) AS DOUBLE) END AS score,
    max(CASE WHEN item = '亩均税收' THEN points END) AS tax_points,
    max(CASE WHEN item = '亩均增加值' THEN points END) AS value_added_points,
    max(CASE WHEN item = '单位能耗增加值' THEN points END) AS energy_points,
    max(CASE WHEN item = '单位排放增加值' THEN points END) AS emission_points,
    max(CASE WHEN item = '劳动生产率' THEN points END) AS productivity_points,
    max(CASE WHEN item = 'R&D占比' THEN points END) AS research_points,
    max(CASE WHEN item = '单位用电税收' THEN points END) AS electricity_points,
    array_agg(item ORDER BY item) FILTER (WHERE filled = '平均分') AS averaged,
    array_agg(concat(item, CASE WHEN doubt IS NULL THEN '' ELSE concat('(', doubt, ')') END) ORDER BY item) FILTER (WHERE points IS NULL) AS missing
  FROM dws.industry_grade_item
  GROUP BY year_end, scheme, credit_code, region_code, unit_class
),
placed AS (
  SELECT
    year_end, unit_class, credit_code,
    rank() OVER (PARTITION BY year_end, unit_class ORDER BY round(score, 9) DESC) AS place,
    count(*) OVER (PARTITION BY year_end, unit_class) AS graded
  FROM total
  WHERE score IS NOT NULL
),
lined AS (
  SELECT p.year_end, p.unit_class, p.credit_code, p.place, p.graded, min(l.grade) AS grade
  FROM placed AS p
  JOIN total AS t ON t.year_end = p.year_end AND t.credit_code = p.credit_code
  JOIN dim.industry_grade_line AS l
    ON l.scheme = t.scheme AND p.year_end >= l.valid_from AND p.year_end < l.valid_to
    AND p.place <= round(l.up_to * p.graded, 9)
  GROUP BY p.year_end, p.unit_class, p.credit_code, p.place, p.graded
)
SELECT
  t.year_end, t.scheme, t.credit_code, e.enterprise_name, t.region_code, t.unit_class,
  round(t.score, 2) AS score, g.grade, g.place, g.graded,
  round(t.tax_points, 2) AS tax_points,
  round(t.value_added_points, 2) AS value_added_points,
  round(t.energy_points, 2) AS energy_points,
  round(t.emission_points, 2) AS emission_points,
  round(t.productivity_points, 2) AS productivity_points,
  round(t.research_points, 2) AS research_points,
  round(t.electricity_points, 2) AS electricity_points,
  array_join(t.averaged, '、') AS averaged,
  array_join(t.missing, '、') AS missing
FROM total AS t
JOIN dim.industry_enterprise AS e ON e.credit_code = t.credit_code AND e.valid_from <= t.year_end AND e.valid_to > t.year_end
LEFT JOIN lined AS g ON g.year_end = t.year_end AND g.credit_code = t.credit_code
