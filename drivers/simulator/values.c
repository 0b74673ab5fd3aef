#include <stdlib.h>
#include <string.h>

#include "drivers/simulator/bus.h"
#include "drivers/simulator/model.h"

#define RANGE_DEFAULT    INT64_C(100000000) /* register units, of a profile without one */
#define ROLLOVER_DEFAULT 10

static void true_values(struct entry *entry, struct image_value *values)
{
    const struct simulator_options *options = &entry->bus->simulator->options;
    int64_t wall_ms = loop_wall_ms(options->loop);

    if (options->value == NULL) {
        model_values(&entry->meter, &entry->integral, wall_ms, &options->zone, values);
        return;
    }
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        values[q].value = 0;
        values[q].has = options->value(options->value_ctx, &entry->meter, (enum quantity)q,
                                       wall_ms, &values[q].value);
    }
}

static int64_t range_of(const struct entry *entry)
{
    return entry->meter.profile->register_range > 0 ? entry->meter.profile->register_range
                                                    : RANGE_DEFAULT;
}

/* Registers count from `from` on since the fault began. */
static void count_from(struct entry *entry, int which, const struct fault *fault,
                       int64_t from, struct image_value *values)
{
    struct mark *mark = &entry->mark[which];

    if (fault == NULL) {
        mark->is_set = false;
        return;
    }
    for (int q = 0; q < ENERGY_COUNT; q++) {
        if (!mark->is_set) {
            mark->at[q] = values[q].value;
        }
        values[q].value = (from + values[q].value - mark->at[q]) % range_of(entry);
    }
    mark->is_set = true;
}

static void change_registers(struct entry *entry, const struct hits *hits,
                             struct image_value *values)
{
    const struct fault *rollover = hits_value(hits, FAULT_ROLLOVER);
    const struct fault *reset = hits_value(hits, FAULT_RESET);
    const struct fault *exchange = hits_value(hits, FAULT_EXCHANGE);
    const struct fault *step = hits_value(hits, FAULT_STEP);
    int64_t before =
        rollover != NULL && rollover->value > 0 ? rollover->value : ROLLOVER_DEFAULT;

    count_from(entry, MARK_ROLLOVER, rollover, range_of(entry) - before, values);
    count_from(entry, MARK_RESET, reset, reset != NULL ? reset->value : 0, values);
    count_from(entry, MARK_EXCHANGE, exchange, exchange != NULL ? exchange->value : 0,
               values);
    for (int q = 0; q < ENERGY_COUNT; q++) {
        values[q].value += step != NULL ? step->value : 0;
        values[q].value = hits_value(hits, FAULT_ZERO) != NULL ? 0 : values[q].value;
    }
}

static void freeze(struct entry *entry, bool is_frozen, struct image_value *values)
{
    size_t size = QUANTITY_COUNT * sizeof(*values);

    if (!is_frozen) {
        free(entry->frozen);
        entry->frozen = NULL;
        return;
    }
    if (entry->frozen == NULL) {
        entry->frozen = malloc(size);
        if (entry->frozen != NULL) {
            memcpy(entry->frozen, values, size);
        }
    } else {
        memcpy(values, entry->frozen, size);
    }
}

static void take_away(const struct fault *fault, int64_t how, struct image_value *values)
{
    for (int q = 0; fault != NULL && q < QUANTITY_COUNT; q++) {
        values[q] = (struct image_value){how, false};
    }
}

void entry_values(struct entry *entry, const struct hits *hits,
                  struct image_value ret_values[QUANTITY_COUNT])
{
    const struct fault *no_value = hits_value(hits, FAULT_NO_VALUE);

    true_values(entry, ret_values);
    freeze(entry, hits_value(hits, FAULT_FROZEN) != NULL, ret_values);
    change_registers(entry, hits, ret_values);
    take_away(no_value, no_value != NULL ? no_value->value : 0, ret_values);
    take_away(hits_value(hits, FAULT_INFINITE), IMAGE_INFINITE, ret_values);
    take_away(hits_value(hits, FAULT_DENORMAL), IMAGE_DENORMAL, ret_values);
}
