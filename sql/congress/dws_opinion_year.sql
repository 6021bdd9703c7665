-- What was finished after the end of the year counts for the year in which the
-- opinion was recorded.
SELECT
  o.source_system, o.opinion_id, o.station_id, extract(YEAR FROM o.recorded_on) AS year,
  o.accepted_on IS NOT NULL AND o.accepted_on <= r.as_of AS is_accepted,
  o.accepted_on IS NOT NULL AND o.finished_on IS NOT NULL AND o.finished_on <= r.as_of AS is_finished,
  o.due_on IS NOT NULL AS has_due,
  CASE
    WHEN o.accepted_on IS NULL OR o.due_on IS NULL THEN NULL
    WHEN o.finished_on IS NOT NULL AND o.finished_on <= r.as_of THEN o.finished_on <= o.due_on
    WHEN o.due_on < r.as_of THEN FALSE
  END AS is_on_time,
  CASE WHEN o.finished_on IS NOT NULL AND o.finished_on <= r.as_of THEN o.satisfaction END AS satisfaction
FROM dwd.congress_station_opinion AS o
CROSS JOIN dim.run AS r
WHERE o.recorded_on <= r.as_of
