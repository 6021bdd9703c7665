SELECT
  scheme, year, deputy_key, level, region_code, group_name, item, condition, counts,
  source, source_system, record_id, kind, role, day, quantity
FROM dws.congress_score_record
