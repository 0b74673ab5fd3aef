/* meters.csv: what holds between meters. Parents and addresses. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/endpoint.h"
#include "daemon/conf/register_parts.h"

#define UPSTREAM_MAX 100

static int compare_ids(const void *key, const void *element)
{
    return strcmp(key, ((const struct meter *)element)->id);
}

/* The first version of a meter, or NULL. */
static const struct meter *first_version(const struct registry *registry, const char *id)
{
    const struct meter *at = bsearch(id, registry->meter, (size_t)registry->n_meters,
                                     sizeof(*registry->meter), compare_ids);

    while (at != NULL && at > registry->meter && strcmp(at[-1].id, id) == 0) {
        at--;
    }
    return at;
}

static const struct meter *next_version(const struct registry *registry,
                                        const struct meter *meter)
{
    const struct meter *next = meter + 1;

    return next < registry->meter + registry->n_meters && strcmp(next->id, meter->id) == 0
               ? next
               : NULL;
}

/* The version of a meter in force at an instant, or NULL. */
static const struct meter *meter_at(const struct registry *registry, const char *id,
                                    int64_t ts_ms)
{
    const struct meter *at = first_version(registry, id);

    while (at != NULL && !(at->since_ms <= ts_ms && ts_ms < at->until_ms)) {
        at = next_version(registry, at);
    }
    return at;
}

enum chain {
    CHAIN_ENDS,
    CHAIN_CYCLE,
    CHAIN_TOO_LONG
};

/* Where the upstream meters of a meter lead at an instant. */
static enum chain walk_up(const struct registry *registry, const struct meter *meter,
                          int64_t ts_ms)
{
    const struct meter *at = meter;

    for (int step = 0; step < UPSTREAM_MAX; step++) {
        at = at->parent[0] == '\0' ? NULL : meter_at(registry, at->parent, ts_ms);
        if (at == NULL) {
            return CHAIN_ENDS;
        }
        if (at == meter) {
            return CHAIN_CYCLE;
        }
    }
    return CHAIN_TOO_LONG;
}

/* The first version of the parent that is in force beside meter and is no supply, or NULL.
 */
static const struct meter *parent_not_supply(const struct registry *registry,
                                             const struct meter *meter)
{
    const struct meter *parent = first_version(registry, meter->parent);

    while (parent != NULL &&
           (parent->role == METER_ROLE_SUPPLY || parent->since_ms >= meter->until_ms ||
            meter->since_ms >= parent->until_ms)) {
        parent = next_version(registry, parent);
    }
    return parent;
}

static void check_parent(struct register_reader *reader, const struct meter *meter,
                         const struct row_place *place)
{
    const char *file = reader->conf->reg.meters;
    long line = place->line;
    int column = place->parent_column;

    if (!id_set_has(&reader->meter_ids, meter->parent)) {
        const char *nearest = id_set_nearest(&reader->meter_ids, meter->parent);

        register_error(reader, file, line, column,
                       "parent \"%s\" of \"%s\" is not a meter of this file%s%s%s",
                       meter->parent, meter->id, nearest == NULL ? "" : "; did you mean \"",
                       nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
        return;
    }
    const struct meter *wrong = parent_not_supply(reader->registry, meter);

    if (wrong != NULL) {
        register_error(reader, file, line, column,
                       "parent \"%s\" of \"%s\" is a %s meter: it must be a supply meter",
                       meter->parent, meter->id, meter_role_name(wrong->role));
    }
    /* All members of a cycle are in force when the youngest of them begins. */
    switch (walk_up(reader->registry, meter, meter->since_ms)) {
    case CHAIN_CYCLE:
        register_error(reader, file, line, column,
                       "\"%s\" is its own upstream meter, by way of \"%s\"", meter->id,
                       meter->parent);
        break;
    case CHAIN_TOO_LONG:
        register_error(reader, file, line, column,
                       "more than %d meters stand upstream of \"%s\"", UPSTREAM_MAX,
                       meter->id);
        break;
    case CHAIN_ENDS:
    default:
        break;
    }
}

/* A meter that is polled, for sorting by its address. */
struct polled {
    const struct meter *meter;
};

static int compare_addresses(const void *a, const void *b)
{
    const struct meter *left = ((const struct polled *)a)->meter;
    const struct meter *right = ((const struct polled *)b)->meter;
    int order = strcmp(left->endpoint, right->endpoint);

    if (order == 0) {
        order = strcmp(left->address, right->address);
    }
    return order != 0
               ? order
               : (left->since_ms > right->since_ms) - (left->since_ms < right->since_ms);
}

static bool is_same_address(const struct meter *a, const struct meter *b)
{
    return strcmp(a->endpoint, b->endpoint) == 0 && strcmp(a->address, b->address) == 0;
}

static void tell_shared_address(struct register_reader *reader, const struct meter *a,
                                const struct meter *b)
{
    const struct registry *registry = reader->registry;
    const struct row_place *place_a = &registry->meter_place[a - registry->meter];
    const struct row_place *place_b = &registry->meter_place[b - registry->meter];
    bool a_is_later = place_a->line > place_b->line;
    const struct row_place *later = a_is_later ? place_a : place_b;

    register_error(
        reader, reader->conf->reg.meters, later->line, later->address_column,
        "meters \"%s\" and \"%s\" (line %ld) are at the same time on %s, address %s",
        a_is_later ? a->id : b->id, a_is_later ? b->id : a->id,
        a_is_later ? place_b->line : place_a->line, a->endpoint, a->address);
}

static void check_addresses(struct register_reader *reader)
{
    const struct registry *registry = reader->registry;
    struct polled *polled = calloc((size_t)registry->n_meters + 1, sizeof(*polled));
    const struct meter *longest = NULL; /* of one address: in force longest so far */
    int n = 0;

    if (polled == NULL) {
        reader->err = ERR_NOMEM;
        return;
    }
    for (int i = 0; i < registry->n_meters; i++) {
        if (registry->meter[i].endpoint[0] != '\0') {
            polled[n++].meter = &registry->meter[i];
        }
    }
    qsort(polled, (size_t)n, sizeof(*polled), compare_addresses);
    for (int i = 0; i < n; i++) {
        const struct meter *at = polled[i].meter;

        if (longest != NULL && is_same_address(longest, at)) {
            if (at->since_ms < longest->until_ms && strcmp(at->id, longest->id) != 0) {
                tell_shared_address(reader, longest, at);
            }
            if (at->until_ms <= longest->until_ms) {
                continue;
            }
        }
        longest = at;
    }
    free(polled);
}

static int compare_places(const void *a, const void *b)
{
    const struct meter *left = *(const struct meter *const *)a;
    const struct meter *right = *(const struct meter *const *)b;
    char left_place[ENDPOINT_LEN];
    char right_place[ENDPOINT_LEN];

    endpoint_place(left->endpoint, left_place);
    endpoint_place(right->endpoint, right_place);
    int order = strcmp(left_place, right_place);

    if (order == 0) {
        order = strcmp(left->endpoint, right->endpoint);
    }
    return order != 0 ? order : (left > right) - (left < right);
}

static void check_lines(struct register_reader *reader)
{
    const struct registry *registry = reader->registry;
    const struct meter **polled = (const struct meter **)calloc(
        (size_t)registry->n_meters + 1, sizeof(const struct meter *));
    int n = 0;

    if (polled == NULL) {
        reader->err = ERR_NOMEM;
        return;
    }
    for (int i = 0; i < registry->n_meters; i++) {
        if (registry->meter[i].endpoint[0] != '\0') {
            polled[n++] = &registry->meter[i];
        }
    }
    qsort((void *)polled, (size_t)n, sizeof(const struct meter *), compare_places);
    register_check_lines(reader, polled, n);
    free((void *)polled);
}

void register_check_meters(struct register_reader *reader)
{
    const struct registry *registry = reader->registry;

    for (int i = 0; i < registry->n_meters; i++) {
        if (registry->meter[i].parent[0] != '\0') {
            check_parent(reader, &registry->meter[i], &registry->meter_place[i]);
        }
    }
    check_addresses(reader);
    check_lines(reader);
}
