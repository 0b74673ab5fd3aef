#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/collect/collect.h"
#include "daemon/collect/engine.h"
#include "daemon/core/text.h"

const char *collect_state_name(enum collect_state state)
{
    static const char *const name[] = {"unknown", "up", "down", "connecting", "disabled"};

    return state >= COLLECT_UNKNOWN && state <= COLLECT_DISABLED ? name[state] : "unknown";
}

/* A connection that a gateway closed while nothing was asked counts as usable. */
static enum collect_state line_state(const struct line *line)
{
    if (line->conn == CONN_UP && line->failures == 0) {
        return COLLECT_UP;
    }
    if (line->conn != CONN_DOWN) {
        return COLLECT_CONNECTING;
    }
    return line->failures == 0 && line->connects > 0 ? COLLECT_UP
           : line->failures == 0                     ? COLLECT_CONNECTING
                                                     : COLLECT_DOWN;
}

static int32_t busy_bp(const struct line *line)
{
    int64_t window_ms = collect_mono_ms(line->collect) - line->busy_from_mono_ms;

    /* Without a request for longer than a minute nothing has closed the window. */
    return window_ms >= 2 * MS_PER_MIN
               ? (int32_t)((int64_t)line->busy_ms * 10000 / window_ms)
               : line->busy_bp;
}

static void add_line(const struct line *line, struct collect_line_status *ret)
{
    const struct unit *unit = unit_find(line->collect, line->last_error_meter_no);
    enum collect_state state = line_state(line);

    if (ret->endpoint[0] == '\0') {
        (void)text_copy(ret->endpoint, sizeof(ret->endpoint), line->endpoint);
        ret->state = state;
    } else if (state == COLLECT_DOWN || ret->state == COLLECT_UP) {
        ret->state = state; /* of several connections the worst */
    }
    ret->meters += line->n_units;
    ret->busy_bp = busy_bp(line) > ret->busy_bp ? busy_bp(line) : ret->busy_bp;
    ret->requests += line->requests;
    ret->ok += line->ok;
    ret->exceptions += line->exceptions;
    ret->late += line->late;
    ret->bad_frame += line->bad_frame;
    ret->bad_unit += line->bad_unit;
    ret->bad_crc += line->bad_crc;
    ret->connects += line->connects;
    ret->is_noisy = ret->is_noisy || line->is_noisy;
    if (line->last_error != SLOT_OK) {
        ret->last_error = (enum slot_status)line->last_error;
        (void)text_copy(ret->last_error_meter, sizeof(ret->last_error_meter),
                        unit != NULL ? unit->id : "");
    }
}

/* Connections of one endpoint are neighbours. */
static int add_lines(const struct collect *collect, struct collect_line_status *ret_line)
{
    int n = 0;

    for (int i = 0; i < collect->n_lines; i++) {
        const struct line *line = collect->line[i];

        if (n == 0 || strcmp(ret_line[n - 1].endpoint, line->endpoint) != 0) {
            n++;
        }
        add_line(line, &ret_line[n - 1]);
    }
    return n;
}

static struct collect_line_status *find_line(struct collect_status *status,
                                             const char *endpoint)
{
    int low = 0;
    int high = status->n_lines - 1;

    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(status->line[middle].endpoint, endpoint);

        if (order == 0) {
            return &status->line[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    return NULL;
}

static void add_unit(struct collect *collect, const struct unit *unit,
                     struct collect_status *status)
{
    struct collect_meter_status *ret = &status->meter[status->n_meters++];
    int64_t mono_ms = collect_mono_ms(collect);

    ret->meter_no = unit->meter_no;
    (void)text_copy(ret->id, sizeof(ret->id), unit->id);
    ret->state = (enum collect_state)unit->state;
    ret->reason = (enum slot_status)unit->reason;
    ret->last_ok_ms = unit->last_ok_ms;
    ret->backoff_ms = unit->backoff_ms;
    ret->n_holes =
        unit->learnt != NULL ? unit->learnt->n_holes + unit->learnt->n_refused : 0;
    history_sum(&unit->history, mono_ms, &ret->scheduled_24h, &ret->ok_24h);
    if (unit->line == NULL) {
        return;
    }
    (void)text_copy(ret->endpoint, sizeof(ret->endpoint), unit->line->endpoint);
    struct collect_line_status *line = find_line(status, ret->endpoint);

    if (line != NULL && ret->state == COLLECT_UP) {
        line->meters_ok++;
    }
}

int collect_status(struct collect *collect, struct collect_status *ret_status)
{
    struct collect_status status = {0};

    status.line = calloc((size_t)collect->n_lines + 1, sizeof(*status.line));
    status.meter = calloc((size_t)collect->n_units + 1, sizeof(*status.meter));
    if (status.line == NULL || status.meter == NULL) {
        collect_status_done(&status);
        return ERR_NOMEM;
    }
    status.n_lines = add_lines(collect, status.line);
    for (int i = 0; i < collect->n_units; i++) {
        add_unit(collect, collect->unit[i], &status);
    }
    *ret_status = status;
    return 0;
}

void collect_status_done(struct collect_status *status)
{
    free(status->line);
    free(status->meter);
    *status = (struct collect_status){0};
}
