#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/rates_internal.h"

static const char *none_if_blank(const char *text)
{
    return text[0] == '\0' ? "none" : text;
}

void rates_fill_resumption_row(const struct rates_result *result,
                               const struct rates_firm *firm,
                               struct resumption_row *ret_row)
{
    const struct enterprise *enterprise = firm->enterprise;

    *ret_row = (struct resumption_row){
        .day = result->day,
        .method = result->method->id,
        .enterprise_no = enterprise->enterprise_no,
        .size_class = size_class_name(enterprise->size_class),
        .industry = none_if_blank(enterprise->industry),
        .region = none_if_blank(enterprise->region),
        .town = none_if_blank(enterprise->town),
        .park = none_if_blank(enterprise->park),
        .name = enterprise->name,
        .energy_wh = {firm->energy.has_energy, firm->energy.energy_wh},
        .baseline_wh = {firm->baseline.has, firm->baseline.baseline_wh},
        .baseline_valid_days = firm->baseline.valid_days,
        .state = resumption_state_name(firm->state),
        .produced = {firm->valid, firm->produced ? 1 : 0},
        .valid = firm->valid,
        .coverage_num = firm->energy.coverage_num,
        .coverage_den = firm->energy.coverage_den,
        .quality = quality_name(firm->energy.quality),
        .energy_source = figure_source_name(rates_source_of(&firm->energy)),
        .baseline_source = figure_source_name(firm->baseline.source),
        .mixed_source = firm->mixed_source,
        .reason = firm->reason,
        .revision = firm->revision,
    };
}

/* ---- revisions ---- */

int rates_group_revisions(struct store *store, struct rates_result *result)
{
    for (int i = 0; i < result->n_groups; i++) {
        struct rate_row *row = &result->group[i].row;
        struct rate_row newest;
        int err = results_rate_newest(store, row, &newest);

        if (err != 0 && err != ERR_NOT_FOUND) {
            return err;
        }
        if (err == 0) {
            row->revision = newest.revision + (rate_row_equal(&newest, row) ? 0 : 1);
        }
    }
    return 0;
}

/* What the store holds for each firm of the result. */
struct stored_firm {
    bool there;
    bool equal;
    int32_t revision;
};

struct firm_look {
    const struct rates_result *result;
    int *firm_of;               /* by enterprise_no: index + 1, 0 = not in force */
    struct stored_firm *stored; /* by index */
    int64_t *gone;              /* row numbers of enterprises that are not in force */
    int n_gone;
    int cap_gone;
};

static int note_gone(struct firm_look *look, int64_t row_no)
{
    if (look->n_gone == look->cap_gone) {
        int cap = look->cap_gone == 0 ? 8 : look->cap_gone * 2;
        int64_t *gone = realloc(look->gone, (size_t)cap * sizeof(*gone));

        if (gone == NULL) {
            return ERR_NOMEM;
        }
        look->gone = gone;
        look->cap_gone = cap;
    }
    look->gone[look->n_gone++] = row_no;
    return 0;
}

static int look_at_firm(void *ctx, const struct resumption_row *row)
{
    struct firm_look *look = ctx;
    struct resumption_row mine;
    uint32_t n = look->result->baselines->n_numbers;
    int place = row->enterprise_no < n ? look->firm_of[row->enterprise_no] : 0;

    if (place == 0) {
        return note_gone(look, row->row_no);
    }
    rates_fill_resumption_row(look->result, &look->result->firm[place - 1], &mine);
    look->stored[place - 1] =
        (struct stored_firm){true, resumption_row_equal(row, &mine), row->revision};
    return 0;
}

static void look_done(struct firm_look *look)
{
    free(look->firm_of);
    free(look->stored);
    free(look->gone);
}

static int look_at_firms(struct store *store, const struct rates_result *result,
                         struct firm_look *look)
{
    *look = (struct firm_look){.result = result};
    look->firm_of = calloc(result->baselines->n_numbers, sizeof(*look->firm_of));
    look->stored = calloc((size_t)result->n_firms + 1, sizeof(*look->stored));
    if (look->firm_of == NULL || look->stored == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < result->n_firms; i++) {
        look->firm_of[result->firm[i].enterprise->enterprise_no] = i + 1;
    }
    return results_resumption_each(store, result->day, result->method->id, look_at_firm,
                                   look);
}

static int32_t next_revision(const struct stored_firm *stored)
{
    return stored->there ? stored->revision + (stored->equal ? 0 : 1) : 0;
}

int rates_firm_revisions(struct store *store, struct rates_result *result)
{
    struct firm_look look;
    int err = look_at_firms(store, result, &look);

    for (int i = 0; err == 0 && i < result->n_firms; i++) {
        result->firm[i].revision = next_revision(&look.stored[i]);
    }
    look_done(&look);
    return err;
}

/* ---- storing ---- */

static int store_firms(struct store *writer, const struct rates_result *result)
{
    struct firm_look look;
    int err = look_at_firms(writer, result, &look);
    int n_changed = 0;

    for (int i = 0; err == 0 && i < result->n_firms; i++) {
        struct resumption_row row;

        if (look.stored[i].there && look.stored[i].equal) {
            continue;
        }
        rates_fill_resumption_row(result, &result->firm[i], &row);
        row.revision = next_revision(&look.stored[i]);
        err = results_resumption_insert(writer, &row);
        n_changed++;
    }
    for (int i = 0; err == 0 && i < look.n_gone; i++) {
        err = results_resumption_retire(writer, look.gone[i]);
    }
    look_done(&look);
    return err == 0 ? n_changed : err;
}

struct retiring {
    const struct rates_result *result;
    const struct rates_by *by;
    const char *kind;
    int64_t row_no[64];
    int n;
};

/* Ids of another level share the kind ("C" beside "C31"): those are not ours to judge. */
static void note_vanished(void *ctx, int64_t row_no, const char *group_id)
{
    struct retiring *retiring = ctx;
    int digits = retiring->by->axis[0].digits;
    bool leveled = retiring->by->axis[0].kind == GROUP_INDUSTRY;

    if (leveled && (int)strlen(group_id) != digits) {
        return;
    }
    if (retiring->n < (int)(sizeof(retiring->row_no) / sizeof(retiring->row_no[0])) &&
        rates_find(retiring->result, retiring->kind, group_id) == NULL) {
        retiring->row_no[retiring->n++] = row_no;
    }
}

/* Groups that a correction of the register emptied are no longer the newest of anything. */
static int retire_vanished(struct store *writer, const struct rates_result *result)
{
    int err = 0;

    for (int i = 0; err == 0 && i < result->n_by && !result->filtered; i++) {
        struct rate_row key = {.day = result->day};
        struct retiring retiring = {result, &result->by[i], key.group_kind, {0}, 0};

        if (result->by[i].n_axes != 1 || (result->by[i].axis[0].kind == GROUP_REGION &&
                                          result->by[i].axis[0].digits != 6)) {
            continue;
        }
        rates_by_name(&result->by[i], key.group_kind);
        memcpy(key.method, result->method->id, sizeof(key.method));
        err = results_rate_ids(writer, &key, note_vanished, &retiring);
        for (int k = 0; err == 0 && k < retiring.n; k++) {
            err = results_rate_retire(writer, retiring.row_no[k]);
        }
    }
    return err;
}

int rates_store(struct store *writer, const struct rates_result *result, int64_t now_ms)
{
    int err = store_begin(writer);

    if (err == 0) {
        err = rates_baselines_store(writer, result->method, result->baselines);
    }
    if (err != 0 || !result->is_over) {
        return err;
    }
    int n_changed = store_firms(writer, result);
    for (int i = 0; n_changed >= 0 && i < result->n_groups; i++) {
        struct rate_row row = result->group[i].row;
        int put = results_rate_put(writer, &row, now_ms);

        n_changed = put < 0 ? put : n_changed + put;
    }
    if (n_changed >= 0) {
        err = retire_vanished(writer, result);
    }
    return err == 0 ? n_changed : err;
}
