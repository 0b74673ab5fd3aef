#include "drivers/simulator/bus.h"

int64_t bus_now_ms(const struct bus *bus)
{
    return loop_mono_ms(bus->simulator->options.loop) - bus->simulator->started_mono_ms;
}

bool plan_is_active(const struct plan *plan, int64_t now_ms)
{
    return plan->planned.fault.kind != FAULT_NONE && now_ms >= plan->planned.from_ms &&
           (plan->planned.until_ms == 0 || now_ms < plan->planned.until_ms);
}

static bool is_drawn(struct bus *bus, const struct fault *fault)
{
    return fault->percent >= 100 ||
           (int32_t)random_below(&bus->random_state, 100) < fault->percent;
}

struct hits hits_draw(struct bus *bus, const struct entry *entry)
{
    struct hits hits = {.n_values = 0};
    int64_t now_ms = bus_now_ms(bus);

    for (int i = 0; i < bus->n_plans; i++) {
        const struct plan *plan = &bus->plan[i];
        const struct fault *fault = &plan->planned.fault;
        enum fault_class class = fault_class(fault->kind);

        if ((plan->entry != NULL && plan->entry != entry) || class == FAULT_CLASS_LINE ||
            !plan_is_active(plan, now_ms) || !is_drawn(bus, fault)) {
            continue;
        }
        if (class == FAULT_CLASS_REPLY && hits.reply.kind == FAULT_NONE) {
            hits.reply = *fault;

        } else if (class == FAULT_CLASS_VALUE && hits.n_values < HITS_MAX) {
            hits.value[hits.n_values++] = *fault;
        }
    }
    return hits;
}

const struct fault *hits_value(const struct hits *hits, enum fault_kind kind)
{
    for (int i = 0; i < hits->n_values; i++) {
        if (hits->value[i].kind == kind) {
            return &hits->value[i];
        }
    }
    return NULL;
}
