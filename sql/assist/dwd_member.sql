-- Whose records give two days of death belongs to the household until the later
-- of them.
SELECT household_key, person_key, relation, valid_from, valid_to
FROM (
  SELECT
    m.household_key, m.person_key, m.relation, m.joined_on AS valid_from,
    least(
      coalesce(m.left_on, DATE '9999-12-31'),
      coalesce(CAST(d.last_died_on + INTERVAL '1' DAY AS DATE), DATE '9999-12-31')
    ) AS valid_to,
    m.deleted,
    row_number() OVER (
      PARTITION BY m.household_key, m.person_key, m.joined_on
      ORDER BY m.as_of DESC, m.batch_id DESC, m.batch_row DESC
    ) AS newest
  FROM ods.assist_member AS m
  LEFT JOIN dwd.assist_death AS d ON d.person_key = m.person_key
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
