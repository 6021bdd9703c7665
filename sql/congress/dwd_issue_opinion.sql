SELECT
  i.issue_id,
  o.opinion_id,
  o.day,
  element_at(i.similarities, m.n) AS similarity,
  element_at(i.duplicate_groups, m.n) AS duplicate_group,
  o.opinion_id = i.centre_id AS is_centre,
  o.person_key,
  l.region_code,
  o.likes,
  o.dislikes
FROM dwd.congress_issue AS i
CROSS JOIN UNNEST(sequence(1, cardinality(i.opinion_ids))) AS m(n)
JOIN dwd.congress_opinion AS o ON o.opinion_id = element_at(i.opinion_ids, m.n)
JOIN dwd.congress_opinion_label AS l ON l.opinion_id = o.opinion_id
