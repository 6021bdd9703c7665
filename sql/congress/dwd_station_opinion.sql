SELECT source_system, opinion_id, station_id, deputy_key, channel, recorded_on, accepted_on, due_on, finished_on, satisfaction
FROM (
  SELECT
    source_system, opinion_id, station_id, deputy_key, channel, recorded_on, accepted_on, due_on, finished_on, satisfaction, deleted,
    row_number() OVER (
      PARTITION BY source_system, opinion_id ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.congress_station_opinion
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
