/* strerrordesc_np. NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "drivers/simulator/bus.h"
#include "drivers/simulator/pty.h"

int simulator_new(const struct simulator_options *options, struct simulator **ret_simulator)
{
    struct simulator *simulator = calloc(1, sizeof(*simulator));

    if (simulator == NULL) {
        return ERR_NOMEM;
    }
    simulator->options = *options;
    *ret_simulator = simulator;
    return 0;
}

static struct bus *bus_of(struct simulator *simulator, const struct simulated_meter *meter)
{
    for (struct bus *bus = simulator->bus; bus != NULL; bus = bus->next) {
        if (bus_is_of(bus, meter)) {
            return bus;
        }
    }
    struct bus *bus = bus_new(simulator, meter);

    if (bus != NULL) {
        bus->next = simulator->bus;
        simulator->bus = bus;
        simulator->n_buses++;
    }
    return bus;
}

static bool is_taken(const struct bus *bus, const struct simulated_meter *meter)
{
    for (int i = 0; i < bus->n_entries; i++) {
        const struct simulated_meter *other = &bus->entry[i]->meter;

        if (bus->framing == FRAMING_DLT645
                ? memcmp(other->address, meter->address, SIMULATOR_ADDRESS_LEN) == 0
                : other->unit == meter->unit) {
            return true;
        }
    }
    return false;
}

/* Room for one more. Returns false when there is no memory. */
static bool grow(struct entry ***entries, int n, int *cap)
{
    if (n < *cap) {
        return true;
    }
    int wanted = *cap * 2 + 1;
    struct entry **grown =
        realloc((void *)*entries, (size_t)wanted * sizeof(struct entry *));

    if (grown == NULL) {
        return false;
    }
    *entries = grown;
    *cap = wanted;
    return true;
}

static bool protocols_agree(const struct simulated_meter *meter)
{
    bool is_dlt645 = framing_of(meter->scheme) == FRAMING_DLT645;

    return is_dlt645 == (meter->profile->protocol != PROFILE_MODBUS);
}

int simulator_add(struct simulator *simulator, const struct simulated_meter *meter)
{
    struct bus *bus = protocols_agree(meter) ? bus_of(simulator, meter) : NULL;

    if (bus == NULL) {
        return protocols_agree(meter) ? ERR_NOMEM : ERR_CONFIG;
    }
    if (bus->scheme != meter->scheme) {
        return ERR_CONFIG;
    }
    if (is_taken(bus, meter)) {
        return ERR_EXISTS;
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    const struct plan own = {{meter->fault, 0, 0}, entry, true};

    if (entry == NULL ||
        !grow(&simulator->entry, simulator->n_entries, &simulator->cap_entries) ||
        !grow(&bus->entry, bus->n_entries, &bus->cap_entries) || bus_plan(bus, &own) != 0) {
        free(entry);
        return ERR_NOMEM;
    }
    entry->meter = *meter;
    entry->bus = bus;
    load_integral_init(&entry->integral, meter->base_ts_ms);
    bus->entry[bus->n_entries++] = entry;
    simulator->entry[simulator->n_entries] = entry;
    return simulator->n_entries++;
}

int simulator_plan_fault(struct simulator *simulator, int index, bool whole_line,
                         const struct planned_fault *planned)
{
    struct entry *entry = simulator->entry[index];
    const struct plan plan = {*planned, whole_line ? NULL : entry, false};

    return bus_plan(entry->bus, &plan);
}

void simulator_set_fault(struct simulator *simulator, int index, struct fault fault)
{
    struct entry *entry = simulator->entry[index];
    struct bus *bus = entry->bus;

    entry->meter.fault = fault;
    for (int i = 0; i < bus->n_plans; i++) {
        if (bus->plan[i].entry == entry && bus->plan[i].is_own) {
            bus->plan[i].planned.fault = fault;
        }
    }
    bus_refresh(bus);
}

static void explain(const struct bus *bus, int err, char *why, size_t why_size)
{
    const char *reason = err == ERR_NOMEM ? "out of memory" : strerrordesc_np(-err);

    if (scheme_is_serial(bus->scheme)) {
        (void)snprintf(why, why_size, "cannot make a serial line at %s: %s", bus->path,
                       reason);
    } else {
        (void)snprintf(why, why_size, "cannot listen on %s port %u: %s", bus->host,
                       (unsigned)bus->port, reason);
    }
}

int simulator_start(struct simulator *simulator, char *why, size_t why_size)
{
    loop_update_time(simulator->options.loop);
    simulator->is_running = true;
    simulator->started_mono_ms = loop_mono_ms(simulator->options.loop);
    for (struct bus *bus = simulator->bus; bus != NULL; bus = bus->next) {
        int err = bus_open(bus);

        if (err != 0) {
            explain(bus, err, why, why_size);
            return err;
        }
        bus_refresh(bus);
    }
    return 0;
}

void simulator_free(struct simulator *simulator)
{
    if (simulator == NULL) {
        return;
    }
    while (simulator->bus != NULL) {
        struct bus *bus = simulator->bus;

        simulator->bus = bus->next;
        bus_free(bus);
    }
    for (int i = 0; i < simulator->n_entries; i++) {
        free(simulator->entry[i]->frozen);
        free(simulator->entry[i]->block);
        free(simulator->entry[i]->held);
        free(simulator->entry[i]);
    }
    free((void *)simulator->entry);
    free(simulator);
}

uint16_t simulator_port(const struct simulator *simulator, int index)
{
    return simulator->entry[index]->bus->port;
}

int simulator_line(const struct simulator *simulator, int index)
{
    return simulator->entry[index]->bus->no;
}

struct simulator_counts simulator_counts(const struct simulator *simulator)
{
    return simulator->counts;
}
