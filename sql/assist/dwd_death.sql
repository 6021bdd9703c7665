SELECT person_key, min(died_on) AS died_on, max(died_on) AS last_died_on, count(*) AS records
FROM (
  SELECT
    person_key, died_on, deleted,
    row_number() OVER (
      PARTITION BY source_system, death_id ORDER BY batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.assist_death
) AS ranked
WHERE newest = 1 AND NOT coalesce(deleted, false)
GROUP BY person_key
