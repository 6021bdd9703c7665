SELECT
  i.scheme, i.year, i.year_end, y.deputy_key, y.deputy_name, i.level, i.region_code, y.group_name,
  i.item, i.records, i.how, i.points, i.capped, i.total, i.rank_in_group, i.group_size, i.band, i.band_note, i.action
FROM dws.congress_score_item AS i
JOIN dws.congress_deputy_year AS y
  ON y.year = i.year AND y.deputy_key = i.subject_key AND y.level = i.level AND y.region_code = i.region_code
WHERE i.subject = '代表'
