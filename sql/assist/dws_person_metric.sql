WITH treated AS (
  SELECT
    c.month, c.window_kind, m.person_key,
    sum(CASE WHEN m.month BETWEEN c.first_month AND c.last_month THEN m.claims ELSE 0 END) AS claims,
    sum(CASE WHEN m.month BETWEEN c.first_month AND c.last_month THEN m.contradictory ELSE 0 END) AS contradictory,
    sum(CASE WHEN m.month BETWEEN c.first_month AND c.last_month THEN m.total ELSE 0 END) AS total,
    sum(CASE WHEN m.month BETWEEN c.first_month AND c.last_month THEN m.self_paid ELSE 0 END) AS self_paid,
    max(CASE WHEN m.month <= c.last_month THEN m.last_day END) AS last_day
  FROM dws.assist_coverage AS c
  JOIN dws.assist_medical_month AS m ON m.month <= c.month AND m.month >= CAST(c.month - INTERVAL '14' MONTH AS DATE)
  WHERE c.dataset = 'medical' AND c.window_kind IN ('自然年', '滚动12月')
  GROUP BY c.month, c.window_kind, m.person_key
  -- Where nothing is missing and nothing was settled there is nothing to say.
  HAVING (max(c.missing_months) > 0 OR max(m.month) >= max(c.first_month)) AND min(m.month) <= max(c.last_month)
),
medical AS (
  SELECT
    t.month, t.window_kind, c.missing_months, c.note, t.person_key,
    t.claims, t.contradictory, t.total, t.self_paid, t.last_day
  FROM treated AS t
  JOIN dws.assist_coverage AS c ON c.month = t.month AND c.dataset = 'medical' AND c.window_kind = t.window_kind
),
-- Payments count from the month after the later day of death that is on record.
paid AS (
  SELECT
    c.month, c.window_kind, c.missing_months, c.note, b.person_key, d.died_on, d.last_died_on,
    sum(CASE WHEN b.month BETWEEN c.first_month AND c.last_month AND b.day > last_day_of_month(d.last_died_on) THEN b.amount ELSE 0 END) AS amount,
    count_if(b.month BETWEEN c.first_month AND c.last_month AND b.day > last_day_of_month(d.last_died_on)) AS payments,
    max(b.day) AS last_day
  FROM dws.assist_coverage AS c
  JOIN dws.assist_evaluation_day AS e ON e.month = c.month
  JOIN dwd.assist_benefit AS b ON b.day <= e.evaluated_on AND b.month >= CAST(c.month - INTERVAL '14' MONTH AS DATE)
  JOIN dwd.assist_death AS d ON d.person_key = b.person_key AND d.died_on <= e.evaluated_on
  WHERE c.dataset = 'benefit' AND c.window_kind IN ('自然年', '滚动12月')
  GROUP BY c.month, c.window_kind, c.missing_months, c.note, b.person_key, d.died_on, d.last_died_on
),
conflict AS (
  SELECT
    month, person_key, count(*) AS conflicts,
    array_join(array_agg(kind ORDER BY kind), '、') AS kinds,
    array_join(array_agg(concat(kind, ':', detail) ORDER BY kind), ';') AS detail
  FROM dws.assist_conflict
  WHERE person_key IS NOT NULL
  GROUP BY month, person_key
)
SELECT
  m.month, m.person_key, k.metric, m.window_kind,
  CAST(CASE k.metric WHEN 'medical_total' THEN m.total ELSE m.self_paid END AS DECIMAL(18,2)) AS numerator,
  CAST(1 AS DECIMAL(15,2)) AS denominator,
  CASE WHEN m.missing_months > 0 OR m.contradictory > 0 THEN '至少' ELSE '确数' END AS bound,
  CASE
    WHEN m.missing_months > 0 THEN m.note
    WHEN m.contradictory > 0 THEN concat('医保结算(医保局)', CAST(m.contradictory AS VARCHAR), '笔自负大于总额,金额未计入')
  END AS missing,
  '' AS basis,
  concat('医保结算', CAST(m.claims AS VARCHAR), '笔,末次', CAST(m.last_day AS VARCHAR), '(医保局)') AS detail
FROM medical AS m
CROSS JOIN (VALUES ('medical_total'), ('medical_self')) AS k(metric)
UNION ALL
SELECT
  p.month, p.person_key, 'paid_after_death' AS metric, p.window_kind,
  CAST(p.amount AS DECIMAL(18,2)) AS numerator,
  CAST(1 AS DECIMAL(15,2)) AS denominator,
  CASE WHEN p.missing_months > 0 OR p.died_on < p.last_died_on THEN '至少' ELSE '确数' END AS bound,
  CASE
    WHEN p.missing_months > 0 THEN p.note
    WHEN p.died_on < p.last_died_on THEN '死亡日期(殡葬)两条登记不一,按较晚的计'
  END AS missing,
  CAST(p.last_died_on AS VARCHAR) AS basis,
  concat('死亡', CAST(p.last_died_on AS VARCHAR), '(殡葬),发放', CAST(p.payments AS VARCHAR), '笔,末次', CAST(p.last_day AS VARCHAR), '(民政局)') AS detail
FROM paid AS p
UNION ALL
SELECT
  month, person_key, 'record_conflicts' AS metric, '时点' AS window_kind,
  CAST(conflicts AS DECIMAL(18,2)) AS numerator, CAST(1 AS DECIMAL(15,2)) AS denominator,
  '确数' AS bound, CAST(NULL AS VARCHAR) AS missing, kinds AS basis, detail
FROM conflict
