"""Columns of the views that others read (ecmon-sql(7)), in order; more may stand behind them."""

QUANTITIES = (
    "energy_import_wh energy_export_wh reactive_import_varh reactive_export_varh power_w"
    " power_a_w power_b_w power_c_w reactive_var apparent_va pf_e3 voltage_a_mv voltage_b_mv"
    " voltage_c_mv voltage_ab_mv voltage_bc_mv voltage_ca_mv current_a_ma current_b_ma"
    " current_c_ma current_n_ma frequency_mhz demand_w"
)
ENERGY = "energy_wh import_wh export_wh generation_wh coverage quality valid source revision"

VIEW_COLUMNS = {view: columns.split() for view, columns in {
    "v_reading": "meter slot_ts_ms ts_ms status detail " + QUANTITIES,
    "v_interval":
        "meter enterprise start_ts_ms energy_import_wh energy_export_wh reactive_import_varh"
        " reactive_export_varh max_power_w start_register start_register_ts_ms end_register"
        " end_register_ts_ms quality revision",
    "v_curve": "enterprise day point start_ts_ms energy_wh power_w co2_g quality",
    "v_meter_day": "meter day energy_import_wh energy_export_wh coverage quality revision",
    "v_energy_day": "enterprise day " + ENERGY,
    "v_energy_month": "enterprise period " + ENERGY,
    "v_energy_day_source": "enterprise day source energy_wh coverage revision",
    "v_baseline": "enterprise method from_day to_day baseline_wh valid_days reason",
    "v_resumption":
        "enterprise name day method size_class industry region town park energy_wh baseline_wh"
        " baseline_valid_days ratio state produced valid coverage quality energy_source"
        " baseline_source mixed_source reason revision",
    "v_rate_day":
        "day method group_kind group_id group_name n_scope n_valid n_resumed n_not_resumed"
        " n_produced n_zero n_missing n_no_baseline n_mixed_source energy_wh baseline_wh"
        " resumption_rate production_rate production_rate_resumed produced_rate"
        " resumption_index resumption_low resumption_high coverage_firms coverage_kwh"
        " d1_resumption_pp d1_production_pp ma7_resumption ma7_production target_resumption"
        " target_production light status stage suppressed method_confidence revision"
        " inputs_sha256",
    "v_carbon":
        "enterprise name period period_kind method purchased_kwh self_pv_kwh green_kwh"
        " energy_tce energy_tce_primary scope1_t heat_t co2_location_t co2_market_t"
        " co2_graded_t value_added_cny intensity benchmark benchmark_period benchmark_source"
        " ratio level grade neutral_rate factor_kg_per_kwh factor_region factor_year coverage"
        " status reason revision inputs_sha256",
    "v_success_day": "day line meter scheduled ok ok_first partial timeout",
}.items()}
ENERGY_VIEWS = ("v_energy_day", "v_energy_month", "v_energy_day_source")
