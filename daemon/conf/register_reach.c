/* meters.csv: where a meter is reached: endpoint, address and profile of one row. */
#include <string.h>

#include "daemon/conf/endpoint.h"
#include "daemon/conf/register_parts.h"

struct reach {
    struct register_reader *reader;
    struct table *table;
    const struct reach_columns *column;
    struct meter *row;
    struct endpoint endpoint; /* scheme NULL: not given, or bad */
};

static void take_endpoint(struct reach *reach)
{
    const char *text = table_cell(reach->table, reach->column->endpoint);
    char why[320];

    if (text[0] == '\0') {
        return;
    }
    if (endpoint_canonical(text, reach->row->endpoint, why, (int)sizeof(why)) != 0) {
        table_error(reach->table, reach->column->endpoint, "%s", why);
        return;
    }
    (void)endpoint_parse(reach->row->endpoint, &reach->endpoint, why, (int)sizeof(why));
}

static void take_address(struct reach *reach)
{
    const char *text = table_cell(reach->table, reach->column->address);

    if (text[0] == '\0') {
        return;
    }
    if (table_is_cut_number(text)) {
        table_error(
            reach->table, reach->column->address,
            "address \"%.64s\" was shortened by a spreadsheet: format the cell as text and "
            "enter all digits again",
            text);
        return;
    }
    char why[320];
    int err = endpoint_address(reach->row->endpoint, text, reach->row->address, why,
                               (int)sizeof(why));

    if (err < 0) {
        table_error(reach->table, reach->column->address, "%s", why);
    } else if (err == 1) {
        table_warn(reach->table, reach->column->address,
                   "address \"%s\" has %zu of 12 digits: taken as %s", text, strlen(text),
                   reach->row->address);
    }
}

/* endpoint, address and profile: all of them, or none (imported readings only). */
static void check_all_or_none(const struct reach *reach)
{
    const int needed[] = {reach->column->endpoint, reach->column->address,
                          reach->column->profile};
    static const char *const name[] = {"endpoint", "address", "profile"};
    int n_given = 0;

    for (int i = 0; i < 3; i++) {
        n_given += table_cell(reach->table, needed[i])[0] != '\0';
    }
    for (int i = 0; i < 3 && n_given > 0; i++) {
        if (table_cell(reach->table, needed[i])[0] == '\0') {
            table_error(
                reach->table, needed[i],
                "%s is blank: a meter that is polled needs endpoint, address and profile, "
                "one with imported readings only has none of them",
                name[i]);
        }
    }
}

static void check_protocol(const struct reach *reach)
{
    const struct endpoint *endpoint = &reach->endpoint;
    const struct profile *profile =
        profiles_find(reach->reader->profiles, reach->row->profile);

    if (endpoint->scheme == NULL || profile == NULL) {
        return;
    }
    bool is_dlt645 = profile->protocol != PROFILE_MODBUS;

    if (is_dlt645 == endpoint->is_dlt645) {
        return;
    }
    table_error(reach->table, reach->column->profile,
                "profile \"%s\" speaks %s, the endpoint %s: write the endpoint as %s, or "
                "take %s",
                profile->id, is_dlt645 ? "DL/T 645" : "Modbus", endpoint->scheme,
                is_dlt645             ? endpoint->is_serial ? "dlt645://" : "dlt645+tcp://"
                : endpoint->is_serial ? "modbus+rtu://"
                                      : "modbus+tcp:// (or modbus+rtu+tcp://)",
                is_dlt645 ? "a profile of Modbus" : "dlt645-2007 or another of DL/T 645");
}

void register_take_reach(struct register_reader *reader, struct table *table,
                         const struct reach_columns *columns, struct meter *row)
{
    struct reach reach = {.reader = reader, .table = table, .column = columns, .row = row};

    take_endpoint(&reach);
    take_address(&reach);
    check_all_or_none(&reach);
    check_protocol(&reach);
}

/* --- between rows --- */

static bool is_at_once(const struct meter *a, const struct meter *b)
{
    return a->since_ms < b->until_ms && b->since_ms < a->until_ms;
}

static void tell_two_ways(struct register_reader *reader, const struct meter *a,
                          const struct meter *b)
{
    const struct registry *registry = reader->registry;
    const struct row_place *place_a = &registry->meter_place[a - registry->meter];
    const struct row_place *place_b = &registry->meter_place[b - registry->meter];
    bool a_is_later = place_a->line > place_b->line;
    const struct meter *later = a_is_later ? a : b;
    const struct meter *first = a_is_later ? b : a;
    const struct row_place *place = a_is_later ? place_a : place_b;

    register_error(
        reader, reader->conf->reg.meters, place->line, place->endpoint_column,
        "meters \"%s\" (%s) and \"%s\" (line %ld, %s) share one line: it has one "
        "framing and one set of settings",
        later->id, later->endpoint, first->id, a_is_later ? place_b->line : place_a->line,
        first->endpoint);
}

static void tell_wildcard(struct register_reader *reader, const struct meter *wild,
                          const struct meter *other)
{
    const struct registry *registry = reader->registry;
    const struct row_place *place = &registry->meter_place[wild - registry->meter];

    register_error(
        reader, reader->conf->reg.meters, place->line, place->address_column,
        "address \"%s\" of \"%s\" is a wildcard, and \"%s\" (line %ld) is on the "
        "same line: both would answer at once",
        wild->address, wild->id, other->id,
        registry->meter_place[other - registry->meter].line);
}

/* Whether the pair was told. */
static bool check_pair(struct register_reader *reader, const struct meter *a,
                       const struct meter *b)
{
    if (!is_at_once(a, b) || strcmp(a->id, b->id) == 0) {
        return false;
    }
    if (strcmp(a->endpoint, b->endpoint) != 0) {
        tell_two_ways(reader, a, b);
        return true;
    }
    if (strchr(a->address, 'A') != NULL) {
        tell_wildcard(reader, a, b);
        return true;
    }
    return false;
}

/* Meters of one device or port, sorted by endpoint. A meter is checked against those that
 * come before it on another endpoint, and one with a wildcard against all. */
static void check_place(struct register_reader *reader, const struct meter *const *meter,
                        int n)
{
    int n_before = 0; /* on other endpoints */

    for (int i = 0; i < n; i++) {
        bool is_wild = strchr(meter[i]->address, 'A') != NULL;
        bool is_told = false;

        if (i > 0 && strcmp(meter[i]->endpoint, meter[i - 1]->endpoint) != 0) {
            n_before = i;
        }
        for (int k = 0; k < (is_wild ? n : n_before) && !is_told; k++) {
            is_told = k != i && check_pair(reader, meter[i], meter[k]);
        }
    }
}

void register_check_lines(struct register_reader *reader, const struct meter *const *meter,
                          int n)
{
    char place[ENDPOINT_LEN];
    char next[ENDPOINT_LEN];
    int first = 0;

    for (int i = 1; i <= n; i++) {
        endpoint_place(meter[first]->endpoint, place);
        next[0] = '\0';
        if (i < n) {
            endpoint_place(meter[i]->endpoint, next);
        }
        if (strcmp(place, next) != 0) {
            check_place(reader, meter + first, i - first);
            first = i;
        }
    }
}
