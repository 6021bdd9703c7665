SELECT
  CAST(date_trunc('month', d.day) AS DATE) AS month,
  d.region_code,
  d.category,
  d.term,
  CAST(sum(d.people) AS BIGINT) AS uses
FROM dws.congress_term_day AS d
GROUP BY CAST(date_trunc('month', d.day) AS DATE), d.region_code, d.category, d.term
