#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/rates_internal.h"
#include "daemon/core/sha256.h"
#include "daemon/core/text.h"
#include "daemon/store/registry.h"

struct numbered {
    const char *id;
    uint32_t enterprise_no;
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct numbered *)a)->id, ((const struct numbered *)b)->id);
}

/* Numbers in the order of ids, each once. */
static int order_by_id(struct rates_run *run)
{
    struct numbered *list = calloc((size_t)run->n_enterprises + 1, sizeof(*list));
    int n = 0;

    run->by_id = calloc((size_t)run->n_enterprises + 1, sizeof(*run->by_id));
    if (list == NULL || run->by_id == NULL) {
        free(list);
        return ERR_NOMEM;
    }
    for (int i = 0; i < run->n_enterprises; i++) {
        const struct enterprise *version = &run->enterprise[i];

        if (i == 0 || version->enterprise_no != run->enterprise[i - 1].enterprise_no) {
            list[n++] = (struct numbered){version->id, version->enterprise_no};
        }
    }
    qsort(list, (size_t)n, sizeof(*list), by_id);
    for (int i = 0; i < n; i++) {
        run->by_id[i] = list[i].enterprise_no;
    }
    run->n_by_id = n;
    free(list);
    return 0;
}

/* 0 when the id is not in the register. */
static uint32_t number_of(const struct rates_run *run, const char *const *id_of,
                          const char *id)
{
    int low = 0;
    int high = run->n_by_id - 1;

    while (low <= high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(id_of[run->by_id[middle]], id);

        if (order == 0) {
            return run->by_id[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    return 0;
}

/* Members sorted by enterprise number, by counting. */
static int index_members(struct rates_run *run)
{
    size_t n_members = (size_t)run->n_members;
    const char **id_of = calloc(run->n_numbers, sizeof(*id_of));
    uint32_t *number = calloc(n_members + 1, sizeof(*number));

    run->member_of = calloc(n_members + 1, sizeof(*run->member_of));
    run->member_first = calloc((size_t)run->n_numbers + 1, sizeof(*run->member_first));
    if (id_of == NULL || number == NULL || run->member_of == NULL ||
        run->member_first == NULL) {
        free(id_of);
        free(number);
        return ERR_NOMEM;
    }
    for (int i = 0; i < run->n_enterprises; i++) {
        id_of[run->enterprise[i].enterprise_no] = run->enterprise[i].id;
    }
    for (int i = 0; i < run->n_members; i++) {
        number[i] = number_of(run, id_of, run->member[i].enterprise);
        run->member_first[number[i] + 1]++;
    }
    for (uint32_t no = 0; no < run->n_numbers; no++) {
        run->member_first[no + 1] += run->member_first[no];
    }
    for (int i = run->n_members - 1; i >= 0; i--) {
        run->member_of[--run->member_first[number[i] + 1]] = i;
    }
    /* The starts have moved one place to the right: move them back. */
    memmove(run->member_first, run->member_first + 1,
            run->n_numbers * sizeof(*run->member_first));
    run->member_first[run->n_numbers] = run->n_members;
    free(id_of);
    free(number);
    return 0;
}

static int load_register(struct rates_run *run)
{
    int err =
        registry_enterprises(run->store, DAY_MIN, &run->enterprise, &run->n_enterprises);

    if (err == 0) {
        err = registry_members(run->store, DAY_MIN, &run->member, &run->n_members);
    }
    if (err == 0) {
        err = registry_groups(run->store, &run->group_name, &run->n_group_names);
    }
    if (err != 0) {
        return err;
    }
    for (int i = 0; i < run->n_enterprises; i++) {
        if (run->enterprise[i].enterprise_no >= run->n_numbers) {
            run->n_numbers = run->enterprise[i].enterprise_no + 1;
        }
    }
    run->n_numbers = run->n_numbers == 0 ? 1 : run->n_numbers;
    err = order_by_id(run);
    return err == 0 ? index_members(run) : err;
}

static int put_energy(void *ctx, const struct energy_input *input)
{
    struct rates_run *run = ctx;
    day_t offset = input->day - run->day[0].day;

    if (input->enterprise_no < run->n_numbers && offset >= 0 && offset < RATES_DAYS) {
        run->day[offset].energy[input->enterprise_no] = *input;
    }
    return 0;
}

static int open_day(struct rates_run *run, struct window_day *day)
{
    day->version = calloc(run->n_numbers, sizeof(const struct enterprise *));
    day->energy = calloc(run->n_numbers, sizeof(*day->energy));
    if (day->version == NULL || day->energy == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t no = 0; no < run->n_numbers; no++) {
        day->energy[no] = (struct energy_input){.enterprise_no = no,
                                                .day = day->day,
                                                .coverage_den = 1,
                                                .quality = QUALITY_MISSING};
    }
    for (int i = 0; i < run->n_enterprises; i++) {
        const struct enterprise *version = &run->enterprise[i];

        if (version->since <= day->day && day->day <= version->until) {
            day->version[version->enterprise_no] = version;
        }
    }
    return 0;
}

/* ---- baselines ---- */

struct baseline_load {
    const struct rates_run *run;
    struct baseline_table *table;
    struct baseline_sum *sum; /* by enterprise_no */
    int n_rows;
};

static void fingerprint_of(const struct rates_run *run, struct baseline_table *table)
{
    const struct methods *methods = run->methods;
    const struct resumption_method *method = run->query->method;
    struct sha256 *sha = sha256_new();

    sha256_text(sha, method->sha256);
    for (day_t day = table->window.first; day <= table->window.last; day++) {
        bool uncovered = false;
        bool counts = baseline_day_counts(method->day_filter, day, methods->calendar,
                                          methods->n_calendar, &uncovered);

        table->n_uncovered += uncovered;
        sha256_i64(sha, counts);
    }
    sha256_final(sha, table->fingerprint);
}

static void baseline_key(const struct resumption_method *method,
                         const struct baseline_table *table, char *ret_key, size_t size)
{
    char from[DAY_TEXT_LEN];

    text_from_day(table->window.first, from);
    (void)snprintf(ret_key, size, "baseline:%s:%s", method->id, from);
}

/* Do the stored baselines still follow from their inputs? 1, 0 or enum err. */
static int stored_stands(const struct rates_run *run, const struct baseline_table *table)
{
    char key[ID_LEN + 32];
    char stored[65] = "";
    char first[DAY_TEXT_LEN];
    char last[DAY_TEXT_LEN];

    baseline_key(run->query->method, table, key, sizeof(key));
    int err = store_meta_get(run->store, key, stored, sizeof(stored));
    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    if (strcmp(stored, table->fingerprint) != 0) {
        return 0;
    }
    text_from_day(table->window.first, first);
    text_from_day(table->window.last, last);
    int stale = results_stale_between(run->store, "rates", first, last);
    return stale < 0 ? stale : !stale;
}

static enum figure_source source_from_name(const char *name)
{
    if (name == NULL) {
        return FIGURE_SOURCE_NONE;
    }
    if (strcmp(name, "mixed") == 0) {
        return FIGURE_SOURCE_MIXED;
    }
    return strcmp(name, "meter") == 0 ? FIGURE_SOURCE_METER : FIGURE_SOURCE_IMPORT;
}

static int take_stored(void *ctx, const struct baseline_row *row)
{
    struct baseline_load *load = ctx;
    enum baseline_reason reason = BASELINE_OK;

    if (row->enterprise_no >= load->run->n_numbers) {
        return 0;
    }
    if (!row->baseline_wh.has) {
        const char *small = baseline_reason_name(BASELINE_TOO_SMALL);

        reason = row->reason != NULL && strcmp(row->reason, small) == 0
                     ? BASELINE_TOO_SMALL
                     : BASELINE_TOO_FEW_DAYS;
    }
    load->table->baseline[row->enterprise_no] =
        (struct baseline){.has = row->baseline_wh.has,
                          .baseline_wh = row->baseline_wh.value,
                          .valid_days = row->valid_days,
                          .source = source_from_name(row->source),
                          .reason = reason};
    load->n_rows++;
    return 0;
}

static int add_baseline_day(void *ctx, const struct energy_input *input)
{
    struct baseline_load *load = ctx;
    const struct methods *methods = load->run->methods;

    if (!input->valid || input->enterprise_no >= load->run->n_numbers ||
        !baseline_day_counts(load->run->query->method->day_filter, input->day,
                             methods->calendar, methods->n_calendar, NULL)) {
        return 0;
    }
    baseline_add(&load->sum[input->enterprise_no], input->energy_wh,
                 rates_source_of(input));
    return 0;
}

static int compute_table(struct baseline_load *load)
{
    const struct rates_run *run = load->run;
    struct baseline_table *table = load->table;

    load->sum = calloc(run->n_numbers, sizeof(*load->sum));
    if (load->sum == NULL) {
        return ERR_NOMEM;
    }
    int err = results_energy_each(run->store, table->window.first, table->window.last,
                                  add_baseline_day, load);
    for (uint32_t no = 0; err == 0 && no < run->n_numbers; no++) {
        table->baseline[no] = baseline_close(&load->sum[no], run->query->method);
    }
    table->computed = true;
    free(load->sum);
    return err;
}

static int load_table(struct rates_run *run, struct baseline_table *table)
{
    struct baseline_load load = {.run = run, .table = table};

    table->baseline = calloc(run->n_numbers, sizeof(*table->baseline));
    if (table->baseline == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t no = 0; no < run->n_numbers; no++) {
        table->baseline[no].reason = BASELINE_TOO_FEW_DAYS;
    }
    fingerprint_of(run, table);
    int stands = stored_stands(run, table);
    if (stands < 0) {
        return stands;
    }
    if (stands == 1) {
        int err = results_baseline_each(run->store, run->query->method->id,
                                        table->window.first, take_stored, &load);
        if (err != 0 || load.n_rows > 0) {
            return err;
        }
    }
    return compute_table(&load);
}

/* In January the days before may lie in the year before, with its own December. */
static int load_baselines(struct rates_run *run)
{
    struct rates_baselines *baselines = calloc(1, sizeof(*baselines));

    if (baselines == NULL) {
        return ERR_NOMEM;
    }
    run->baselines = baselines;
    baselines->n_numbers = run->n_numbers;
    for (int k = RATES_DAYS - 1; k >= 0; k--) {
        struct baseline_window window = baseline_window(run->day[k].day);
        struct baseline_table *last = &baselines->table[0];

        if (baselines->n_tables > 0) {
            last = &baselines->table[baselines->n_tables - 1];
        }
        if (baselines->n_tables == 0 || last->window.first != window.first) {
            last = &baselines->table[baselines->n_tables++];
            last->window = window;
            int err = load_table(run, last);
            if (err != 0) {
                return err;
            }
        }
        run->day[k].baselines = last;
    }
    return 0;
}

int rates_inputs_load(struct rates_run *run)
{
    day_t first = run->query->day - (RATES_DAYS - 1);
    int err = load_register(run);

    for (int k = 0; err == 0 && k < RATES_DAYS; k++) {
        run->day[k].day = first + k;
        err = open_day(run, &run->day[k]);
    }
    if (err == 0) {
        err = results_energy_each(run->store, first, run->query->day, put_energy, run);
    }
    return err == 0 ? load_baselines(run) : err;
}

void rates_inputs_done(struct rates_run *run)
{
    for (int k = 0; k < RATES_DAYS; k++) {
        free(run->day[k].version);
        free(run->day[k].energy);
    }
    free(run->by_id);
    free(run->member);
    free(run->member_of);
    free(run->member_first);
    free(run->group_name);
}

enum figure_source rates_source_of(const struct energy_input *energy)
{
    switch (energy->source) {
    case INPUT_SOURCE_METER:
        return FIGURE_SOURCE_METER;
    case INPUT_SOURCE_IMPORT:
        return FIGURE_SOURCE_IMPORT;
    case INPUT_SOURCE_NONE:
    default:
        return FIGURE_SOURCE_NONE;
    }
}

struct resumption_day rates_day_of(const struct window_day *day, uint32_t enterprise_no)
{
    const struct energy_input *energy = &day->energy[enterprise_no];
    const struct baseline *baseline = &day->baselines->baseline[enterprise_no];
    enum figure_source source = rates_source_of(energy);

    return (struct resumption_day){
        .in_scope = true,
        .has_baseline = baseline->has,
        .baseline_wh = baseline->baseline_wh,
        .valid = energy->valid,
        .energy_wh = energy->energy_wh,
        .mixed_source =
            source != FIGURE_SOURCE_NONE && baseline->has && source != baseline->source,
    };
}

static int store_table(struct store *writer, const struct resumption_method *method,
                       const struct baseline_table *table, uint32_t n_numbers)
{
    char key[ID_LEN + 32];
    int err = results_baseline_forget(writer, method->id, table->window.first);

    for (uint32_t no = 1; err == 0 && no < n_numbers; no++) {
        const struct baseline *baseline = &table->baseline[no];
        struct baseline_row row = {
            .enterprise_no = no,
            .baseline_wh = {baseline->has, baseline->baseline_wh},
            .valid_days = baseline->valid_days,
            .source = figure_source_name(baseline->source),
            .reason = baseline_reason_name(baseline->reason),
        };

        err = results_baseline_put(writer, method->id, table->window.first,
                                   table->window.last, &row);
    }
    if (err != 0) {
        return err;
    }
    baseline_key(method, table, key, sizeof(key));
    return store_meta_set(writer, key, table->fingerprint);
}

int rates_baselines_store(struct store *writer, const struct resumption_method *method,
                          const struct rates_baselines *baselines)
{
    int err = 0;

    for (int i = 0; err == 0 && i < baselines->n_tables; i++) {
        if (baselines->table[i].computed) {
            err = store_table(writer, method, &baselines->table[i], baselines->n_numbers);
        }
    }
    return err;
}

void rates_baselines_free(struct rates_baselines *baselines)
{
    if (baselines == NULL) {
        return;
    }
    for (int i = 0; i < baselines->n_tables; i++) {
        free(baselines->table[i].baseline);
    }
    free(baselines);
}
