WITH subject AS (
  SELECT
    m.month, m.person_key AS subject_key, m.person_key, p.household_key, p.region_code,
    coalesce(p.categories, 0) AS categories, p.category, p.category_list,
    coalesce(p.listed_in_year, FALSE) AS listed_in_year, coalesce(p.is_status_unknown, FALSE) AS is_status_unknown,
    m.metric, m.window_kind, m.numerator, m.denominator, m.bound, m.missing, m.basis, m.detail
  FROM dws.assist_person_metric AS m
  LEFT JOIN dws.assist_person_month AS p ON p.month = m.month AND p.person_key = m.person_key
  UNION ALL
  SELECT
    m.month, m.household_key AS subject_key, CAST(NULL AS VARCHAR) AS person_key, m.household_key, h.region_code,
    h.categories, h.category, h.category_list, h.listed_in_year, h.is_status_unknown,
    m.metric, m.window_kind, m.numerator, m.denominator, m.bound, m.missing, m.basis, m.detail
  FROM dws.assist_household_metric AS m
  JOIN dws.assist_household_month AS h ON h.month = m.month AND h.household_key = m.household_key
),
-- How the rules are evaluated on each day.
term AS (
  SELECT
    e.month, e.evaluated_on, e.year_start, e.rolling_start, e.settled_month,
    max(CASE WHEN p.name = 'assist.risk.schemes' THEN p.text_value END) AS schemes,
    CAST(max(CASE WHEN p.name = 'assist.risk.subsistence_standard' THEN p.value END) AS DECIMAL(8,2)) AS standard
  FROM dws.assist_evaluation_day AS e
  JOIN dim.parameter AS p ON e.evaluated_on >= p.valid_from AND e.evaluated_on < p.valid_to
  GROUP BY e.month, e.evaluated_on, e.year_start, e.rolling_start, e.settled_month
),
ruled AS (
  SELECT
    s.month, t.evaluated_on, s.subject_key, s.person_key, s.household_key, s.region_code, s.numerator, s.denominator, s.bound,
    s.missing, s.basis, s.detail, coalesce(s.category_list, '名单外') AS status,
    r.rule_id, r.rule_version, r.comparison, r.step, r.evidence, r.window_kind, t.year_start, t.rolling_start, t.settled_month,
    r.threshold * CASE WHEN r.threshold_kind = '低保倍数' THEN t.standard ELSE CAST(1 AS DECIMAL(8,2)) END AS threshold,
    CASE
      WHEN r.scope = '全部' THEN TRUE
      WHEN s.is_status_unknown THEN NULL
      WHEN r.scope IN ('名单内', '名单外') THEN
        (CASE WHEN r.status_basis = '评估日' THEN s.categories > 0 ELSE s.listed_in_year END) = (r.scope = '名单内')
      WHEN s.categories > 1 THEN NULL
      ELSE coalesce(s.category = r.scope, FALSE)
    END AS is_in_scope
  FROM subject AS s
  JOIN term AS t ON t.month = s.month
  JOIN dim.assist_risk_rule AS r
    ON r.metric = s.metric AND r.window_kind = s.window_kind AND t.evaluated_on >= r.valid_from AND t.evaluated_on < r.valid_to
    AND contains(split(t.schemes, ','), r.scheme)
),
-- Both sides are exact decimals: nothing is divided before it is compared.
compared AS (
  SELECT
    month, evaluated_on, subject_key, person_key, household_key, region_code, numerator, denominator, bound, missing, basis, detail, status,
    rule_id, rule_version, comparison, step, evidence, window_kind, year_start, rolling_start, settled_month, threshold, is_in_scope,
    CASE comparison
      WHEN '>' THEN numerator > threshold * denominator
      WHEN '>=' THEN numerator >= threshold * denominator
      WHEN '<' THEN numerator < threshold * denominator
      ELSE numerator <= threshold * denominator
    END AS holds
  FROM ruled
  WHERE is_in_scope IS NULL OR is_in_scope
),
judged AS (
  SELECT
    month, evaluated_on, subject_key, person_key, household_key, region_code, numerator, denominator, bound, missing, basis, detail, status,
    rule_id, rule_version, step, evidence, window_kind, year_start, rolling_start, settled_month, threshold, is_in_scope,
    CASE
      WHEN bound = '不明' THEN '待核'
      WHEN bound = '至少' AND holds <> (comparison IN ('>', '>=')) THEN '待核'
      WHEN NOT holds THEN '不符合'
      WHEN is_in_scope IS NULL THEN '待核'
      ELSE '符合'
    END AS result
  FROM compared
),
shown AS (
  SELECT
    month, evaluated_on, subject_key, person_key, household_key, region_code, rule_id, rule_version, basis, detail, status, evidence, threshold, result,
    CASE WHEN window_kind = '自然年' THEN date_format(year_start, '%Y') ELSE '' END AS period,
    CASE
      WHEN window_kind = '时点' THEN date_format(evaluated_on, '%Y-%m-%d')
      WHEN window_kind = '自然年' THEN concat(date_format(year_start, '%Y-%m-%d'), '至', date_format(evaluated_on, '%Y-%m-%d'))
      ELSE concat(date_format(rolling_start, '%Y-%m-%d'), '至', date_format(last_day_of_month(settled_month), '%Y-%m-%d'))
    END AS span,
    CASE WHEN bound <> '不明' THEN CAST(CAST(numerator AS DOUBLE) / nullif(CAST(denominator AS DOUBLE), 0) AS DECIMAL(18,4)) END AS value,
    CASE WHEN bound <> '不明' THEN CAST(100 * CAST(numerator AS DOUBLE) / nullif(CAST(denominator AS DOUBLE), 0) AS DECIMAL(18,2)) END AS percent,
    -- Rounded first: 0.29 of a step of 0.01 is the 29th, whatever a float makes of it.
    CAST(floor(round(CAST(numerator - threshold * denominator AS DOUBLE) / nullif(CAST(step * denominator AS DOUBLE), 0), 6)) AS BIGINT) AS grade,
    CASE
      WHEN result = '待核' THEN array_join(ARRAY[CASE WHEN is_in_scope IS NULL THEN '在册身份(民政局)不明' END, nullif(missing, '')], ';')
    END AS missing
  FROM judged
  WHERE result <> '不符合'
)
SELECT
  month,
  concat('f', substr(lower(to_hex(sha256(to_utf8(concat(rule_id, '|', subject_key, '|', period))))), 1, 20)) AS flag_id,
  rule_id, rule_version, subject_key, person_key, household_key, region_code, period, result, value,
  CAST(threshold AS DECIMAL(18,4)) AS threshold, missing,
  CASE WHEN result = '符合' THEN
    replace(replace(replace(replace(replace(replace(evidence,
      '{value}', regexp_replace(CAST(value AS VARCHAR), '\.?0+$', '')),
      '{percent}', regexp_replace(CAST(percent AS VARCHAR), '\.?0+$', '')),
      '{threshold}', regexp_replace(CAST(threshold AS VARCHAR), '\.?0+$', '')),
      '{period}', span), '{status}', status), '{detail}', detail)
  END AS evidence,
  CASE WHEN result = '符合' THEN
    substr(lower(to_hex(sha256(to_utf8(concat(rule_id, '|', rule_version, '|', status, '|', basis, '|', CAST(grade AS VARCHAR)))))), 1, 20)
  END AS evidence_digest
FROM shown
