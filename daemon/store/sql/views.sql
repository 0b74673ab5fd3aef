-- The views that others read; column names, order and meaning are a contract. What people filter
-- by (ids, days, *_ts_ms) are stored columns, never expressions: an expression makes SQLite scan.
-- CROSS JOIN fixes the order of the walk; a unary + keeps a condition out of the choice of keys,
-- so that the reader's own time range is the one that is searched by.

-- Exactly one row per meter and scheduled slot. A slot that is not closed yet shows what came.
-- Energies: register x Wh per unit of the version in force, rounded half away from zero; whole
-- units and rest apart, so that 64 bits are enough.
CREATE VIEW v_reading AS
SELECT
    m.id AS meter,
    s.slot_ts_ms AS slot_ts_ms,
    s.slot_ts_ms + r.arrival_ms AS ts_ms,
    CASE ifnull(r.status, 10)
        WHEN 0 THEN 'ok' WHEN 1 THEN 'partial' WHEN 2 THEN 'timeout'
        WHEN 3 THEN 'refused' WHEN 4 THEN 'connection' WHEN 5 THEN 'exception'
        WHEN 6 THEN 'bad_frame' WHEN 7 THEN 'bad_crc' WHEN 8 THEN 'bad_unit'
        WHEN 9 THEN 'range' WHEN 10 THEN 'missed' WHEN 11 THEN 'clock'
        WHEN 12 THEN 'disabled'
    END AS status,
    r.detail AS detail,
    r.energy_import / v.register_wh_den * v.register_wh_num
        + (r.energy_import % v.register_wh_den * v.register_wh_num * 2
           + iif(r.energy_import < 0, -1, 1) * v.register_wh_den) / (2 * v.register_wh_den)
        AS energy_import_wh,
    r.energy_export / v.register_wh_den * v.register_wh_num
        + (r.energy_export % v.register_wh_den * v.register_wh_num * 2
           + iif(r.energy_export < 0, -1, 1) * v.register_wh_den) / (2 * v.register_wh_den)
        AS energy_export_wh,
    r.reactive_import / v.register_wh_den * v.register_wh_num
        + (r.reactive_import % v.register_wh_den * v.register_wh_num * 2
           + iif(r.reactive_import < 0, -1, 1) * v.register_wh_den) / (2 * v.register_wh_den)
        AS reactive_import_varh,
    r.reactive_export / v.register_wh_den * v.register_wh_num
        + (r.reactive_export % v.register_wh_den * v.register_wh_num * 2
           + iif(r.reactive_export < 0, -1, 1) * v.register_wh_den) / (2 * v.register_wh_den)
        AS reactive_export_varh,
    r.power_w AS power_w,
    r.power_a_w AS power_a_w,
    r.power_b_w AS power_b_w,
    r.power_c_w AS power_c_w,
    r.reactive_var AS reactive_var,
    r.apparent_va AS apparent_va,
    r.pf_e3 AS pf_e3,
    r.voltage_a_mv AS voltage_a_mv,
    r.voltage_b_mv AS voltage_b_mv,
    r.voltage_c_mv AS voltage_c_mv,
    r.voltage_ab_mv AS voltage_ab_mv,
    r.voltage_bc_mv AS voltage_bc_mv,
    r.voltage_ca_mv AS voltage_ca_mv,
    r.current_a_ma AS current_a_ma,
    r.current_b_ma AS current_b_ma,
    r.current_c_ma AS current_c_ma,
    r.current_n_ma AS current_n_ma,
    r.frequency_mhz AS frequency_mhz,
    r.demand_w AS demand_w
FROM meter m
CROSS JOIN meter_span p ON p.meter_no = m.meter_no
CROSS JOIN slot s ON s.interval_s = p.interval_s
    AND +s.slot_ts_ms >= p.from_ms AND +s.slot_ts_ms < p.until_ms
LEFT JOIN reading r ON r.key = (s.slot_ts_ms / 1000 << 20 | m.meter_no)
LEFT JOIN meter_version v ON v.meter_no = m.meter_no
    AND v.since_ms <= s.slot_ts_ms AND v.until_ms > s.slot_ts_ms
WHERE s.closed = 1 OR r.key IS NOT NULL;

CREATE VIEW v_interval AS
SELECT
    m.id AS meter,
    e.id AS enterprise,
    q.start_ts_ms AS start_ts_ms,
    i.energy_import_wh AS energy_import_wh,
    i.energy_export_wh AS energy_export_wh,
    i.reactive_import_varh AS reactive_import_varh,
    i.reactive_export_varh AS reactive_export_varh,
    i.max_power_w AS max_power_w,
    i.start_register AS start_register,
    i.start_register_ts_ms AS start_register_ts_ms,
    i.end_register AS end_register,
    i.end_register_ts_ms AS end_register_ts_ms,
    CASE i.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    i.revision AS revision,
    q.day AS day,
    q.point AS point
FROM meter m
CROSS JOIN quarter q
CROSS JOIN interval i ON i.key = (q.start_ts_ms / 1000 << 20 | m.meter_no)
JOIN enterprise e ON e.enterprise_no = i.enterprise_no;

CREATE VIEW v_interval_history AS
SELECT
    m.id AS meter,
    e.id AS enterprise,
    q.start_ts_ms AS start_ts_ms,
    i.energy_import_wh AS energy_import_wh,
    i.energy_export_wh AS energy_export_wh,
    i.reactive_import_varh AS reactive_import_varh,
    i.reactive_export_varh AS reactive_export_varh,
    i.max_power_w AS max_power_w,
    i.start_register AS start_register,
    i.start_register_ts_ms AS start_register_ts_ms,
    i.end_register AS end_register,
    i.end_register_ts_ms AS end_register_ts_ms,
    CASE i.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    i.revision AS revision,
    q.day AS day,
    q.point AS point
FROM meter m
CROSS JOIN quarter q
CROSS JOIN interval_history i ON i.key = (q.start_ts_ms / 1000 << 20 | m.meter_no)
JOIN enterprise e ON e.enterprise_no = i.enterprise_no
UNION ALL
SELECT
    m.id AS meter,
    e.id AS enterprise,
    q.start_ts_ms AS start_ts_ms,
    i.energy_import_wh AS energy_import_wh,
    i.energy_export_wh AS energy_export_wh,
    i.reactive_import_varh AS reactive_import_varh,
    i.reactive_export_varh AS reactive_export_varh,
    i.max_power_w AS max_power_w,
    i.start_register AS start_register,
    i.start_register_ts_ms AS start_register_ts_ms,
    i.end_register AS end_register,
    i.end_register_ts_ms AS end_register_ts_ms,
    CASE i.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    i.revision AS revision,
    q.day AS day,
    q.point AS point
FROM meter m
CROSS JOIN quarter q
CROSS JOIN interval i ON i.key = (q.start_ts_ms / 1000 << 20 | m.meter_no)
JOIN enterprise e ON e.enterprise_no = i.enterprise_no;

-- Which meters enter the consumption of an enterprise, and with which sign.
CREATE VIEW v_consumption AS
SELECT
    v.enterprise_no AS enterprise_no,
    v.meter_no AS meter_no,
    v.since_ms AS since_ms,
    v.until_ms AS until_ms,
    iif(v.role = 'storage', -1, 1) AS import_sign,
    CASE v.role WHEN 'supply' THEN -1 WHEN 'storage' THEN 1 ELSE 0 END AS export_sign,
    v.role AS role
FROM meter_version v
WHERE v.role IN ('supply', 'generation', 'storage')
UNION ALL
SELECT
    p.enterprise_no,
    t.meter_no,
    max(p.since_ms, t.since_ms),
    min(p.until_ms, t.until_ms),
    -1,
    0,
    'tenant'
FROM meter_version p
CROSS JOIN meter_version t ON t.parent_no = p.meter_no
WHERE t.role = 'supply' AND t.enterprise_no <> p.enterprise_no
    AND p.role = 'supply' AND t.since_ms < p.until_ms AND p.since_ms < t.until_ms;

-- The load of an enterprise by quarter-hour: its consumption, NULL where a part is not known.
-- A meter of role supply takes away what other enterprises draw behind it.
CREATE VIEW v_curve AS
SELECT
    e.id AS enterprise,
    q.day AS day,
    q.point AS point,
    q.start_ts_ms AS start_ts_ms,
    iif(count(*) = count(i.energy_import_wh) AND max(i.quality = 4) = 0,
        sum(c.import_sign * i.energy_import_wh
            + c.export_sign * ifnull(i.energy_export_wh, 0)), NULL) AS energy_wh,
    iif(count(*) = count(i.energy_import_wh) AND max(i.quality = 4) = 0,
        sum(c.import_sign * i.energy_import_wh
            + c.export_sign * ifnull(i.energy_export_wh, 0)) * 4, NULL) AS power_w,
    NULL AS co2_g,
    CASE
        WHEN max(ifnull(i.quality, 3) = 3) = 1 THEN 'missing'
        WHEN max(i.quality = 4) = 1 THEN 'suspect'
        WHEN max(i.quality = 2) = 1 THEN 'estimated'
        WHEN max(i.quality = 1) = 1 THEN 'interpolated'
        WHEN max(i.quality = 0) = 1 THEN 'measured'
        ELSE 'imported'
    END AS quality,
    iif(count(*) = count(i.energy_import_wh),
        sum(iif(c.role IN ('supply', 'tenant'), c.import_sign * i.energy_import_wh, 0)), NULL)
        AS import_wh,
    iif(count(*) = count(i.energy_import_wh),
        sum(iif(c.role = 'supply', ifnull(i.energy_export_wh, 0), 0)), NULL) AS export_wh,
    iif(count(*) = count(i.energy_import_wh),
        sum(iif(c.role = 'generation', i.energy_import_wh, 0)), NULL) AS generation_wh,
    sum(i.quality IS 0 OR i.quality IS 1) AS n_known,
    count(*) AS n_meters,
    ifnull(sum(i.revision), 0) AS revision
FROM enterprise e
CROSS JOIN quarter q
CROSS JOIN v_consumption c ON c.enterprise_no = e.enterprise_no
    AND c.since_ms <= q.start_ts_ms AND c.until_ms > q.start_ts_ms
LEFT JOIN interval i ON i.key = (q.start_ts_ms / 1000 << 20 | c.meter_no)
GROUP BY e.id, q.day, q.point, q.start_ts_ms
HAVING count(i.quality) > 0; -- not before a quarter-hour is closed

CREATE VIEW v_meter_day AS
SELECT
    m.id AS meter,
    d.day AS day,
    d.energy_import_wh AS energy_import_wh,
    d.energy_export_wh AS energy_export_wh,
    CAST(d.known_quarters AS REAL) / 96 AS coverage,
    CASE d.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    d.revision AS revision
FROM meter_day d
JOIN meter m ON m.meter_no = d.meter_no;

CREATE VIEW v_energy_day AS
SELECT
    e.id AS enterprise,
    d.day AS day,
    d.energy_wh AS energy_wh,
    d.import_wh AS import_wh,
    d.export_wh AS export_wh,
    d.generation_wh AS generation_wh,
    CAST(d.coverage_num AS REAL) / nullif(d.coverage_den, 0) AS coverage,
    CASE d.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    d.valid AS valid,
    d.source AS source,
    d.revision AS revision
FROM energy_day d
JOIN enterprise e ON e.enterprise_no = d.enterprise_no;

CREATE VIEW v_energy_day_history AS
SELECT
    e.id AS enterprise,
    d.day AS day,
    d.energy_wh AS energy_wh,
    d.import_wh AS import_wh,
    d.export_wh AS export_wh,
    d.generation_wh AS generation_wh,
    CAST(d.coverage_num AS REAL) / nullif(d.coverage_den, 0) AS coverage,
    CASE d.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    d.valid AS valid,
    d.source AS source,
    d.revision AS revision
FROM energy_day_history d
JOIN enterprise e ON e.enterprise_no = d.enterprise_no
UNION ALL
SELECT
    e.id AS enterprise,
    d.day AS day,
    d.energy_wh AS energy_wh,
    d.import_wh AS import_wh,
    d.export_wh AS export_wh,
    d.generation_wh AS generation_wh,
    CAST(d.coverage_num AS REAL) / nullif(d.coverage_den, 0) AS coverage,
    CASE d.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    d.valid AS valid,
    d.source AS source,
    d.revision AS revision
FROM energy_day d
JOIN enterprise e ON e.enterprise_no = d.enterprise_no;

-- The known days of a month added up; valid: each of its days with a row is.
CREATE VIEW v_energy_month AS
SELECT
    e.id AS enterprise,
    substr(d.day, 1, 7) AS period,
    sum(d.energy_wh) AS energy_wh,
    sum(d.import_wh) AS import_wh,
    sum(d.export_wh) AS export_wh,
    sum(d.generation_wh) AS generation_wh,
    avg(CAST(d.coverage_num AS REAL) / nullif(d.coverage_den, 0)) AS coverage,
    CASE
        WHEN max(d.quality = 3) = 1 THEN 'missing'
        WHEN max(d.quality = 4) = 1 THEN 'suspect'
        WHEN max(d.quality = 2) = 1 THEN 'estimated'
        WHEN max(d.quality < 2) = 1 THEN 'measured'
        ELSE 'imported'
    END AS quality,
    min(d.valid) AS valid,
    iif(min(d.source) <> max(d.source), 'mixed', min(d.source)) AS source,
    sum(d.revision) AS revision,
    count(*) AS n_days,
    sum(d.valid) AS n_valid_days
FROM enterprise e
CROSS JOIN energy_day d ON d.enterprise_no = e.enterprise_no
GROUP BY e.id, substr(d.day, 1, 7);

CREATE VIEW v_energy_day_source AS
SELECT
    e.id AS enterprise,
    d.day AS day,
    d.source AS source,
    d.energy_wh AS energy_wh,
    CAST(d.coverage_num AS REAL) / nullif(d.coverage_den, 0) AS coverage,
    d.revision AS revision,
    d.import_wh AS import_wh,
    d.export_wh AS export_wh,
    d.generation_wh AS generation_wh,
    CASE d.quality WHEN 0 THEN 'measured' WHEN 1 THEN 'interpolated' WHEN 2 THEN 'estimated'
        WHEN 3 THEN 'missing' WHEN 4 THEN 'suspect' WHEN 5 THEN 'imported' END AS quality,
    d.valid AS valid
FROM energy_day_source d
JOIN enterprise e ON e.enterprise_no = d.enterprise_no;

CREATE VIEW v_baseline AS
SELECT
    e.id AS enterprise,
    b.method AS method,
    b.from_day AS from_day,
    b.to_day AS to_day,
    b.baseline_wh AS baseline_wh,
    b.valid_days AS valid_days,
    b.reason AS reason,
    b.source AS source
FROM baseline b
JOIN enterprise e ON e.enterprise_no = b.enterprise_no;

CREATE VIEW v_resumption_history AS
SELECT
    e.id AS enterprise,
    r.name AS name,
    r.day AS day,
    r.method AS method,
    r.size_class AS size_class,
    r.industry AS industry,
    r.region AS region,
    r.town AS town,
    r.park AS park,
    r.energy_wh AS energy_wh,
    r.baseline_wh AS baseline_wh,
    r.baseline_valid_days AS baseline_valid_days,
    CASE WHEN r.valid = 1 THEN CAST(r.energy_wh AS REAL) / nullif(r.baseline_wh, 0) END AS ratio,
    r.state AS state,
    r.produced AS produced,
    r.valid AS valid,
    CAST(r.coverage_num AS REAL) / nullif(r.coverage_den, 0) AS coverage,
    r.quality AS quality,
    r.energy_source AS energy_source,
    r.baseline_source AS baseline_source,
    r.mixed_source AS mixed_source,
    r.reason AS reason,
    r.revision AS revision,
    r.newest AS newest
FROM resumption r
JOIN enterprise e ON e.enterprise_no = r.enterprise_no;

CREATE VIEW v_resumption AS
SELECT
    enterprise, name, day, method, size_class, industry, region, town, park, energy_wh,
    baseline_wh, baseline_valid_days, ratio, state, produced, valid, coverage, quality,
    energy_source, baseline_source, mixed_source, reason, revision
FROM v_resumption_history
WHERE newest = 1;

CREATE VIEW v_rate_day_history AS
SELECT
    r.day AS day,
    r.method AS method,
    r.group_kind AS group_kind,
    r.group_id AS group_id,
    r.group_name AS group_name,
    r.n_scope AS n_scope,
    r.n_valid AS n_valid,
    r.n_resumed AS n_resumed,
    r.n_not_resumed AS n_not_resumed,
    r.n_produced AS n_produced,
    r.n_zero AS n_zero,
    r.n_missing AS n_missing,
    r.n_no_baseline AS n_no_baseline,
    r.n_mixed_source AS n_mixed_source,
    r.energy_wh AS energy_wh,
    r.baseline_wh AS baseline_wh,
    iif(r.status = 'insufficient', NULL,
        CAST(r.n_resumed AS REAL) / nullif(r.n_valid, 0)) AS resumption_rate,
    iif(r.status = 'insufficient', NULL,
        CAST(r.energy_wh AS REAL) / nullif(r.baseline_wh, 0)) AS production_rate,
    iif(r.status = 'insufficient', NULL,
        CAST(r.resumed_energy_wh AS REAL) / nullif(r.resumed_baseline_wh, 0))
        AS production_rate_resumed,
    iif(r.status = 'insufficient', NULL,
        CAST(r.n_produced AS REAL) / nullif(r.n_valid, 0)) AS produced_rate,
    r.index_e2 / 100.0 AS resumption_index,
    CAST(r.n_resumed AS REAL) / nullif(r.n_valid + r.n_missing, 0) AS resumption_low,
    CAST(r.n_resumed + r.n_missing AS REAL) / nullif(r.n_valid + r.n_missing, 0)
        AS resumption_high,
    CAST(r.n_valid AS REAL) / nullif(r.n_valid + r.n_missing, 0) AS coverage_firms,
    CAST(r.baseline_wh AS REAL) / nullif(r.baseline_wh + r.missing_baseline_wh, 0)
        AS coverage_kwh,
    r.d1_resumption_bp / 100.0 AS d1_resumption_pp,
    r.d1_production_bp / 100.0 AS d1_production_pp,
    r.ma7_resumption AS ma7_resumption,
    r.ma7_production AS ma7_production,
    r.target_resumption_e6 / 1000000.0 AS target_resumption,
    r.target_production_e6 / 1000000.0 AS target_production,
    r.light AS light,
    r.status AS status,
    r.stage AS stage,
    r.suppressed AS suppressed,
    r.method_confidence AS method_confidence,
    r.revision AS revision,
    r.inputs_sha256 AS inputs_sha256,
    r.created_ms AS created_ms,
    r.newest AS newest
FROM rate_day r;

CREATE VIEW v_rate_day AS
SELECT
    day, method, group_kind, group_id, group_name, n_scope, n_valid, n_resumed, n_not_resumed,
    n_produced, n_zero, n_missing, n_no_baseline, n_mixed_source, energy_wh, baseline_wh,
    resumption_rate, production_rate, production_rate_resumed, produced_rate, resumption_index,
    resumption_low, resumption_high, coverage_firms, coverage_kwh, d1_resumption_pp,
    d1_production_pp, ma7_resumption, ma7_production, target_resumption, target_production,
    light, status, stage, suppressed, method_confidence, revision, inputs_sha256, created_ms
FROM v_rate_day_history
WHERE newest = 1;

CREATE VIEW v_carbon_history AS
SELECT
    e.id AS enterprise,
    c.name AS name,
    c.period AS period,
    c.period_kind AS period_kind,
    c.method AS method,
    c.purchased_wh / 1000.0 AS purchased_kwh,
    c.self_pv_wh / 1000.0 AS self_pv_kwh,
    c.green_wh / 1000.0 AS green_kwh,
    c.energy_gce / 1000000.0 AS energy_tce,
    c.energy_primary_gce / 1000000.0 AS energy_tce_primary,
    c.scope1_mg / 1000000000.0 AS scope1_t,
    c.heat_mg / 1000000000.0 AS heat_t,
    c.co2_location_mg / 1000000000.0 AS co2_location_t,
    c.co2_market_mg / 1000000000.0 AS co2_market_t,
    c.co2_graded_mg / 1000000000.0 AS co2_graded_t,
    c.value_added_e6 / 1000000.0 AS value_added_cny,
    c.intensity_e9 / 1000000000.0 AS intensity,
    c.benchmark_e9 / 1000000000.0 AS benchmark,
    c.benchmark_period AS benchmark_period,
    c.benchmark_source AS benchmark_source,
    c.ratio_e9 / 1000000000.0 AS ratio,
    c.level AS level,
    c.grade AS grade,
    CAST(c.neutral_num AS REAL) / nullif(c.neutral_den, 0) AS neutral_rate,
    c.factor_e6 / 1000000.0 AS factor_kg_per_kwh,
    c.factor_region AS factor_region,
    c.factor_year AS factor_year,
    CAST(c.coverage_num AS REAL) / nullif(c.coverage_den, 0) AS coverage,
    c.status AS status,
    c.reason AS reason,
    c.revision AS revision,
    c.inputs_sha256 AS inputs_sha256,
    c.created_ms AS created_ms,
    c.newest AS newest
FROM carbon c
JOIN enterprise e ON e.enterprise_no = c.enterprise_no;

CREATE VIEW v_carbon AS
SELECT
    enterprise, name, period, period_kind, method, purchased_kwh, self_pv_kwh, green_kwh,
    energy_tce, energy_tce_primary, scope1_t, heat_t, co2_location_t, co2_market_t,
    co2_graded_t, value_added_cny, intensity, benchmark, benchmark_period, benchmark_source,
    ratio, level, grade, neutral_rate, factor_kg_per_kwh, factor_region, factor_year, coverage,
    status, reason, revision, inputs_sha256, created_ms
FROM v_carbon_history
WHERE newest = 1;

-- Outcomes of the scheduled slots of a day. line: the endpoint; ok_first (answered at the first
-- try) is not kept yet.
CREATE VIEW v_success_day AS
SELECT
    q.day AS day,
    v.endpoint AS line,
    m.id AS meter,
    count(*) AS scheduled,
    sum(r.status IS 0) AS ok,
    NULL AS ok_first,
    sum(r.status IS 1) AS partial,
    sum(r.status IS 2) AS timeout,
    sum(r.status IS 3) AS refused,
    sum(r.status IS 4) AS connection,
    sum(r.status IS 5) AS exception,
    sum(r.status IS 6) AS bad_frame,
    sum(r.status IS 7) AS bad_crc,
    sum(r.status IS 8) AS bad_unit,
    sum(r.status IS 9) AS range,
    sum(ifnull(r.status, 10) IS 10) AS missed,
    sum(r.status IS 11) AS clock,
    sum(r.status IS 12) AS disabled
FROM meter m
CROSS JOIN quarter q
CROSS JOIN meter_span p ON p.meter_no = m.meter_no
    AND p.from_ms < q.start_ts_ms + 900000 AND +p.until_ms > q.start_ts_ms
CROSS JOIN slot s ON s.interval_s = p.interval_s
    AND s.slot_ts_ms >= max(q.start_ts_ms, p.from_ms)
    AND s.slot_ts_ms < min(q.start_ts_ms + 900000, p.until_ms)
LEFT JOIN reading r ON r.key = (s.slot_ts_ms / 1000 << 20 | m.meter_no)
LEFT JOIN meter_version v ON v.meter_no = m.meter_no
    AND v.since_ms <= s.slot_ts_ms AND v.until_ms > s.slot_ts_ms
WHERE s.closed = 1 OR r.key IS NOT NULL
GROUP BY q.day, v.endpoint, m.id;

CREATE VIEW v_enterprise AS
SELECT
    e.id AS enterprise,
    v.name AS name,
    v.short_name AS short_name,
    v.uscc AS uscc,
    v.size_class AS size_class,
    v.industry AS industry,
    v.region AS region,
    v.town AS town,
    v.park AS park,
    v.voltage_v / 1000.0 AS voltage_kv,
    v.area_mu_e4 / 10000.0 AS area_mu,
    v.land_kind AS land_kind,
    v.env_class AS env_class,
    v.green_stars AS green_stars,
    v.energy_class AS energy_class,
    v.price_class AS price_class,
    v.commissioning_until AS commissioning_until,
    v.since_day AS since,
    v.until_day AS until,
    t.name AS town_name,
    k.name AS park_name
FROM enterprise e
JOIN enterprise_version v ON v.enterprise_no = e.enterprise_no
LEFT JOIN group_name t ON t.kind = 'town' AND t.id = v.town
LEFT JOIN group_name k ON k.kind = 'park' AND k.id = v.park;

CREATE VIEW v_meter AS
SELECT
    m.id AS meter,
    e.id AS enterprise,
    v.account AS account,
    v.name AS name,
    v.serial AS serial,
    v.endpoint AS endpoint,
    v.address AS address,
    v.profile AS profile,
    CAST(v.pt_num AS REAL) / v.pt_den AS pt,
    CAST(v.ct_num AS REAL) / v.ct_den AS ct,
    CAST(v.register_wh_num AS REAL) / v.register_wh_den AS wh_per_register,
    v.register_range AS register_range,
    v.initial AS initial,
    v.previous_final AS previous_final,
    v.role AS role,
    u.id AS parent,
    v.loss_bp / 100.0 AS loss_pct,
    v.rated_w AS rated_w,
    v.energy_interval_s AS interval_s,
    v.site AS site,
    v.since_ms AS since_ms,
    v.until_ms AS until_ms,
    l.slot_ts_ms AS last_slot_ts_ms,
    l.last_ok_ms AS last_ok_ts_ms
FROM meter m
JOIN meter_version v ON v.meter_no = m.meter_no
JOIN enterprise e ON e.enterprise_no = v.enterprise_no
LEFT JOIN meter u ON u.meter_no = v.parent_no
LEFT JOIN meter_last l ON l.meter_no = m.meter_no;

CREATE VIEW v_group AS
SELECT kind, id, name, name_en, parent FROM group_name;

CREATE VIEW v_alarm AS
SELECT
    0 AS alarm, 0 AS ts_ms, '' AS severity, '' AS code, '' AS object, '' AS state, '' AS message
WHERE 0;

CREATE VIEW v_audit AS
SELECT audit_no, ts_ms, who, action, object, detail FROM audit;
