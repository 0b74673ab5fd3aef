/* What the SQL views show. */
#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

static void begin(struct store *store)
{
    assert_int_equal(store_begin(store), 0);
}

static void commit(struct store *store)
{
    assert_int_equal(store_commit(store), 0);
}

static void energies_are_primary_and_rounded_half_away_from_zero(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 7, 2);
    fixture_meter(fixture.store, 2, "E001", 1000000, 1);
    fixture_meter(fixture.store, 3, "E001", 1000003, 1000);
    begin(fixture.store);
    fixture_insert(fixture.store, 1, T0, 60, 3);                        /* 10.5 */
    fixture_insert(fixture.store, 1, T0 + 60000, 60, -3);               /* -10.5 */
    fixture_insert(fixture.store, 1, T0 + 120000, 60, 4);               /* 14 */
    fixture_insert(fixture.store, 2, T0, 60, INT64_C(9000000000000));   /* 9e18 */
    fixture_insert(fixture.store, 3, T0, 60, INT64_C(123456789012345)); /* …715.382035 */
    commit(fixture.store);

    const char *const one = "SELECT energy_import_wh FROM v_reading WHERE meter = 'M001' "
                            "ORDER BY slot_ts_ms LIMIT 1 OFFSET ";
    char sql[200];

    (void)snprintf(sql, sizeof(sql), "%s0", one);
    assert_int_equal(fixture_value(fixture.store, sql), 11);
    (void)snprintf(sql, sizeof(sql), "%s1", one);
    assert_int_equal(fixture_value(fixture.store, sql), -11);
    (void)snprintf(sql, sizeof(sql), "%s2", one);
    assert_int_equal(fixture_value(fixture.store, sql), 14);
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT energy_import_wh FROM v_reading WHERE meter = 'M002'"),
        INT64_C(9000000000000000000));
    /* 123456789012345 * 1000.003 = 123457159382712037.035 - 0.000… by hand:
     * 123456789012345000 + 370370367037.035 */
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT energy_import_wh FROM v_reading WHERE meter = 'M003'"),
        INT64_C(123457159382712037));
    assert_int_equal(fixture_value(fixture.store,
                                   "SELECT count(*) FROM v_reading "
                                   "WHERE typeof(energy_import_wh) <> 'integer'"),
                     0);
    fixture_done(&fixture);
}

static void the_ratio_is_the_one_in_force_at_the_slot(void **state)
{
    struct fixture fixture;
    char sql[256];

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    (void)snprintf(sql, sizeof(sql), "UPDATE meter_version SET until_ms = %lld",
                   (long long)(T0 + 60000));
    fixture_exec(fixture.store, sql);
    (void)snprintf(
        sql, sizeof(sql),
        "INSERT INTO meter_version SELECT meter_no, %lld, 9223372036854775807, "
        "enterprise_no, parent_no, account, name, serial, endpoint, address, profile, "
        "site, pt_num, pt_den, ct_num, ct_den, 20, 1, register_range, ",
        (long long)(T0 + 60000));
    char insert[512];

    (void)snprintf(
        insert, sizeof(insert),
        "%sinitial, previous_final, role, loss_bp, rated_w, energy_interval_s, "
        "power_interval_s, voltage_interval_s, current_interval_s FROM meter_version",
        sql);
    fixture_exec(fixture.store, insert);
    begin(fixture.store);
    fixture_insert(fixture.store, 1, T0, 60, 5);
    fixture_insert(fixture.store, 1, T0 + 60000, 60, 5);
    commit(fixture.store);

    assert_int_equal(
        fixture_value(fixture.store, "SELECT min(energy_import_wh) FROM v_reading"), 50);
    assert_int_equal(
        fixture_value(fixture.store, "SELECT max(energy_import_wh) FROM v_reading"), 100);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM v_reading"), 2);
    fixture_done(&fixture);
}

static void every_scheduled_slot_has_one_row(void **state)
{
    struct fixture fixture;
    char text[256];

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    fixture_meter(fixture.store, 2, "E001", 10, 1);
    begin(fixture.store);
    assert_int_equal(samples_schedule(fixture.store, 1, T0, 60), 0);
    assert_int_equal(samples_schedule(fixture.store, 2, T0, 60), 0);
    for (int i = 0; i < 4; i++) {
        fixture_insert(fixture.store, 1, T0 + i * MS_PER_MIN, 60, i);
    }
    commit(fixture.store);

    /* Slots 0 and 1 are closed; of 2 and 3 meter 2 may still come. */
    assert_string_equal(
        fixture_text(
            fixture.store,
            "SELECT group_concat(meter || ':' || ((slot_ts_ms - 1795219200000) / 60000) "
            "|| ':' || status || ':' || ifnull(ts_ms - slot_ts_ms, '-'), ' ') "
            "FROM v_reading",
            text),
        "M001:0:ok:182 M001:1:ok:182 M001:2:ok:182 M001:3:ok:182 "
        "M002:0:missed:- M002:1:missed:-");
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT count(*) FROM v_reading WHERE meter = 'M002' AND "
                      "coalesce(ts_ms, energy_import_wh, power_w) IS NOT NULL"),
        0);
    fixture_done(&fixture);
}

static void status_words_are_those_of_the_contract(void **state)
{
    struct fixture fixture;
    char text[256];

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    begin(fixture.store);
    for (int i = 0; i < SLOT_STATUS_COUNT; i++) {
        struct sample sample = {.slot_ts_ms = T0 + i * MS_PER_MIN,
                                .meter_no = 1,
                                .interval_s = 60,
                                .status = (enum slot_status)i};

        assert_int_equal(samples_insert(fixture.store, &sample, false), 0);
    }
    commit(fixture.store);

    assert_string_equal(
        fixture_text(fixture.store, "SELECT group_concat(status, ' ') FROM v_reading",
                     text),
        "ok partial timeout refused connection exception bad_frame bad_crc bad_unit range "
        "missed clock disabled");
    assert_string_equal(
        fixture_text(
            fixture.store,
            "SELECT day || ' ' || line || ' ' || meter || ' ' || scheduled || ok || "
            "ifnull(ok_first, '-') || partial || timeout || refused || connection || "
            "exception || bad_frame || bad_crc || bad_unit || range || missed || clock "
            "|| disabled FROM v_success_day",
            text),
        "2026-11-21 modbus+tcp://10.1.2.3:502 M001 131-111111111111");
    fixture_done(&fixture);
}

static void check_columns(struct store *store, const char *view, const char *columns)
{
    char sql[256];
    char text[2048] = "";
    sqlite3_stmt *stmt = NULL;

    (void)snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%s')", view);
    assert_int_equal(sqlite3_prepare_v2(store_db(store), sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        (void)strncat(text, (const char *)sqlite3_column_text(stmt, 0), 64);
        (void)strncat(text, " ", 2);
    }
    (void)sqlite3_finalize(stmt);
    if (strncmp(text, columns, strlen(columns)) != 0) {
        print_error("%s: %s\n", view, text);
        fail();
    }
}

static void columns_are_those_of_the_contract(void **state)
{
    static const char *const contract[][2] = {
        {"v_reading",
         "meter slot_ts_ms ts_ms status detail energy_import_wh energy_export_wh "
         "reactive_import_varh reactive_export_varh power_w power_a_w power_b_w power_c_w "
         "reactive_var apparent_va pf_e3 voltage_a_mv voltage_b_mv voltage_c_mv "
         "voltage_ab_mv "
         "voltage_bc_mv voltage_ca_mv current_a_ma current_b_ma current_c_ma current_n_ma "
         "frequency_mhz demand_w "},
        {"v_interval", "meter enterprise start_ts_ms energy_import_wh energy_export_wh "
                       "reactive_import_varh "
                       "reactive_export_varh max_power_w start_register "
                       "start_register_ts_ms end_register "
                       "end_register_ts_ms quality revision "},
        {"v_curve", "enterprise day point start_ts_ms energy_wh power_w co2_g quality "},
        {"v_meter_day",
         "meter day energy_import_wh energy_export_wh coverage quality revision "},
        {"v_energy_day",
         "enterprise day energy_wh import_wh export_wh generation_wh coverage "
         "quality valid source revision "},
        {"v_energy_month", "enterprise period energy_wh import_wh export_wh generation_wh "
                           "coverage quality valid source revision "},
        {"v_energy_day_source", "enterprise day source energy_wh coverage revision "},
        {"v_baseline", "enterprise method from_day to_day baseline_wh valid_days reason "},
        {"v_resumption",
         "enterprise name day method size_class industry region town park energy_wh "
         "baseline_wh "
         "baseline_valid_days ratio state produced valid coverage quality energy_source "
         "baseline_source mixed_source reason revision "},
        {"v_rate_day",
         "day method group_kind group_id group_name n_scope n_valid n_resumed "
         "n_not_resumed "
         "n_produced n_zero n_missing n_no_baseline n_mixed_source energy_wh baseline_wh "
         "resumption_rate production_rate production_rate_resumed produced_rate "
         "resumption_index resumption_low resumption_high coverage_firms coverage_kwh "
         "d1_resumption_pp d1_production_pp ma7_resumption ma7_production "
         "target_resumption "
         "target_production light status stage suppressed method_confidence revision "
         "inputs_sha256 "},
        {"v_carbon",
         "enterprise name period period_kind method purchased_kwh self_pv_kwh green_kwh "
         "energy_tce energy_tce_primary scope1_t heat_t co2_location_t co2_market_t "
         "co2_graded_t value_added_cny intensity benchmark benchmark_period "
         "benchmark_source "
         "ratio level grade neutral_rate factor_kg_per_kwh factor_region factor_year "
         "coverage "
         "status reason revision inputs_sha256 "},
        {"v_success_day", "day line meter scheduled ok ok_first partial timeout "},
    };
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof(contract) / sizeof(contract[0]); i++) {
        check_columns(fixture.store, contract[i][0], contract[i][1]);
    }
    /* The history of a view has the columns of the view. */
    check_columns(fixture.store, "v_interval_history", contract[1][1]);
    check_columns(fixture.store, "v_energy_day_history", contract[4][1]);
    check_columns(fixture.store, "v_resumption_history", contract[8][1]);
    check_columns(fixture.store, "v_rate_day_history", contract[9][1]);
    check_columns(fixture.store, "v_carbon_history", contract[10][1]);
    fixture_exec(fixture.store,
                 "SELECT count(*) FROM v_enterprise; SELECT count(*) FROM v_meter; "
                 "SELECT count(*) FROM v_group; SELECT count(*) FROM v_alarm");
    fixture_done(&fixture);
}

static void a_quarter_hour_adds_up_by_the_roles(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1); /* supply */
    fixture_meter(fixture.store, 2, "E001", 10, 1); /* generation */
    fixture_meter(fixture.store, 3, "E001", 10, 1); /* storage */
    fixture_meter(fixture.store, 4, "E001", 10, 1); /* sub: does not count */
    fixture_meter(fixture.store, 5, "E002", 10, 1); /* supply behind meter 1 */
    fixture_exec(fixture.store,
                 "UPDATE meter_version SET role = 'generation' WHERE meter_no = 2;"
                 "UPDATE meter_version SET role = 'storage' WHERE meter_no = 3;"
                 "UPDATE meter_version SET role = 'sub' WHERE meter_no = 4;"
                 "UPDATE meter_version SET parent_no = 1 WHERE meter_no = 5;");
    fixture_interval(fixture.store, 1, T0, "10000", "300", 0);
    fixture_interval(fixture.store, 2, T0, "2000", "0", 0);
    fixture_interval(fixture.store, 3, T0, "500", "700", 1);
    fixture_interval(fixture.store, 4, T0, "9999", "0", 0);
    fixture_interval(fixture.store, 5, T0, "1500", "0", 0);

    /* 10000 - 300 + 2000 + (700 - 500) - 1500 */
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT energy_wh FROM v_curve WHERE enterprise = 'E001'"),
        10400);
    assert_int_equal(fixture_value(fixture.store,
                                   "SELECT power_w FROM v_curve WHERE enterprise = 'E001'"),
                     41600);
    assert_int_equal(fixture_value(fixture.store,
                                   "SELECT quality = 'interpolated' AND point = 33 "
                                   "AND day = '2026-11-21' AND co2_g IS NULL FROM v_curve "
                                   "WHERE enterprise = 'E001'"),
                     1);
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT energy_wh FROM v_curve WHERE enterprise = 'E002'"),
        1500);
    fixture_done(&fixture);
}

static void a_quarter_hour_with_an_unknown_part_is_unknown(void **state)
{
    struct fixture fixture;
    char text[256];

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    fixture_meter(fixture.store, 2, "E001", 10, 1);
    fixture_interval(fixture.store, 1, T0, "100", "0", 0);
    fixture_interval(fixture.store, 2, T0, "NULL", "NULL", 3);
    fixture_interval(fixture.store, 1, T0 + 900000, "100", "0", 0);
    fixture_interval(fixture.store, 2, T0 + 900000, "100", "0", 4);

    assert_string_equal(
        fixture_text(fixture.store,
                     "SELECT group_concat(ifnull(energy_wh, '-') || ' ' || quality) "
                     "FROM v_curve",
                     text),
        "- missing,- suspect");
    fixture_done(&fixture);
}

static void history_shows_every_revision(void **state)
{
    struct fixture fixture;
    char text[256];

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    fixture_interval(fixture.store, 1, T0, "120", "0", 0);
    fixture_exec(
        fixture.store,
        "INSERT INTO interval_history (key, revision, enterprise_no, energy_import_wh, "
        "quality) SELECT key, 0, enterprise_no, 100, 2 FROM interval;"
        "UPDATE interval SET revision = 1");

    assert_string_equal(
        fixture_text(
            fixture.store,
            "SELECT group_concat(revision || ':' || energy_import_wh || ':' || quality) "
            "FROM (SELECT * FROM v_interval_history WHERE meter = 'M001' "
            "ORDER BY revision)",
            text),
        "0:100:estimated,1:120:measured");
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM v_interval"), 1);
    fixture_done(&fixture);
}

/* The row "all" of the worked example in the contract: 3 of 5 resumed, one missing. */
static void rates_are_divided_and_not_rounded(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_exec(
        fixture.store,
        "INSERT INTO rate_day VALUES (1, 1, 0, '2020-02-20', 'sgcc-2020', 'all', 'all', "
        "'全部', "
        "6, 5, 3, 2, 2, 1, 1, 0, 0, 15599000, 31000000, 14139000, 23004000, 2000000, 5516, "
        "NULL, "
        "-41, NULL, NULL, 950000, NULL, 'red', 'provisional', 'closed', 0, 'med', 0, 'x')");

    assert_int_equal(
        fixture_value(
            fixture.store,
            "SELECT resumption_rate = 0.6 AND "
            "abs(production_rate - 0.503193548387) < 1e-9 AND produced_rate = 0.4 AND "
            "resumption_index = 55.16 AND resumption_low = 0.5 AND "
            "abs(resumption_high - 0.666666666667) < 1e-9 AND "
            "abs(coverage_firms - 0.833333333333) < 1e-9 AND "
            "abs(coverage_kwh - 0.939393939394) < 1e-9 AND "
            "d1_resumption_pp IS NULL AND d1_production_pp = -0.41 AND "
            "target_resumption = 0.95 FROM v_rate_day"),
        1);
    fixture_exec(fixture.store, "UPDATE rate_day SET status = 'insufficient', n_valid = 0, "
                                "n_missing = 0, n_resumed = 0, baseline_wh = 0, "
                                "missing_baseline_wh = 0");
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT coalesce(resumption_rate, production_rate, produced_rate, "
                      "production_rate_resumed, resumption_low, resumption_high, "
                      "coverage_firms, coverage_kwh) IS NULL FROM v_rate_day"),
        1);
    fixture_exec(fixture.store, "UPDATE rate_day SET newest = 0");
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM v_rate_day"), 0);
    assert_int_equal(
        fixture_value(fixture.store, "SELECT count(*) FROM v_rate_day_history"), 1);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energies_are_primary_and_rounded_half_away_from_zero),
        cmocka_unit_test(the_ratio_is_the_one_in_force_at_the_slot),
        cmocka_unit_test(every_scheduled_slot_has_one_row),
        cmocka_unit_test(status_words_are_those_of_the_contract),
        cmocka_unit_test(columns_are_those_of_the_contract),
        cmocka_unit_test(a_quarter_hour_adds_up_by_the_roles),
        cmocka_unit_test(a_quarter_hour_with_an_unknown_part_is_unknown),
        cmocka_unit_test(history_shows_every_revision),
        cmocka_unit_test(rates_are_divided_and_not_rounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
