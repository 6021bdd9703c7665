WITH inverted AS (
  SELECT household_key, count(DISTINCT person_key) AS members FROM dwd.assist_member WHERE valid_to < valid_from GROUP BY household_key
),
counted AS (
  SELECT
    e.month, m.household_key,
    count(DISTINCT m.person_key) AS members,
    count(DISTINCT CASE WHEN m.relation = '户主' THEN m.person_key END) AS heads,
    count(DISTINCT CASE WHEN p.households > 1 THEN m.person_key END) AS shared_members,
    count(DISTINCT p.category) AS categories,
    min(p.category) AS first_category,
    max(p.category) AS last_category,
    bool_or(p.listed_in_year) AS listed_in_year,
    bool_or(p.is_status_unknown OR p.categories > 1) AS is_status_unknown
  FROM dws.assist_evaluation_day AS e
  JOIN dwd.assist_member AS m ON m.valid_from <= e.evaluated_on AND m.valid_to > e.evaluated_on
  JOIN dws.assist_person_month AS p ON p.month = e.month AND p.person_key = m.person_key
  GROUP BY e.month, m.household_key
)
SELECT
  c.month, c.household_key, h.region_code, c.members, c.heads, c.shared_members,
  nullif(array_join(ARRAY[
    CASE WHEN c.heads > 1 THEN concat('户主', CAST(c.heads AS VARCHAR), '人') END,
    CASE WHEN c.shared_members > 0 THEN concat('成员', CAST(c.shared_members AS VARCHAR), '人同时在他户') END,
    CASE WHEN i.members > 0 THEN concat('成员', CAST(i.members AS VARCHAR), '人离户或死亡早于入户') END
  ], ';'), '') AS doubt,
  CASE WHEN c.categories = 1 THEN c.first_category END AS category,
  c.categories,
  CASE WHEN c.first_category = c.last_category THEN c.first_category ELSE concat(c.first_category, '、', c.last_category) END AS category_list,
  c.listed_in_year, c.is_status_unknown
FROM counted AS c
LEFT JOIN dwd.assist_household AS h ON h.household_key = c.household_key
LEFT JOIN inverted AS i ON i.household_key = c.household_key
