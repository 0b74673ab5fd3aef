#include "daemon/assess/carbon.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/ratio.h>

#include "daemon/assess/carbon_internal.h"

#define ELECTRICITY "electricity"
#define SELF_PV     "self_pv"
#define GREEN_POWER "green_power"
#define CERTIFICATE "certificate"

enum {
    TERMS_MAX = 64,
    MWH_E6_PER_WH = 1,
    KWH_E6_PER_WH = 1000
};

/* ---- electricity ---- */

/* Green power and certificates are a ledger: what lies in the period counts, gaps are no
 * gaps. */
static bool is_ledger(const char *carrier)
{
    return strcmp(carrier, GREEN_POWER) == 0 || strcmp(carrier, CERTIFICATE) == 0;
}

static bool is_electric(const char *carrier)
{
    return strcmp(carrier, ELECTRICITY) == 0 || strcmp(carrier, SELF_PV) == 0 ||
           is_ledger(carrier);
}

static bool is_known(enum period_figure figure)
{
    return figure == PERIOD_FIGURE_EXACT || figure == PERIOD_FIGURE_TILED;
}

static int64_t wh_of_kwh_e6(int64_t kwh_e6)
{
    return div_round_128(kwh_e6, KWH_E6_PER_WH);
}

static void note_figure(struct carbon_firm *firm, enum period_figure figure)
{
    if (figure == PERIOD_FIGURE_COARSER) {
        firm->reasons |= 1u << CARBON_CARRIER_ONLY_COARSER;
    } else if (figure == PERIOD_FIGURE_PARTIAL) {
        firm->reasons |= 1u << CARBON_CARRIER_INCOMPLETE;
    }
}

static void use_days(const struct carbon_inputs *inputs, struct carbon_firm *firm,
                     struct carbon_input *input)
{
    firm->electricity = ELECTRICITY_DAYS;
    input->has_purchased = true;
    input->purchased_wh = inputs->import_wh;
    firm->row.coverage_num = inputs->n_valid_days;
    firm->row.coverage_den = inputs->n_days;
}

/* All days valid, else imported for exactly the period, else what days there are. */
static void find_electricity(const struct carbon_inputs *inputs,
                             const struct period *period, struct carbon_firm *firm,
                             struct carbon_input *input)
{
    int64_t kwh_e6 = 0;
    enum period_figure figure = carbon_series_figure(inputs, ELECTRICITY, period, &kwh_e6);

    firm->row.coverage_den = 1;
    if (inputs->n_days > 0 && inputs->n_valid_days == inputs->n_days) {
        use_days(inputs, firm, input);
    } else if (is_known(figure)) {
        firm->electricity = ELECTRICITY_IMPORT;
        input->has_purchased = true;
        input->purchased_wh = wh_of_kwh_e6(kwh_e6);
        firm->row.coverage_num = 1;
    } else {
        if (inputs->n_valid_days > 0) {
            use_days(inputs, firm, input);
        }
        if ((int64_t)inputs->n_valid_days * 10 < (int64_t)inputs->n_days * 9 ||
            inputs->n_valid_days == 0) {
            firm->reasons |= 1u << CARBON_ELECTRICITY_INCOMPLETE;
            if (figure == PERIOD_FIGURE_COARSER) {
                firm->reasons |= 1u << CARBON_CARRIER_ONLY_COARSER;
            }
        }
    }
}

static void find_green(const struct carbon_inputs *inputs, const struct period *period,
                       struct carbon_firm *firm, struct carbon_input *input)
{
    int64_t pv_e6 = 0;
    int64_t green_e6 = 0;
    int64_t certificate_e6 = 0;
    int64_t net_wh = inputs->generation_wh - inputs->export_wh;
    enum period_figure pv = carbon_series_figure(inputs, SELF_PV, period, &pv_e6);

    if (firm->electricity == ELECTRICITY_DAYS && inputs->generation_wh > 0) {
        input->self_pv_wh = net_wh > 0 ? net_wh : 0;
    } else {
        input->self_pv_wh = wh_of_kwh_e6(pv_e6);
        note_figure(firm, pv);
    }
    enum period_figure green = carbon_series_figure(inputs, GREEN_POWER, period, &green_e6);
    enum period_figure certificate =
        carbon_series_figure(inputs, CERTIFICATE, period, &certificate_e6);
    if (green == PERIOD_FIGURE_COARSER || certificate == PERIOD_FIGURE_COARSER) {
        note_figure(firm, PERIOD_FIGURE_COARSER);
    }
    input->green_power_wh =
        wh_of_kwh_e6(green_e6) + div_round_128(certificate_e6, MWH_E6_PER_WH);
}

/* ---- other carriers ---- */

static const struct carrier *carrier_find(const struct methods *methods, const char *id)
{
    for (int i = 0; i < methods->n_carrier; i++) {
        if (strcmp(methods->carrier[i].id, id) == 0) {
            return &methods->carrier[i];
        }
    }
    return NULL;
}

static int find_carriers(const struct carbon_run *run, const struct carbon_inputs *inputs,
                         struct carbon_firm *firm)
{
    firm->carrier = calloc((size_t)inputs->n_series + 1, sizeof(*firm->carrier));
    if (firm->carrier == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < inputs->n_series; i++) {
        struct carbon_carrier carrier = {.carrier = NULL};

        (void)text_copy(carrier.id, sizeof(carrier.id), inputs->series[i].name);
        carrier.carrier = carrier_find(run->methods, carrier.id);
        carrier.figure = carbon_series_figure(inputs, carrier.id, &run->query->period,
                                              &carrier.quantity_e6);
        if (carrier.figure == PERIOD_FIGURE_NONE) {
            continue;
        }
        firm->carrier[firm->n_carriers++] = carrier;
        if (!is_electric(carrier.id)) {
            note_figure(firm, carrier.figure);
        }
    }
    return 0;
}

/* What is not known for the period, or has no coefficients, must not count as nothing. */
static int terms_of(const struct carbon_firm *firm, struct carbon_term terms[TERMS_MAX])
{
    static const struct carrier unknown = {.is_fuel = true};
    int n = 0;

    for (int i = 0; i < firm->n_carriers && n < TERMS_MAX; i++) {
        const struct carbon_carrier *used = &firm->carrier[i];

        if (is_electric(used->id)) {
            continue;
        }
        if (!is_known(used->figure)) {
            terms[n++] = (struct carbon_term){&unknown, 1};
        } else {
            terms[n++] = (struct carbon_term){
                used->carrier == NULL ? &unknown : used->carrier, used->quantity_e6};
        }
    }
    return n;
}

static bool lacks_factor(const struct carbon_firm *firm)
{
    for (int i = 0; i < firm->n_carriers; i++) {
        const struct carbon_carrier *used = &firm->carrier[i];

        if (!is_electric(used->id) && is_known(used->figure) && used->quantity_e6 != 0 &&
            (used->carrier == NULL || !used->carrier->has_co2)) {
            return true;
        }
    }
    return false;
}

/* ---- one enterprise ---- */

static void find_data(const struct carbon_run *run, const struct enterprise *enterprise,
                      struct carbon_firm *firm, struct carbon_input *input)
{
    const struct period *period = &run->query->period;
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    civil_from_day(period->first, &year, &month, &dom);
    firm->average =
        grid_factor_find(run->methods, enterprise->region, year, FACTOR_AVERAGE);
    firm->residual =
        grid_factor_find(run->methods, enterprise->region, year, FACTOR_RESIDUAL);
    firm->benchmark =
        benchmark_find(run->methods, enterprise->industry, enterprise->region, period);
    input->electricity = carrier_find(run->methods, ELECTRICITY);
    if (firm->average != NULL) {
        input->has_average = true;
        input->average_e6 = firm->average->kg_per_kwh_e6;
    }
    if (firm->residual != NULL) {
        input->has_residual = true;
        input->residual_e6 = firm->residual->kg_per_kwh_e6;
    }
    if (firm->benchmark != NULL && firm->benchmark->t_per_1e4cny_e9 > 0) {
        input->has_benchmark = true;
        input->benchmark_e9 = firm->benchmark->t_per_1e4cny_e9;
    }
}

static void find_value_added(const struct carbon_run *run,
                             const struct carbon_inputs *inputs, struct carbon_firm *firm,
                             struct carbon_input *input)
{
    const struct period *period = &run->query->period;
    int64_t value_e6 = 0;
    enum period_figure figure = period_figure_of(inputs->output.value, inputs->output.n,
                                                 period->first, period->last, &value_e6);

    input->has_value_added = is_known(figure);
    input->value_added_e6 = input->has_value_added ? value_e6 : 0;
    if (!input->has_value_added) {
        firm->reasons |= 1u << CARBON_NO_VALUE_ADDED;
    } else if (value_e6 <= 0) {
        firm->reasons |= 1u << CARBON_VALUE_ADDED_NOT_POSITIVE;
    }
}

static void find_reasons(const struct carbon_run *run, const struct enterprise *enterprise,
                         struct carbon_firm *firm, const struct carbon_input *input)
{
    const struct period *period = &run->query->period;

    if (enterprise->commissioning_until != DAY_MIN &&
        enterprise->commissioning_until >= period->last) {
        firm->reasons |= 1u << CARBON_COMMISSIONING;
    }
    if (!input->has_average || lacks_factor(firm)) {
        firm->reasons |= 1u << CARBON_NO_FACTOR;
    }
    if (!input->has_benchmark) {
        firm->reasons |= 1u << CARBON_NO_BENCHMARK;
    }
    if (period->last >= run->today) {
        firm->reasons |= 1u << CARBON_PERIOD_OPEN;
    }
}

static void hash_carrier(struct sha256 *sha, const struct carrier *carrier)
{
    sha256_i64(sha, carrier->has_co2 ? carrier->kg_co2_per_unit_e6 : -1);
    sha256_i64(sha, carrier->has_coal ? carrier->kgce_per_unit_e6 : -1);
    sha256_i64(sha, carrier->has_coal_primary ? carrier->kgce_primary_per_unit_e6 : -1);
    sha256_i64(sha, carrier->is_fuel);
}

static void hash_factor(struct sha256 *sha, const struct grid_factor *factor)
{
    if (factor != NULL) {
        sha256_text(sha, factor->region);
        sha256_i64(sha, factor->year);
        sha256_i64(sha, factor->kg_per_kwh_e6);
        sha256_text(sha, factor->document);
    }
    sha256_i64(sha, factor != NULL);
}

static void hash_inputs(const struct carbon_run *run, struct carbon_inputs *inputs,
                        struct carbon_firm *firm, const struct carbon_input *input)
{
    struct sha256 *sha = inputs->sha;

    sha256_text(sha, run->query->method->sha256);
    sha256_text(sha, run->query->period.text);
    sha256_text(sha, inputs->version->id);
    sha256_text(sha, inputs->version->industry);
    sha256_text(sha, inputs->version->region);
    sha256_i64(sha, inputs->version->commissioning_until);
    sha256_i64(sha, inputs->n_days);
    sha256_i64(sha, input->has_value_added);
    sha256_i64(sha, input->value_added_e6);
    hash_factor(sha, firm->average);
    hash_factor(sha, firm->residual);
    if (input->electricity != NULL) {
        hash_carrier(sha, input->electricity);
    }
    if (firm->benchmark != NULL) {
        sha256_text(sha, firm->benchmark->file);
        sha256_text(sha, firm->benchmark->period);
        sha256_i64(sha, firm->benchmark->t_per_1e4cny_e9);
    }
    for (int i = 0; i < firm->n_carriers; i++) {
        sha256_text(sha, firm->carrier[i].id);
        sha256_i64(sha, firm->carrier[i].figure);
        sha256_i64(sha, firm->carrier[i].quantity_e6);
        if (firm->carrier[i].carrier != NULL) {
            hash_carrier(sha, firm->carrier[i].carrier);
        }
    }
    sha256_final(sha, firm->row.inputs_sha256);
    inputs->sha = NULL;
}

static struct result_value result_of(struct carbon_value value)
{
    return (struct result_value){value.has, value.value};
}

static void fill_amounts(struct carbon_firm *firm, const struct carbon_input *input)
{
    struct carbon_row *row = &firm->row;
    const struct carbon_figures *figures = &firm->figures;
    bool neutral = figures->neutral_den > 0;

    row->purchased_wh = (struct result_value){input->has_purchased, input->purchased_wh};
    row->self_pv_wh = (struct result_value){input->has_purchased, input->self_pv_wh};
    row->green_wh = (struct result_value){input->has_purchased, figures->green_wh};
    row->energy_gce = result_of(figures->energy_gce);
    row->energy_primary_gce = result_of(figures->energy_primary_gce);
    row->scope1_mg = result_of(figures->scope1_mg);
    row->heat_mg = result_of(figures->heat_mg);
    row->co2_location_mg = result_of(figures->co2_location_mg);
    row->co2_market_mg = result_of(figures->co2_market_mg);
    row->co2_graded_mg = result_of(figures->co2_graded_mg);
    row->value_added_e6 =
        (struct result_value){input->has_value_added, input->value_added_e6};
    row->neutral_num = (struct result_value){neutral, figures->neutral_num};
    row->neutral_den = (struct result_value){neutral, figures->neutral_den};
    if (firm->benchmark != NULL && input->has_benchmark) {
        row->benchmark_e9 = (struct result_value){true, input->benchmark_e9};
        (void)text_copy(row->benchmark_period, sizeof(row->benchmark_period),
                        firm->benchmark->period);
        (void)text_copy(row->benchmark_source, sizeof(row->benchmark_source),
                        firm->benchmark->file);
    }
    if (firm->average != NULL) {
        row->factor_e6 = (struct result_value){true, firm->average->kg_per_kwh_e6};
        row->factor_year = (struct result_value){true, firm->average->year};
        (void)text_copy(row->factor_region, sizeof(row->factor_region),
                        firm->average->region);
    }
}

/* Of incomplete energy no intensity is given: it would look better than it is. */
static void fill_marks(const struct carbon_run *run, struct carbon_firm *firm)
{
    const uint32_t incomplete = 1u << CARBON_CARRIER_ONLY_COARSER |
                                1u << CARBON_CARRIER_INCOMPLETE |
                                1u << CARBON_ELECTRICITY_INCOMPLETE;
    const struct carbon_method *method = run->query->method;
    enum carbon_reason reason = carbon_reason_of(firm->reasons);
    struct carbon_row *row = &firm->row;

    (void)text_copy(row->status, sizeof(row->status), carbon_status_of(reason));
    if (reason != CARBON_REASON_NONE) {
        (void)text_copy(row->reason, sizeof(row->reason), carbon_reason_name(reason));
    }
    if ((firm->reasons & incomplete) != 0) {
        return;
    }
    row->intensity_e9 = result_of(firm->figures.intensity_e9);
    row->ratio_e9 = result_of(firm->figures.ratio_e9);
    if (row->intensity_e9.has && carbon_has_level(reason)) {
        (void)text_copy(
            row->level, sizeof(row->level),
            carbon_level_name(carbon_level_of(row->intensity_e9.value, method)));
    }
    if (row->ratio_e9.has && carbon_has_grade(reason)) {
        row->grade =
            (struct result_value){true, carbon_grade_of(row->ratio_e9.value, method)};
    }
}

static int compute_firm(const struct carbon_run *run, struct carbon_inputs *inputs,
                        struct carbon_firm *firm)
{
    const struct enterprise *enterprise = inputs->version;
    const struct period *period = &run->query->period;
    struct carbon_term terms[TERMS_MAX];
    struct carbon_input input = {.term = terms};
    struct carbon_row *row = &firm->row;

    row->enterprise_no = enterprise->enterprise_no;
    (void)text_copy(row->enterprise, sizeof(row->enterprise), enterprise->id);
    (void)text_copy(row->name, sizeof(row->name), enterprise->name);
    (void)text_copy(row->period, sizeof(row->period), period->text);
    (void)text_copy(row->period_kind, sizeof(row->period_kind),
                    period_kind_name(period->kind));
    (void)text_copy(row->method, sizeof(row->method), run->query->method->id);
    firm->n_days = inputs->n_days;
    firm->n_valid_days = inputs->n_valid_days;
    int err = find_carriers(run, inputs, firm);
    if (err != 0) {
        return err;
    }
    find_electricity(inputs, period, firm, &input);
    find_green(inputs, period, firm, &input);
    find_data(run, enterprise, firm, &input);
    find_value_added(run, inputs, firm, &input);
    input.n_terms = terms_of(firm, terms);
    find_reasons(run, enterprise, firm, &input);
    /* Quantities beyond any country's: no figure, and said to be incomplete. */
    if (carbon_figures_of(&input, &firm->figures) != 0) {
        firm->reasons |= 1u << CARBON_CARRIER_INCOMPLETE;
    }
    fill_amounts(firm, &input);
    fill_marks(run, firm);
    hash_inputs(run, inputs, firm, &input);
    return 0;
}

/* ---- the door ---- */

static int by_enterprise(const void *a, const void *b)
{
    return strcmp(((const struct carbon_firm *)a)->row.enterprise,
                  ((const struct carbon_firm *)b)->row.enterprise);
}

static int revision_of(struct store *store, struct carbon_row *row)
{
    struct carbon_row newest;
    int err = results_carbon_newest(store, row, &newest);

    if (err == 0) {
        row->revision = newest.revision + (carbon_row_equal(&newest, row) ? 0 : 1);
    }
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int compute(struct carbon_run *run, struct carbon_result *result)
{
    int err = carbon_inputs_load(run);

    if (err != 0 || result->period.first > run->today) {
        return err;
    }
    result->firm = calloc(run->n_numbers, sizeof(*result->firm));
    if (result->firm == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t no = 0; err == 0 && no < run->n_numbers; no++) {
        struct carbon_firm *firm = &result->firm[result->n_firms];

        if (run->inputs[no].version == NULL) {
            continue;
        }
        result->n_firms++;
        err = compute_firm(run, &run->inputs[no], firm);
        if (err == 0) {
            err = revision_of(run->store, &firm->row);
        }
    }
    qsort(result->firm, (size_t)result->n_firms, sizeof(*result->firm), by_enterprise);
    return err;
}

int carbon_compute(struct store *store, const struct methods *methods,
                   const struct carbon_query *query, struct carbon_result *ret_result)
{
    struct carbon_run run = {.store = store, .methods = methods, .query = query};
    struct carbon_result result = {.period = query->period, .method = query->method};

    run.today = day_of_ts(query->now_ms, query->zone);
    int err = compute(&run, &result);
    carbon_inputs_done(&run);
    if (err != 0) {
        carbon_result_done(&result);
        return err;
    }
    *ret_result = result;
    return 0;
}

void carbon_result_done(struct carbon_result *result)
{
    for (int i = 0; i < result->n_firms; i++) {
        free(result->firm[i].carrier);
    }
    free(result->firm);
    *result = (struct carbon_result){.n_firms = 0};
}

int carbon_store(struct store *writer, const struct carbon_result *result, int64_t now_ms)
{
    int n_changed = store_begin(writer);

    for (int i = 0; n_changed >= 0 && i < result->n_firms; i++) {
        struct carbon_row row = result->firm[i].row;
        int put = results_carbon_put(writer, &row, now_ms);

        n_changed = put < 0 ? put : n_changed + put;
    }
    return n_changed;
}

int carbon_months(const struct period *period, struct period ret_months[12])
{
    int n = 0;

    for (day_t day = period->first; day <= period->last && n < 12; n++) {
        char text[DAY_TEXT_LEN];

        text_from_day(day, text);
        text[7] = '\0';
        if (text_to_period(text, &ret_months[n]) != 0) {
            return n;
        }
        day = ret_months[n].last + 1;
    }
    return n;
}
