-- ecmon store, schema 1. Times are UTC milliseconds, days 'YYYY-MM-DD' of the site's zone,
-- energies integer Wh; units stand in the names. Only daemon/store speaks SQL.
-- Open versions: since_day '0000-01-01', until_day '9999-12-31', until_ms 9223372036854775807.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,   -- site_id epoch_ms created_ms zone zone_offset_ms register_sha256 methods_sha256 config_sha256
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The register (档案), with history. Numbers are never reused.
CREATE TABLE enterprise (
    enterprise_no INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE
);

CREATE TABLE enterprise_version (
    enterprise_no       INTEGER NOT NULL REFERENCES enterprise,
    since_day           TEXT NOT NULL,
    until_day           TEXT NOT NULL, -- inclusive
    name                TEXT NOT NULL,
    short_name          TEXT,
    uscc                TEXT,
    size_class          TEXT NOT NULL, -- above below unknown
    industry            TEXT,          -- GB/T 4754-2017, C3110
    region              TEXT,          -- GB/T 2260, 330282
    town                TEXT,
    park                TEXT,
    voltage_v           INTEGER,
    area_mu_e4          INTEGER,
    land_kind           TEXT,
    env_class           TEXT,
    green_stars         INTEGER,
    energy_class        TEXT,
    price_class         TEXT,
    commissioning_until TEXT,
    PRIMARY KEY (enterprise_no, since_day)
) WITHOUT ROWID;

CREATE TABLE meter (
    meter_no INTEGER PRIMARY KEY AUTOINCREMENT CHECK (meter_no < 1048576),
    id       TEXT NOT NULL UNIQUE
);

CREATE TABLE meter_version (
    meter_no         INTEGER NOT NULL REFERENCES meter,
    since_ms         INTEGER NOT NULL,
    until_ms         INTEGER NOT NULL, -- exclusive
    enterprise_no    INTEGER NOT NULL REFERENCES enterprise,
    parent_no        INTEGER,          -- upstream supply meter
    account          TEXT,
    name             TEXT,
    serial           TEXT,
    endpoint         TEXT,             -- NULL: imported readings only
    address          TEXT,
    profile          TEXT,
    site             TEXT,
    pt_num           INTEGER NOT NULL,
    pt_den           INTEGER NOT NULL,
    ct_num           INTEGER NOT NULL,
    ct_den           INTEGER NOT NULL,
    register_wh_num  INTEGER NOT NULL, -- primary-side Wh per register unit, exact
    register_wh_den  INTEGER NOT NULL,
    register_range   INTEGER,          -- register units at which it rolls over
    initial          INTEGER,          -- register units
    previous_final   INTEGER,
    role             TEXT NOT NULL,
    loss_bp          INTEGER NOT NULL,
    rated_w          INTEGER,
    energy_interval_s  INTEGER NOT NULL,
    power_interval_s   INTEGER NOT NULL,
    voltage_interval_s INTEGER NOT NULL,
    current_interval_s INTEGER NOT NULL,
    PRIMARY KEY (meter_no, since_ms)
) WITHOUT ROWID;
CREATE INDEX meter_version_enterprise ON meter_version (enterprise_no);
CREATE INDEX meter_version_parent ON meter_version (parent_no) WHERE parent_no IS NOT NULL;

CREATE TABLE list_member (
    list          TEXT NOT NULL,
    enterprise_no INTEGER NOT NULL REFERENCES enterprise,
    since_day     TEXT NOT NULL,
    until_day     TEXT NOT NULL,
    role          TEXT,
    note          TEXT,
    PRIMARY KEY (list, enterprise_no, since_day)
) WITHOUT ROWID;

CREATE TABLE group_name (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    name    TEXT NOT NULL,
    name_en TEXT,
    parent  TEXT,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

-- The schedule: which meter was due when. v_reading walks meter -> meter_span -> slot -> reading.
CREATE TABLE meter_span (
    meter_no   INTEGER NOT NULL REFERENCES meter,
    from_ms    INTEGER NOT NULL,
    until_ms   INTEGER NOT NULL, -- exclusive
    interval_s INTEGER NOT NULL,
    PRIMARY KEY (meter_no, from_ms)
) WITHOUT ROWID;

CREATE TABLE slot (
    interval_s INTEGER NOT NULL,
    slot_ts_ms INTEGER NOT NULL,
    closed     INTEGER NOT NULL DEFAULT 0, -- 1: every due meter has its row, or was missed
    PRIMARY KEY (interval_s, slot_ts_ms)
) WITHOUT ROWID;

-- Quarter-hours of which anything is known, with their local day: what the views offer for
-- start_ts_ms, day and point, so that all of them are stored columns with a key. point: 1..96.
CREATE TABLE quarter (
    start_ts_ms INTEGER PRIMARY KEY,
    day         TEXT NOT NULL,
    point       INTEGER NOT NULL
);
CREATE INDEX quarter_day ON quarter (day);

-- One outcome per meter and slot. key = slot seconds << 20 | meter_no. Energy registers in
-- register units, as the meter shows them; everything else primary side. NULL = not due or
-- not there. status: include/ecmon/sample.h (0 = ok).
CREATE TABLE reading (
    key               INTEGER PRIMARY KEY,
    arrival_ms        INTEGER, -- ts_ms - slot_ts_ms; NULL when nothing arrived
    status            INTEGER NOT NULL,
    detail            TEXT,
    energy_import     INTEGER,
    energy_export     INTEGER,
    reactive_import   INTEGER,
    reactive_export   INTEGER,
    power_w           INTEGER,
    power_a_w         INTEGER,
    power_b_w         INTEGER,
    power_c_w         INTEGER,
    reactive_var      INTEGER,
    apparent_va       INTEGER,
    pf_e3             INTEGER,
    voltage_a_mv      INTEGER,
    voltage_b_mv      INTEGER,
    voltage_c_mv      INTEGER,
    voltage_ab_mv     INTEGER,
    voltage_bc_mv     INTEGER,
    voltage_ca_mv     INTEGER,
    current_a_ma      INTEGER,
    current_b_ma      INTEGER,
    current_c_ma      INTEGER,
    current_n_ma      INTEGER,
    frequency_mhz     INTEGER,
    demand_w          INTEGER
);

-- The newest row of each meter, written now and then; newer rows are found by the schedule.
CREATE TABLE meter_last (
    meter_no     INTEGER PRIMARY KEY REFERENCES meter,
    slot_ts_ms   INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    last_ok_ms   INTEGER -- ts_ms of the newest row with energy
);

-- What is published, in commit order, dense over every kind. The k-th member (from 0) of a row
-- has seq = first_seq + k. The newest row is never purged: it says how far seq has come. members: LEB128 varints, see daemon/store/journal.h.
CREATE TABLE journal (
    first_seq  INTEGER PRIMARY KEY,
    n          INTEGER NOT NULL,
    kind       INTEGER NOT NULL,  -- enum journal_kind
    slot_ts_ms INTEGER,           -- readings: slot; intervals: start
    flags      INTEGER NOT NULL,  -- 1: late
    members    BLOB NOT NULL
);

CREATE TABLE sink_cursor (
    sink       TEXT PRIMARY KEY,
    acked_seq  INTEGER NOT NULL,  -- everything up to here was delivered
    updated_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Quarter-hours. key = start seconds << 20 | meter_no. The newest revision here, older ones in
-- interval_history. The registers stay, so that energy can be derived again after a purge.
CREATE TABLE interval (
    key                    INTEGER PRIMARY KEY,
    enterprise_no          INTEGER NOT NULL,
    energy_import_wh       INTEGER,
    energy_export_wh       INTEGER,
    reactive_import_varh   INTEGER,
    reactive_export_varh   INTEGER,
    max_power_w            INTEGER,
    start_register         INTEGER,
    start_register_ts_ms   INTEGER,
    end_register           INTEGER,
    end_register_ts_ms     INTEGER,
    held                   INTEGER NOT NULL DEFAULT 0, -- bit e: register e stood one digit below what was counted at the end
    quality                INTEGER NOT NULL, -- enum quality
    revision               INTEGER NOT NULL
);

CREATE TABLE interval_history (
    key                    INTEGER NOT NULL,
    revision               INTEGER NOT NULL,
    enterprise_no          INTEGER NOT NULL,
    energy_import_wh       INTEGER,
    energy_export_wh       INTEGER,
    reactive_import_varh   INTEGER,
    reactive_export_varh   INTEGER,
    max_power_w            INTEGER,
    start_register         INTEGER,
    start_register_ts_ms   INTEGER,
    end_register           INTEGER,
    end_register_ts_ms     INTEGER,
    held                   INTEGER NOT NULL DEFAULT 0,
    quality                INTEGER NOT NULL,
    PRIMARY KEY (key, revision)
) WITHOUT ROWID;

CREATE TRIGGER slot_quarter AFTER INSERT ON slot
WHEN NOT EXISTS (SELECT 1 FROM quarter
                 WHERE start_ts_ms = new.slot_ts_ms - new.slot_ts_ms % 900000)
BEGIN
    INSERT INTO quarter
    SELECT q, date((q + z) / 1000, 'unixepoch'), (q + z) % 86400000 / 900000 + 1
    FROM (SELECT new.slot_ts_ms - new.slot_ts_ms % 900000 AS q,
                 (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'zone_offset_ms') AS z);
END;

CREATE TRIGGER interval_quarter AFTER INSERT ON interval
WHEN NOT EXISTS (SELECT 1 FROM quarter WHERE start_ts_ms = (new.key >> 20) * 1000)
BEGIN
    INSERT INTO quarter
    SELECT q, date((q + z) / 1000, 'unixepoch'), (q + z) % 86400000 / 900000 + 1
    FROM (SELECT (new.key >> 20) * 1000 AS q,
                 (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'zone_offset_ms') AS z);
END;

-- How far each meter's intervals are closed.
CREATE TABLE interval_progress (
    meter_no      INTEGER PRIMARY KEY REFERENCES meter,
    next_start_ms INTEGER NOT NULL -- first quarter-hour that has no interval row yet
);

CREATE TABLE meter_day (
    day                TEXT NOT NULL,
    meter_no           INTEGER NOT NULL,
    energy_import_wh   INTEGER,
    energy_export_wh   INTEGER,
    quarters           INTEGER NOT NULL DEFAULT 96, -- closed so far; fewer: the day is still open
    known_quarters     INTEGER NOT NULL, -- measured | interpolated, of 96
    midnights          INTEGER NOT NULL, -- bit 0: start register read, bit 1: end register read
    quality            INTEGER NOT NULL,
    revision           INTEGER NOT NULL,
    PRIMARY KEY (day, meter_no)
) WITHOUT ROWID;
CREATE INDEX meter_day_meter ON meter_day (meter_no, day);

-- Metered and imported days side by side; energy_day holds the one that counts.
CREATE TABLE energy_day_source (
    day            TEXT NOT NULL,
    enterprise_no  INTEGER NOT NULL,
    source         TEXT NOT NULL,    -- meter import
    energy_wh      INTEGER,          -- consumption by the rule of interfaces.md §2
    import_wh      INTEGER,
    export_wh      INTEGER,
    generation_wh  INTEGER,
    coverage_num   INTEGER NOT NULL, -- coverage = num / den; mean over the meters
    coverage_den   INTEGER NOT NULL,
    quality        INTEGER NOT NULL,
    valid          INTEGER NOT NULL,
    complete       INTEGER NOT NULL DEFAULT 1, -- 0: the day goes on, revision stays
    revision       INTEGER NOT NULL,
    PRIMARY KEY (day, enterprise_no, source)
) WITHOUT ROWID;

CREATE TABLE energy_day (
    day            TEXT NOT NULL,
    enterprise_no  INTEGER NOT NULL,
    energy_wh      INTEGER,
    import_wh      INTEGER,
    export_wh      INTEGER,
    generation_wh  INTEGER,
    coverage_num   INTEGER NOT NULL,
    coverage_den   INTEGER NOT NULL,
    quality        INTEGER NOT NULL,
    valid          INTEGER NOT NULL,
    complete       INTEGER NOT NULL DEFAULT 1, -- 0: the day goes on, revision stays
    source         TEXT,
    revision       INTEGER NOT NULL,
    PRIMARY KEY (day, enterprise_no)
) WITHOUT ROWID;
CREATE INDEX energy_day_enterprise ON energy_day (enterprise_no, day);

CREATE TABLE energy_day_history (
    day            TEXT NOT NULL,
    enterprise_no  INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    energy_wh      INTEGER,
    import_wh      INTEGER,
    export_wh      INTEGER,
    generation_wh  INTEGER,
    coverage_num   INTEGER NOT NULL,
    coverage_den   INTEGER NOT NULL,
    quality        INTEGER NOT NULL,
    valid          INTEGER NOT NULL,
    source         TEXT,
    PRIMARY KEY (day, enterprise_no, revision)
) WITHOUT ROWID;

-- Imports, as given. account '' = by enterprise.
CREATE TABLE import_energy (
    day            TEXT NOT NULL,
    enterprise_no  INTEGER NOT NULL,
    account        TEXT NOT NULL DEFAULT '',
    import_wh      INTEGER NOT NULL, -- grid purchase of the local day
    export_wh      INTEGER,
    generation_wh  INTEGER,
    revision       INTEGER NOT NULL,
    PRIMARY KEY (day, enterprise_no, account)
) WITHOUT ROWID;

CREATE TABLE import_output (
    enterprise_no INTEGER NOT NULL,
    period        TEXT NOT NULL,
    item          TEXT NOT NULL,    -- output_value value_added tax revenue rd investment (CNY) employees staff_returned staff_total
    value_e6      INTEGER NOT NULL, -- millionths of a yuan or of a person
    revision      INTEGER NOT NULL,
    PRIMARY KEY (enterprise_no, period, item)
) WITHOUT ROWID;

CREATE TABLE import_energy_use (
    enterprise_no INTEGER NOT NULL,
    period        TEXT NOT NULL,
    carrier       TEXT NOT NULL,
    cert_id       TEXT NOT NULL DEFAULT '',
    quantity_e6   INTEGER NOT NULL, -- millionths of the carrier's unit
    unit          TEXT NOT NULL,
    revision      INTEGER NOT NULL,
    PRIMARY KEY (enterprise_no, period, carrier, cert_id)
) WITHOUT ROWID;

-- Baselines per method and rule; never recomputed per query while their inputs stand.
CREATE TABLE baseline (
    method        TEXT NOT NULL,
    from_day      TEXT NOT NULL,
    to_day        TEXT NOT NULL,
    enterprise_no INTEGER NOT NULL,
    baseline_wh   INTEGER,
    valid_days    INTEGER NOT NULL,
    source        TEXT,             -- meter import mixed
    reason        TEXT,             -- why there is none
    PRIMARY KEY (method, from_day, enterprise_no)
) WITHOUT ROWID;

CREATE TABLE resumption (
    row_no             INTEGER PRIMARY KEY AUTOINCREMENT,
    newest             INTEGER NOT NULL,
    day                TEXT NOT NULL,
    method             TEXT NOT NULL,
    enterprise_no      INTEGER NOT NULL,
    size_class         TEXT NOT NULL,
    industry           TEXT NOT NULL,
    region             TEXT NOT NULL,
    town               TEXT NOT NULL,
    park               TEXT NOT NULL,
    name               TEXT NOT NULL,
    energy_wh          INTEGER,
    baseline_wh        INTEGER,
    baseline_valid_days INTEGER,
    state              TEXT NOT NULL,
    produced           INTEGER,
    valid              INTEGER NOT NULL,
    coverage_num       INTEGER NOT NULL,
    coverage_den       INTEGER NOT NULL,
    quality            TEXT NOT NULL,
    energy_source      TEXT,
    baseline_source    TEXT,
    mixed_source       INTEGER NOT NULL,
    reason             TEXT,
    revision           INTEGER NOT NULL
);
CREATE UNIQUE INDEX resumption_newest ON resumption (day, method, enterprise_no) WHERE newest = 1;

-- Fractions are kept exact as numerator and denominator; views divide. Denominator 0 = NULL.
CREATE TABLE rate_day (
    row_no            INTEGER PRIMARY KEY AUTOINCREMENT, -- the journal's member
    newest            INTEGER NOT NULL,
    created_ms        INTEGER NOT NULL,
    day               TEXT NOT NULL,
    method            TEXT NOT NULL,
    group_kind        TEXT NOT NULL,
    group_id          TEXT NOT NULL,
    group_name        TEXT NOT NULL,
    n_scope           INTEGER NOT NULL,
    n_valid           INTEGER NOT NULL,
    n_resumed         INTEGER NOT NULL,
    n_not_resumed     INTEGER NOT NULL,
    n_produced        INTEGER NOT NULL,
    n_zero            INTEGER NOT NULL,
    n_missing         INTEGER NOT NULL,
    n_no_baseline     INTEGER NOT NULL,
    n_mixed_source    INTEGER NOT NULL,
    energy_wh         INTEGER NOT NULL,
    baseline_wh       INTEGER NOT NULL,
    resumed_energy_wh   INTEGER NOT NULL, -- of the resumed: production_rate_resumed
    resumed_baseline_wh INTEGER NOT NULL,
    missing_baseline_wh INTEGER NOT NULL, -- of the missing: coverage_kwh
    index_e2          INTEGER,          -- resumption_index in hundredths of a point
    d1_resumption_bp  INTEGER,
    d1_production_bp  INTEGER,
    ma7_resumption    REAL,
    ma7_production    REAL,
    target_resumption_e6 INTEGER,
    target_production_e6 INTEGER,
    light             TEXT,
    status            TEXT NOT NULL,
    stage             TEXT NOT NULL,
    suppressed        INTEGER NOT NULL,
    method_confidence TEXT NOT NULL,
    revision          INTEGER NOT NULL,
    inputs_sha256     TEXT NOT NULL
);
CREATE UNIQUE INDEX rate_day_newest ON rate_day (day, method, group_kind, group_id) WHERE newest = 1;

CREATE TABLE carbon (
    row_no             INTEGER PRIMARY KEY AUTOINCREMENT,
    newest             INTEGER NOT NULL,
    created_ms         INTEGER NOT NULL,
    enterprise_no      INTEGER NOT NULL,
    name               TEXT NOT NULL,
    period             TEXT NOT NULL,
    period_kind        TEXT NOT NULL,
    method             TEXT NOT NULL,
    purchased_wh       INTEGER,
    self_pv_wh         INTEGER,
    green_wh           INTEGER,
    energy_gce         INTEGER, -- grams of coal equivalent
    energy_primary_gce INTEGER,
    scope1_mg          INTEGER, -- milligrams of CO2 throughout
    heat_mg            INTEGER,
    co2_location_mg    INTEGER,
    co2_market_mg      INTEGER,
    co2_graded_mg      INTEGER,
    value_added_e6     INTEGER, -- millionths of a yuan
    intensity_e9       INTEGER, -- t per 10^4 yuan
    benchmark_e9       INTEGER,
    benchmark_period   TEXT,
    benchmark_source   TEXT,
    ratio_e9           INTEGER,
    level              TEXT,
    grade              INTEGER,
    neutral_num        INTEGER, -- neutral_rate = num / den
    neutral_den        INTEGER,
    factor_e6          INTEGER, -- kg per kWh
    factor_region      TEXT,
    factor_year        INTEGER,
    coverage_num       INTEGER NOT NULL,
    coverage_den       INTEGER NOT NULL,
    status             TEXT NOT NULL,
    reason             TEXT,
    revision           INTEGER NOT NULL,
    inputs_sha256      TEXT NOT NULL
);
CREATE UNIQUE INDEX carbon_newest ON carbon (period, method, enterprise_no) WHERE newest = 1;

-- What must be computed again: kind 'day' (energy_day of a day), 'rates' (a day), 'carbon' (all).
CREATE TABLE stale (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

CREATE TABLE event (
    event_no INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms    INTEGER NOT NULL,
    code     TEXT NOT NULL,    -- rollover reset register_shrunk meter_down …
    object   TEXT,             -- meter, line, enterprise, file
    detail   TEXT
);

CREATE TABLE audit (
    audit_no INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms    INTEGER NOT NULL,
    who      TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT,
    detail   TEXT
);
