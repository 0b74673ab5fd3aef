/* Figures by period: keys given twice, crossing and nested periods, storing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/sync/import_parts.h"

#define SPANS_DEEP 16 /* twelve ranges of one year can be inside one another */

static uint64_t hash(const void *rows, uint32_t index)
{
    const struct staged_figure *staged = &((const struct staged_figure *)rows)[index];
    uint64_t mixed =
        key_mix((uint64_t)staged->figure.enterprise_no << 32 | (uint32_t)staged->first);

    for (const char *at = staged->figure.name; *at != '\0'; at++) {
        mixed = key_mix(mixed + (unsigned char)*at);
    }
    for (const char *at = staged->figure.cert_id; *at != '\0'; at++) {
        mixed = key_mix(mixed + (unsigned char)*at);
    }
    return key_mix(mixed + (uint32_t)staged->last);
}

static bool same_key(const void *rows, uint32_t a, uint32_t b)
{
    const struct staged_figure *staged = rows;
    const struct staged_figure *left = &staged[a];
    const struct staged_figure *right = &staged[b];

    return left->figure.enterprise_no == right->figure.enterprise_no &&
           left->first == right->first && left->last == right->last &&
           strcmp(left->figure.name, right->figure.name) == 0 &&
           strcmp(left->figure.cert_id, right->figure.cert_id) == 0;
}

int figures_add_source(struct import *import, struct figures *figures)
{
    struct figure_source *grown =
        import_grow(figures->source, figures->n_sources, sizeof(*grown));
    bool keep_raw = import->options->skip_bad && import->options->rejects != NULL;

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    figures->source = grown;
    struct figure_source source = {.line = table_line(import->table)};

    if (keep_raw) {
        source.raw = table_row_text(import->table);
        if (source.raw == NULL) {
            return ERR_NOMEM;
        }
    }
    grown[figures->n_sources++] = source;
    return 0;
}

int figures_stage(struct import *import, struct figures *figures,
                  const struct imported_figure *figure, const struct period *period,
                  int column)
{
    uint32_t n = figures->n_staged;
    uint32_t first = KEY_SET_NEW;
    struct staged_figure *grown = import_grow(figures->staged, n, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    figures->staged = grown;
    figures->keys.hash = hash;
    figures->keys.same = same_key;
    grown[n] = (struct staged_figure){*figure, period->first, period->last,
                                      figures->n_sources - 1};
    int err = key_set_add(&figures->keys, grown, n, &first);

    if (err != 0) {
        return err;
    }
    if (first == KEY_SET_NEW) {
        figures->n_staged++;
        return 0;
    }
    const struct figure_source *source = &figures->source[grown[first].source];

    if (source->bad) {
        key_set_replace(&figures->keys, grown, n);
        figures->n_staged++;
    } else if (grown[first].figure.value_e6 == figure->value_e6) {
        table_warn(import->table, column,
                   "%s of this enterprise and period: the same as in "
                   "line %ld",
                   figure->name, source->line);
    } else {
        table_error(
            import->table, column,
            "%s of this enterprise and period stands with another value in line %ld",
            figure->name, source->line);
    }
    return 0;
}

void figures_refuse_source(struct figures *figures)
{
    figures->source[figures->n_sources - 1].bad = true;
}

/* ---- what holds between periods ---- */

/* A period of one enterprise and name; certificates of one period are together. */
struct span {
    day_t first;
    day_t last;
    int64_t value_e6;
    int64_t line;    /* 0: from the store */
    uint32_t source; /* of the latest line */
    char period[IMPORT_PERIOD_LEN];
    /* while it encloses others */
    day_t next; /* first day that no finer row covers yet */
    int64_t sum_e6;
    bool gap;
    bool any;
};

struct spans {
    struct figures *figures;
    const struct staged_figure *staged; /* of the group */
    uint32_t n_staged;
    struct span *span;
    size_t n;
    int err;
};

static struct span *spans_add(struct spans *spans)
{
    struct span *grown = import_grow(spans->span, spans->n, sizeof(*grown));

    if (grown == NULL) {
        spans->err = ERR_NOMEM;
        return NULL;
    }
    spans->span = grown;
    memset(&grown[spans->n], 0, sizeof(*grown));
    return &grown[spans->n++];
}

static bool is_staged(const struct spans *spans, const struct imported_figure *row,
                      const struct period *period)
{
    for (uint32_t i = 0; i < spans->n_staged; i++) {
        const struct staged_figure *staged = &spans->staged[i];

        if (staged->first == period->first && staged->last == period->last &&
            strcmp(staged->figure.cert_id, row->cert_id) == 0 &&
            !spans->figures->source[staged->source].bad) {
            return true;
        }
    }
    return false;
}

/* A row of the store counts unless the file replaces it. */
static void take_stored(void *ctx, const struct imported_figure *row)
{
    struct spans *spans = ctx;
    struct period period = {0};

    if (text_to_period(row->period, &period) != 0 || is_staged(spans, row, &period)) {
        return;
    }
    struct span *span = spans_add(spans);

    if (span != NULL) {
        span->first = period.first;
        span->last = period.last;
        span->value_e6 = row->value_e6;
        (void)text_copy(span->period, sizeof(span->period), row->period);
    }
}

static void take_staged(struct spans *spans)
{
    for (uint32_t i = 0; i < spans->n_staged; i++) {
        const struct staged_figure *staged = &spans->staged[i];
        const struct figure_source *source = &spans->figures->source[staged->source];
        struct span *span = source->bad ? NULL : spans_add(spans);

        if (span != NULL) {
            span->first = staged->first;
            span->last = staged->last;
            span->value_e6 = staged->figure.value_e6;
            span->line = source->line;
            span->source = staged->source;
            (void)text_copy(span->period, sizeof(span->period), staged->figure.period);
        }
    }
}

/* By first day, the longer one first. */
static int compare_spans(const void *a, const void *b)
{
    const struct span *left = a;
    const struct span *right = b;

    if (left->first != right->first) {
        return left->first < right->first ? -1 : 1;
    }
    return (left->last < right->last) - (left->last > right->last);
}

/* Rows of one period (certificates) become one span. */
static void join_equal(struct spans *spans)
{
    size_t n = 0;

    for (size_t i = 0; i < spans->n; i++) {
        const struct span *at = &spans->span[i];
        struct span *last = n > 0 ? &spans->span[n - 1] : NULL;

        if (last == NULL || compare_spans(last, at) != 0) {
            spans->span[n] = *at;
            spans->span[n].next = at->first;
            n++;
            continue;
        }
        last->value_e6 += at->value_e6;
        if (at->line > last->line) {
            last->line = at->line;
            last->source = at->source;
        }
    }
    spans->n = n;
}

static void refuse(struct import *import, struct figures *figures, const struct span *span,
                   const struct span *other)
{
    struct figure_source *source = &figures->source[span->source];
    char reason[TABLE_REASON_LEN];

    if (source->bad) {
        return;
    }
    if (other->line > 0) {
        (void)snprintf(reason, sizeof(reason),
                       "period %s crosses %s of line %" PRId64
                       ": periods may be inside one another, not overlap",
                       span->period, other->period, other->line);
    } else {
        (void)snprintf(reason, sizeof(reason),
                       "period %s crosses %s, imported before: periods may be inside one "
                       "another, not overlap",
                       span->period, other->period);
    }
    problems_add(import->problems, PROBLEM_DATA, import->name, source->line,
                 figures->period_column, "%s", reason);
    source->bad = true;
    import->counts.n_bad++;
    import_reject(import, source->line, reason, source->raw);
}

/* A coarse row whose finer rows cover it, and say something else. */
static void compare_nested(struct import *import, const struct span *span, int column)
{
    if (!span->any || span->gap || span->next != span->last + 1) {
        return;
    }
    int128 distance = (int128)span->sum_e6 - span->value_e6;

    distance = distance < 0 ? -distance : distance;
    if (distance * 100 > (int128)span->value_e6 * 5) {
        problems_add(import->problems, PROBLEM_WARNING, import->name, (long)span->line,
                     column,
                     "the periods inside %s add up to %" PRId64 ".%06" PRId64
                     ", which differs from its %" PRId64 ".%06" PRId64 " by more than 5 %%",
                     span->period, span->sum_e6 / 1000000, span->sum_e6 % 1000000,
                     span->value_e6 / 1000000, span->value_e6 % 1000000);
    }
}

static void add_inner(struct span *outer, const struct span *inner)
{
    outer->any = true;
    outer->gap = outer->gap || inner->first != outer->next;
    outer->sum_e6 += inner->value_e6;
    outer->next = inner->last + 1;
}

/* Walks the spans in order; deep[] are those that enclose the one at hand. */
static void check_spans(struct import *import, struct spans *spans)
{
    struct span *deep[SPANS_DEEP];
    int column = spans->figures->period_column;
    int n = 0;

    for (size_t i = 0; i < spans->n; i++) {
        struct span *at = &spans->span[i];

        while (n > 0 && deep[n - 1]->last < at->first) {
            compare_nested(import, deep[--n], column);
        }
        while (n > 0 && deep[n - 1]->last < at->last) {
            struct span *top = deep[n - 1];
            bool top_is_later = top->line > at->line;

            refuse(import, spans->figures, top_is_later ? top : at,
                   top_is_later ? at : top);
            if (!top_is_later) {
                at = NULL;
                break;
            }
            n--;
        }
        if (at == NULL) {
            continue;
        }
        if (n > 0) {
            add_inner(deep[n - 1], at);
        }
        if (n < SPANS_DEEP) {
            deep[n++] = at;
        }
    }
    while (n > 0) {
        compare_nested(import, deep[--n], column);
    }
}

static int check_group(struct import *import, struct figures *figures,
                       const struct staged_figure *staged, uint32_t n)
{
    struct spans spans = {.figures = figures, .staged = staged, .n_staged = n};
    int err = figures->periods(import->store, staged->figure.enterprise_no,
                               staged->figure.name, take_stored, &spans);

    take_staged(&spans);
    if (err == 0) {
        err = spans.err;
    }
    if (err == 0 && spans.n > 0) {
        qsort(spans.span, spans.n, sizeof(*spans.span), compare_spans);
        join_equal(&spans);
        check_spans(import, &spans);
    }
    free(spans.span);
    return err;
}

static int compare_groups(const struct staged_figure *a, const struct staged_figure *b)
{
    if (a->figure.enterprise_no != b->figure.enterprise_no) {
        return a->figure.enterprise_no < b->figure.enterprise_no ? -1 : 1;
    }
    return strcmp(a->figure.name, b->figure.name);
}

static int compare_staged(const void *a, const void *b)
{
    const struct staged_figure *left = a;
    const struct staged_figure *right = b;
    int order = compare_groups(left, right);

    return order != 0 ? order
                      : (left->source > right->source) - (left->source < right->source);
}

int figures_check(struct import *import, struct figures *figures)
{
    uint32_t at = 0;
    int err = 0;

    if (figures->n_staged > 0) {
        qsort(figures->staged, figures->n_staged, sizeof(*figures->staged), compare_staged);
    }
    while (at < figures->n_staged && err == 0) {
        uint32_t end = at + 1;

        while (end < figures->n_staged &&
               compare_groups(&figures->staged[at], &figures->staged[end]) == 0) {
            end++;
        }
        err = check_group(import, figures, &figures->staged[at], end - at);
        at = end;
    }
    return err;
}

/* ---- storing ---- */

static int audit_change(struct import *import, const struct imported_figure *figure,
                        int64_t old_e6)
{
    char object[160];
    char detail[96];

    (void)snprintf(object, sizeof(object), "%s %" PRIu32 " %s%s%s", figure->name,
                   figure->enterprise_no, figure->period,
                   figure->cert_id[0] == '\0' ? "" : " ", figure->cert_id);
    (void)snprintf(detail, sizeof(detail), "value_e6 %" PRId64 " -> %" PRId64, old_e6,
                   figure->value_e6);
    return store_audit(import->store, import->options->now_ms, import->options->who,
                       "correction", object, detail);
}

static int store_one(struct import *import, struct figures *figures,
                     const struct staged_figure *staged)
{
    bool dry_run = import->options->dry_run;
    struct figure_source *source = &figures->source[staged->source];
    enum import_result result = IMPORT_SAME;
    int64_t old_e6 = 0;
    int err = (dry_run ? figures->compare : figures->put)(import->store, &staged->figure,
                                                          &result, &old_e6);

    if (err == 0 && result == IMPORT_CHANGED && !dry_run) {
        err = audit_change(import, &staged->figure, old_e6);
    }
    source->any_new = source->any_new || result == IMPORT_NEW;
    source->any_changed = source->any_changed || result == IMPORT_CHANGED;
    return err;
}

int figures_store(struct import *import, struct figures *figures)
{
    int err = 0;

    for (uint32_t i = 0; i < figures->n_staged && err == 0; i++) {
        if (!figures->source[figures->staged[i].source].bad) {
            err = store_one(import, figures, &figures->staged[i]);
        }
    }
    for (uint32_t i = 0; i < figures->n_sources; i++) {
        const struct figure_source *source = &figures->source[i];

        if (!source->bad) {
            import->counts.n_changed += source->any_changed;
            import->counts.n_new += !source->any_changed && source->any_new;
            import->counts.n_same += !source->any_changed && !source->any_new;
        }
    }
    if (err == 0 && !import->options->dry_run &&
        import->counts.n_new + import->counts.n_changed > 0) {
        err = store_stale_add(import->store, "carbon", "all");
    }
    return err;
}

void figures_done(struct figures *figures)
{
    for (uint32_t i = 0; i < figures->n_sources; i++) {
        free(figures->source[i].raw);
    }
    free(figures->source);
    free(figures->staged);
    key_set_done(&figures->keys);
}
