-- What was finished after the end of the year counts for the year in which the
-- opinion was recorded. One that was not accepted is neither finished nor
-- evaluated, whatever is written there: rates have what was accepted below them.
WITH stood AS (
  SELECT
    o.source_system, o.opinion_id, o.station_id, extract(YEAR FROM o.recorded_on) AS year, o.due_on, o.finished_on, o.satisfaction, r.as_of,
    o.accepted_on IS NOT NULL AND o.accepted_on <= r.as_of AS is_accepted,
    o.accepted_on IS NOT NULL AND o.accepted_on <= r.as_of AND o.finished_on IS NOT NULL AND o.finished_on <= r.as_of AS is_finished
  FROM dwd.congress_station_opinion AS o
  CROSS JOIN dim.run AS r
  WHERE o.recorded_on <= r.as_of
)
SELECT
  source_system, opinion_id, station_id, year, is_accepted, is_finished,
  due_on IS NOT NULL AS has_due,
  CASE
    WHEN NOT is_accepted OR due_on IS NULL THEN NULL
    WHEN is_finished THEN finished_on <= due_on
    WHEN due_on < as_of THEN FALSE
  END AS is_on_time,
  CASE WHEN is_finished THEN satisfaction END AS satisfaction
FROM stood
