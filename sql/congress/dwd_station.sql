SELECT station_id, station_name, region_code, opened_on, coalesce(closed_on, DATE '9999-12-31') AS closed_on
FROM (
  SELECT
    station_id, station_name, region_code, opened_on, closed_on, deleted,
    row_number() OVER (PARTITION BY station_id ORDER BY updated_on DESC, batch_id DESC, batch_row DESC) AS newest
  FROM ods.congress_station
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
