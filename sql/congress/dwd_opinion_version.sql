-- Sources of one system share their ids; two systems may give the same id to
-- different opinions, so an id is only trusted within its system. An opinion
-- whose newest version is a tombstone was deleted at its source.
SELECT
  CASE WHEN systems > 1 THEN concat(source_system, ':', opinion_id) ELSE opinion_id END AS opinion_id,
  batch_id,
  batch_row,
  first_batch_id,
  submitted_at
FROM (
  SELECT
    v.opinion_id, v.source_system, v.batch_id, v.batch_row, v.submitted_at,
    coalesce(v.deleted, false) AS deleted,
    -- A row without a version is older than one with it; among equals the
    -- later delivery counts.
    row_number() OVER (
      PARTITION BY v.source_system, v.opinion_id
      ORDER BY v.updated_at DESC NULLS LAST, v.batch_id DESC, v.batch_row DESC
    ) AS newest,
    min(v.batch_id) OVER (PARTITION BY v.source_system, v.opinion_id) AS first_batch_id,
    s.systems
  FROM ods.congress_opinion AS v
  JOIN (
    SELECT opinion_id, count(DISTINCT source_system) AS systems
    FROM ods.congress_opinion
    GROUP BY opinion_id
  ) AS s ON s.opinion_id = v.opinion_id
) AS ranked
WHERE newest = 1 AND NOT deleted
