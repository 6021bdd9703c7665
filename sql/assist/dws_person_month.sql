WITH belongs AS (
  SELECT
    e.month, m.person_key, count(DISTINCT m.household_key) AS households,
    CASE WHEN count(DISTINCT m.household_key) = 1 THEN min(m.household_key) END AS household_key,
    min(h.region_code) AS region_code
  FROM dws.assist_evaluation_day AS e
  JOIN dwd.assist_member AS m ON m.valid_from <= e.evaluated_on AND m.valid_to > e.evaluated_on
  LEFT JOIN dwd.assist_household AS h ON h.household_key = m.household_key
  GROUP BY e.month, m.person_key
),
-- Spells of a category that touch are one: a renewal is no new beginning.
spell AS (
  SELECT
    person_key, category, valid_from, valid_to,
    CASE WHEN valid_from <= max(valid_to) OVER (
      PARTITION BY person_key, category ORDER BY valid_from, valid_to ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) THEN 0 ELSE 1 END AS is_new
  FROM dwd.assist_list_status
  WHERE valid_from < valid_to
),
numbered AS (
  SELECT person_key, category, valid_from, valid_to, sum(is_new) OVER (PARTITION BY person_key, category ORDER BY valid_from, valid_to) AS nth
  FROM spell
),
standing AS (
  SELECT person_key, category, valid_from, valid_to, min(valid_from) OVER (PARTITION BY person_key, category, nth) AS since
  FROM numbered
),
listed AS (
  SELECT
    month, person_key, CAST(count_if(is_on_day) AS BIGINT) AS categories,
    CASE WHEN count_if(is_on_day) = 1 THEN min(CASE WHEN is_on_day THEN category END) END AS category,
    array_join(array_agg(CASE WHEN is_on_day THEN concat(category, '(', date_format(since, '%Y-%m-%d'), '起)') END ORDER BY category), '、') AS category_list
  FROM (
    SELECT
      e.month, s.person_key, s.category,
      bool_or(s.valid_from <= e.evaluated_on AND s.valid_to > e.evaluated_on) AS is_on_day,
      min(CASE WHEN s.valid_from <= e.evaluated_on AND s.valid_to > e.evaluated_on THEN s.since END) AS since
    FROM dws.assist_evaluation_day AS e
    JOIN standing AS s ON s.valid_from <= e.evaluated_on AND s.valid_to > e.year_start
    GROUP BY e.month, s.person_key, s.category
  ) AS by_category
  GROUP BY month, person_key
),
inverted AS (
  SELECT DISTINCT person_key FROM dwd.assist_list_status WHERE valid_to < valid_from
),
known AS (
  SELECT person_key FROM dwd.assist_person
  UNION
  SELECT person_key FROM dwd.assist_member
  UNION
  SELECT person_key FROM dwd.assist_list_status
)
SELECT
  e.month, k.person_key, b.household_key, coalesce(b.households, 0) AS households,
  coalesce(b.region_code, p.region_code) AS region_code,
  l.category, coalesce(l.categories, 0) AS categories, nullif(l.category_list, '') AS category_list,
  l.person_key IS NOT NULL AS listed_in_year,
  i.person_key IS NOT NULL AS is_status_unknown
FROM dws.assist_evaluation_day AS e
CROSS JOIN known AS k
LEFT JOIN dwd.assist_person AS p ON p.person_key = k.person_key
LEFT JOIN belongs AS b ON b.month = e.month AND b.person_key = k.person_key
LEFT JOIN listed AS l ON l.month = e.month AND l.person_key = k.person_key
LEFT JOIN inverted AS i ON i.person_key = k.person_key
