SELECT
  scheme, year, subject_key AS group_name, level, region_code,
  item, records, how, points, capped, total, rank_in_group, group_size, band, band_note, action
FROM dws.congress_score_item
WHERE subject = '代表小组'
