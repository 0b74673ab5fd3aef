#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/carbon_internal.h"
#include "daemon/store/registry.h"

static day_t later_day(day_t a, day_t b)
{
    return a > b ? a : b;
}

static day_t earlier_day(day_t a, day_t b)
{
    return a < b ? a : b;
}

static void take_version(const struct carbon_run *run, const struct enterprise *version)
{
    const struct period *period = &run->query->period;
    struct carbon_inputs *inputs = &run->inputs[version->enterprise_no];
    day_t from = later_day(version->since, period->first);
    day_t to = earlier_day(version->until, period->last);

    if (from > to || (run->query->enterprise_no != 0 &&
                      version->enterprise_no != run->query->enterprise_no)) {
        return;
    }
    inputs->from = inputs->version == NULL ? from : earlier_day(from, inputs->from);
    inputs->to = inputs->version == NULL ? to : later_day(to, inputs->to);
    if (inputs->version == NULL || version->since > inputs->version->since) {
        inputs->version = version;
    }
}

static int load_register(struct carbon_run *run)
{
    int err =
        registry_enterprises(run->store, DAY_MIN, &run->enterprise, &run->n_enterprises);

    if (err != 0) {
        return err;
    }
    run->n_numbers = 1;
    for (int i = 0; i < run->n_enterprises; i++) {
        if (run->enterprise[i].enterprise_no >= run->n_numbers) {
            run->n_numbers = run->enterprise[i].enterprise_no + 1;
        }
    }
    run->inputs = calloc(run->n_numbers, sizeof(*run->inputs));
    if (run->inputs == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < run->n_enterprises; i++) {
        take_version(run, &run->enterprise[i]);
    }
    for (uint32_t no = 0; no < run->n_numbers; no++) {
        struct carbon_inputs *inputs = &run->inputs[no];
        day_t passed = earlier_day(inputs->to, run->today - 1);

        if (inputs->version != NULL) {
            inputs->n_days = passed < inputs->from ? 0 : passed - inputs->from + 1;
            inputs->sha = sha256_new();
        }
    }
    return 0;
}

/* ---- days ---- */

static void hash_day(struct sha256 *sha, const struct energy_input *day)
{
    unsigned char byte[40];
    const int64_t value[] = {day->day, day->valid * 2 + (day->source == INPUT_SOURCE_METER),
                             day->import_wh, day->export_wh, day->generation_wh};

    for (size_t i = 0; i < sizeof(byte); i++) {
        byte[i] = (unsigned char)((uint64_t)value[i / 8] >> (56 - 8 * (i % 8)));
    }
    sha256_update(sha, byte, sizeof(byte));
}

static int take_day(void *ctx, const struct energy_input *day)
{
    struct carbon_run *run = ctx;
    struct carbon_inputs *inputs = NULL;

    if (day->enterprise_no >= run->n_numbers) {
        return 0;
    }
    inputs = &run->inputs[day->enterprise_no];
    if (inputs->version == NULL || day->day < inputs->from || day->day > inputs->to) {
        return 0;
    }
    hash_day(inputs->sha, day);
    if (day->valid) {
        inputs->n_valid_days++;
        inputs->import_wh += day->import_wh;
        inputs->export_wh += day->export_wh;
        inputs->generation_wh += day->generation_wh;
    }
    return 0;
}

static int load_days(struct carbon_run *run)
{
    const struct period *period = &run->query->period;
    day_t last = earlier_day(period->last, run->today - 1);

    if (run->query->enterprise_no != 0) {
        return results_energy_of(run->store, run->query->enterprise_no, period->first, last,
                                 take_day, run);
    }
    return results_energy_each(run->store, period->first, last, take_day, run);
}

/* ---- imports ---- */

static int series_add(struct carbon_series *series, const struct period *period,
                      int64_t value_e6)
{
    if (series->n == series->cap) {
        int cap = series->cap == 0 ? 4 : series->cap * 2;
        struct period_value *value =
            realloc(series->value, (size_t)cap * sizeof(*series->value));

        if (value == NULL) {
            return ERR_NOMEM;
        }
        series->value = value;
        series->cap = cap;
    }
    series->value[series->n++] =
        (struct period_value){period->first, period->last, value_e6};
    return 0;
}

/* Rows come by name: the newest series is the one, or a new one begins. */
static struct carbon_series *series_of(struct carbon_inputs *inputs, const char *name)
{
    if (inputs->n_series > 0 &&
        strcmp(inputs->series[inputs->n_series - 1].name, name) == 0) {
        return &inputs->series[inputs->n_series - 1];
    }
    if (inputs->n_series == inputs->cap_series) {
        int cap = inputs->cap_series == 0 ? 4 : inputs->cap_series * 2;
        struct carbon_series *grown =
            realloc(inputs->series, (size_t)cap * sizeof(*inputs->series));

        if (grown == NULL) {
            return NULL;
        }
        inputs->series = grown;
        inputs->cap_series = cap;
    }
    struct carbon_series *series = &inputs->series[inputs->n_series++];
    *series = (struct carbon_series){.n = 0};
    (void)text_copy(series->name, sizeof(series->name), name);
    return series;
}

/* NULL when the row is of nobody in force, or of a period that cannot be read. */
static struct carbon_inputs *inputs_of(struct carbon_run *run,
                                       const struct import_input *input,
                                       struct period *ret_period)
{
    if (input->enterprise_no >= run->n_numbers ||
        run->inputs[input->enterprise_no].version == NULL ||
        text_to_period(input->period, ret_period) != 0) {
        return NULL;
    }
    return &run->inputs[input->enterprise_no];
}

static int take_output(void *ctx, const struct import_input *input)
{
    struct period period;
    struct carbon_inputs *inputs = inputs_of(ctx, input, &period);

    return inputs == NULL ? 0 : series_add(&inputs->output, &period, input->value_e6);
}

static int take_energy_use(void *ctx, const struct import_input *input)
{
    struct period period;
    struct carbon_inputs *inputs = inputs_of(ctx, input, &period);

    if (inputs == NULL) {
        return 0;
    }
    struct carbon_series *series = series_of(inputs, input->name);
    return series == NULL ? ERR_NOMEM : series_add(series, &period, input->value_e6);
}

static void sort_series(struct carbon_series *series)
{
    if (series->n > 1) {
        qsort(series->value, (size_t)series->n, sizeof(*series->value),
              period_value_compare);
    }
}

static int load_imports(struct carbon_run *run)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    civil_from_day(run->query->period.first, &year, &month, &dom);
    int err = results_output_each(run->store, year, "value_added",
                                  run->query->enterprise_no, take_output, run);
    if (err == 0) {
        err = results_energy_use_each(run->store, year, run->query->enterprise_no,
                                      take_energy_use, run);
    }
    for (uint32_t no = 0; no < run->n_numbers; no++) {
        sort_series(&run->inputs[no].output);
        for (int i = 0; i < run->inputs[no].n_series; i++) {
            sort_series(&run->inputs[no].series[i]);
        }
    }
    return err;
}

int carbon_inputs_load(struct carbon_run *run)
{
    int err = load_register(run);

    if (err == 0) {
        err = load_days(run);
    }
    return err == 0 ? load_imports(run) : err;
}

void carbon_inputs_done(struct carbon_run *run)
{
    char unused[65];

    for (uint32_t no = 0; run->inputs != NULL && no < run->n_numbers; no++) {
        struct carbon_inputs *inputs = &run->inputs[no];

        for (int i = 0; i < inputs->n_series; i++) {
            free(inputs->series[i].value);
        }
        free(inputs->series);
        free(inputs->output.value);
        sha256_final(inputs->sha, unused);
    }
    free(run->inputs);
    free(run->enterprise);
}

enum period_figure carbon_series_figure(const struct carbon_inputs *inputs,
                                        const char *name, const struct period *period,
                                        int64_t *ret_value_e6)
{
    *ret_value_e6 = 0;
    for (int i = 0; i < inputs->n_series; i++) {
        const struct carbon_series *series = &inputs->series[i];

        if (strcmp(series->name, name) == 0) {
            return period_figure_of(series->value, series->n, period->first, period->last,
                                    ret_value_e6);
        }
    }
    return PERIOD_FIGURE_NONE;
}
