WITH duty AS (
  SELECT
    source_system, record_id, deputy_key, kind, level, station_id, happened_on, days, quantity, deleted,
    row_number() OVER (
      PARTITION BY source_system, record_id, deputy_key ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.congress_duty
),
activity AS (
  SELECT
    source_system, activity_id, deputy_key, kind, level, held_on, days, is_expected, is_attended, deleted,
    row_number() OVER (
      PARTITION BY source_system, activity_id, deputy_key ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.congress_activity
),
training AS (
  SELECT
    source_system, training_id, deputy_key, held_on, days, deleted,
    row_number() OVER (
      PARTITION BY source_system, training_id, deputy_key ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.congress_training
),
meeting AS (
  SELECT
    source_system, meeting_id, deputy_key, kind, level, held_on, half_days, leave_half_days, absent_half_days, speeches, deleted,
    row_number() OVER (
      PARTITION BY source_system, meeting_id, deputy_key ORDER BY updated_on DESC NULLS LAST, batch_id DESC, batch_row DESC
    ) AS newest
  FROM ods.congress_meeting
),
-- A meeting is up to four records: half days there, on leave, absent, and the
-- speeches.
attendance AS (
  SELECT
    m.source_system, m.meeting_id, m.deputy_key, m.level, m.held_on, p.role,
    CASE WHEN p.role <> '发言' THEN m.kind WHEN m.kind = '人代会' THEN '审议发言' ELSE '主席团会发言' END AS kind,
    CASE p.role
      WHEN '出席' THEN m.half_days - m.leave_half_days - m.absent_half_days
      WHEN '请假' THEN m.leave_half_days
      WHEN '缺席' THEN m.absent_half_days
      ELSE coalesce(m.speeches, 0)
    END AS quantity
  FROM meeting AS m
  CROSS JOIN (VALUES ('出席'), ('请假'), ('缺席'), ('发言')) AS p(role)
  WHERE m.newest = 1 AND NOT coalesce(m.deleted, false)
)
SELECT '履职登记' AS source, source_system, record_id, deputy_key, kind, '不分' AS role, level, happened_on AS day,
  coalesce(quantity, 1) AS quantity, days, station_id, FALSE AS is_expected, TRUE AS is_done
FROM duty
WHERE newest = 1 AND NOT coalesce(deleted, false)
UNION ALL
SELECT '议案建议' AS source, source_system, proposal_id AS record_id, deputy_key, kind, role, level, submitted_on AS day,
  1 AS quantity, NULL AS days, NULL AS station_id, FALSE AS is_expected, TRUE AS is_done
FROM dwd.congress_proposal
UNION ALL
SELECT '代表活动' AS source, source_system, activity_id AS record_id, deputy_key, kind, '不分' AS role, level, held_on AS day,
  1 AS quantity, days, NULL AS station_id, is_expected, is_attended AS is_done
FROM activity
WHERE newest = 1 AND NOT coalesce(deleted, false)
UNION ALL
SELECT '代表培训' AS source, source_system, training_id AS record_id, deputy_key, '培训' AS kind, '不分' AS role, NULL AS level, held_on AS day,
  1 AS quantity, days, NULL AS station_id, FALSE AS is_expected, TRUE AS is_done
FROM training
WHERE newest = 1 AND NOT coalesce(deleted, false)
UNION ALL
SELECT '会议' AS source, source_system, meeting_id AS record_id, deputy_key, kind, CASE WHEN role = '发言' THEN '不分' ELSE role END AS role,
  level, held_on AS day, quantity, NULL AS days, NULL AS station_id, FALSE AS is_expected, TRUE AS is_done
FROM attendance
WHERE quantity > 0
UNION ALL
SELECT '联络站意见' AS source, source_system, opinion_id AS record_id, deputy_key, '代录意见' AS kind, '不分' AS role, NULL AS level, recorded_on AS day,
  1 AS quantity, NULL AS days, station_id, FALSE AS is_expected, TRUE AS is_done
FROM dwd.congress_station_opinion
WHERE deputy_key IS NOT NULL
