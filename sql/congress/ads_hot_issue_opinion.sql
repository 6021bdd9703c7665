SELECT
  m.issue_id, m.opinion_id, m.day, o.submitted_at, m.person_key, o.channel, m.region_code, l.category,
  o.title, o.body, m.likes, m.dislikes, m.similarity, m.duplicate_group, m.is_centre
FROM dwd.congress_issue_opinion AS m
JOIN dwd.congress_opinion AS o ON o.opinion_id = m.opinion_id
JOIN dwd.congress_opinion_label AS l ON l.opinion_id = m.opinion_id
