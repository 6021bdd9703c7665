SELECT asset_id, person_key, kind, amount, area, valid_from, valid_to
FROM (
  SELECT
    asset_id, person_key, kind, amount, area, checked_on AS valid_from,
    least(
      coalesce(lead(checked_on) OVER (PARTITION BY asset_id ORDER BY checked_on), DATE '9999-12-31'),
      coalesce(disposed_on, DATE '9999-12-31')
    ) AS valid_to
  FROM (
    SELECT
      concat(source_system, ':', asset_id) AS asset_id, person_key, kind, amount, area, checked_on, disposed_on,
      deleted,
      row_number() OVER (
        PARTITION BY source_system, asset_id, checked_on ORDER BY batch_id DESC, batch_row DESC
      ) AS newest
    FROM ods.assist_asset
  ) AS ranked
  WHERE newest = 1 AND NOT coalesce(deleted, false)
) AS dated
WHERE valid_from < valid_to
