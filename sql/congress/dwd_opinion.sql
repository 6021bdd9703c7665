SELECT
  v.opinion_id,
  CAST(o.submitted_at AS DATE) AS day,
  o.submitted_at,
  coalesce(o.submitter_key, concat('opinion:', v.opinion_id)) AS person_key,
  o.channel,
  o.region_code,
  o.category,
  o.title,
  o.body,
  coalesce(o.likes, CAST(0 AS BIGINT)) AS likes,
  coalesce(o.dislikes, CAST(0 AS BIGINT)) AS dislikes,
  v.first_batch_id
FROM ods.congress_opinion AS o
JOIN dwd.congress_opinion_version AS v
  ON v.batch_id = o.batch_id AND v.batch_row = o.batch_row
