WITH person AS (
  SELECT p.month, '名单重叠' AS kind, p.person_key, concat('评估日同时为', p.category_list, '(民政局)') AS detail
  FROM dws.assist_person_month AS p
  WHERE p.categories > 1
  UNION ALL
  SELECT p.month, '一人多户' AS kind, p.person_key, concat('评估日同时在', CAST(p.households AS VARCHAR), '户(户籍)') AS detail
  FROM dws.assist_person_month AS p
  WHERE p.households > 1
  UNION ALL
  SELECT p.month, '认定起止颠倒' AS kind, p.person_key, '认定的终止日早于起始日(民政局)' AS detail
  FROM dws.assist_person_month AS p
  WHERE p.is_status_unknown
  UNION ALL
  SELECT DISTINCT e.month, '户成员起止颠倒' AS kind, m.person_key, '离户或死亡早于入户(户籍、殡葬)' AS detail
  FROM dws.assist_evaluation_day AS e
  JOIN dwd.assist_member AS m ON m.valid_to < m.valid_from AND m.valid_to <= e.evaluated_on
  UNION ALL
  SELECT
    e.month, '特困而在职' AS kind, w.person_key,
    concat('特困', date_format(max(s.valid_from), '%Y-%m-%d'), '起(民政局),在职参保', date_format(max(w.valid_from), '%Y-%m-%d'), '起(人社局)') AS detail
  FROM dws.assist_evaluation_day AS e
  JOIN dwd.assist_list_status AS s ON s.valid_from <= e.evaluated_on AND s.valid_to > e.evaluated_on AND s.category = '特困'
  JOIN dwd.assist_employment AS w ON w.person_key = s.person_key AND w.valid_from <= e.evaluated_on AND w.valid_to > e.evaluated_on AND w.state = '在职参保'
  GROUP BY e.month, w.person_key
  UNION ALL
  -- Leaving the books takes until the end of the month after the death.
  SELECT
    e.month, '死亡后仍参保' AS kind, w.person_key,
    concat('死亡', date_format(max(d.last_died_on), '%Y-%m-%d'), '(殡葬),评估日仍在职参保(人社局)') AS detail
  FROM dws.assist_evaluation_day AS e
  JOIN dwd.assist_death AS d ON d.last_died_on < CAST(e.month - INTERVAL '1' MONTH AS DATE)
  JOIN dwd.assist_employment AS w ON w.person_key = d.person_key AND w.valid_from <= e.evaluated_on AND w.valid_to > e.evaluated_on AND w.state = '在职参保'
  GROUP BY e.month, w.person_key
  UNION ALL
  SELECT
    e.month, '死亡日期不一' AS kind, d.person_key,
    concat('死亡登记', date_format(d.died_on, '%Y-%m-%d'), '与', date_format(d.last_died_on, '%Y-%m-%d'), '(殡葬)') AS detail
  FROM dws.assist_evaluation_day AS e
  JOIN dwd.assist_death AS d ON d.died_on <= e.evaluated_on AND d.died_on < d.last_died_on
  UNION ALL
  SELECT
    e.month, '残疾人补贴无有效证' AS kind, b.person_key,
    '本月发放残疾人补贴(民政局),发放日无有效残疾人证(残联)' AS detail
  FROM dws.assist_evaluation_day AS e
  JOIN dwd.assist_benefit AS b ON b.month = e.month AND b.day <= e.evaluated_on AND b.benefit = '残疾人补贴'
  LEFT JOIN dwd.assist_disability AS c ON c.person_key = b.person_key AND c.valid_from <= b.day AND c.valid_to > b.day
  WHERE c.person_key IS NULL
  GROUP BY e.month, b.person_key
  UNION ALL
  SELECT
    e.month, '自负大于总额' AS kind, c.person_key,
    concat('近12个月医保结算', CAST(sum(c.contradictory) AS VARCHAR), '笔自负大于总额(医保局)') AS detail
  FROM dws.assist_evaluation_day AS e
  JOIN dws.assist_medical_month AS c ON c.month >= e.rolling_start AND c.month <= e.month AND c.contradictory > 0
  GROUP BY e.month, c.person_key
)
SELECT month, kind, person_key AS subject_key, person_key, CAST(NULL AS VARCHAR) AS household_key, detail
FROM person
UNION ALL
SELECT h.month, '一户多个户主' AS kind, h.household_key AS subject_key, CAST(NULL AS VARCHAR) AS person_key, h.household_key,
  concat('评估日户主', CAST(h.heads AS VARCHAR), '人(户籍)') AS detail
FROM dws.assist_household_month AS h
WHERE h.heads > 1
