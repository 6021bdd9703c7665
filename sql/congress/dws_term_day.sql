SELECT
  m.day,
  m.region_code,
  coalesce(m.category, '全部') AS category,
  m.term,
  count(DISTINCT m.person_key) AS people,
  count(DISTINCT m.opinion_id) AS opinions
FROM (
  SELECT o.day, a.ancestor_code AS region_code, l.category, t.term, o.person_key, o.opinion_id
  FROM dwd.congress_opinion AS o
  JOIN dwd.congress_opinion_word AS w ON w.opinion_id = o.opinion_id
  JOIN dwd.congress_opinion_label AS l ON l.opinion_id = o.opinion_id
  JOIN dim.region_ancestor AS a ON a.region_code = l.region_code
  CROSS JOIN UNNEST(w.terms) AS t(term)
) AS m
GROUP BY GROUPING SETS ((m.day, m.region_code, m.term), (m.day, m.region_code, m.category, m.term))
