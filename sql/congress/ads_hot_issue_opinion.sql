SELECT
  m.issue_id, m.opinion_id, m.day, o.submitted_at, m.person_key, o.channel, m.region_code, l.category,
  o.title, o.body, m.likes, m.dislikes, m.similarity,
  -- By number: the name of a group is the id of its first message, which may be
  -- one of a region that the reader may not read.
  dense_rank() OVER (PARTITION BY m.issue_id, date_trunc('month', m.day) ORDER BY m.duplicate_group) AS duplicate_group,
  m.is_centre
FROM dwd.congress_issue_opinion AS m
JOIN dwd.congress_opinion AS o ON o.opinion_id = m.opinion_id
JOIN dwd.congress_opinion_label AS l ON l.opinion_id = m.opinion_id
