/* Looking things up: enterprises by id, rows by key, periods. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/store/registry.h"
#include "daemon/sync/import_parts.h"

#define NEAREST_MAX 100 /* searches for the nearest id per file */

static int compare_enterprises(const void *a, const void *b)
{
    const struct enterprise *left = a;
    const struct enterprise *right = b;
    int order = strcmp(left->id, right->id);

    return order != 0 ? order : (left->since > right->since) - (left->since < right->since);
}

int enterprise_book_read(struct store *store, struct enterprise_book *book)
{
    int err = registry_enterprises(store, DAY_MIN, &book->version, &book->n);

    if (err == 0 && book->n > 0) {
        qsort(book->version, (size_t)book->n, sizeof(*book->version), compare_enterprises);
    }
    return err;
}

void enterprise_book_done(struct enterprise_book *book)
{
    free(book->version);
    free(book->words);
    *book = (struct enterprise_book){0};
}

static int versions_from(const struct enterprise_book *book, int at)
{
    int end = at + 1;

    while (end < book->n && strcmp(book->version[at].id, book->version[end].id) == 0) {
        end++;
    }
    return end - at;
}

static int compare_id(const void *key, const void *element)
{
    return strcmp(key, ((const struct enterprise *)element)->id);
}

const struct enterprise *enterprise_book_find(struct enterprise_book *book, const char *id,
                                              int *ret_n)
{
    int next =
        book->last < book->n ? book->last + versions_from(book, book->last) : book->n;
    int at = -1;

    if (book->last < book->n && strcmp(book->version[book->last].id, id) == 0) {
        at = book->last;
    } else if (next < book->n && strcmp(book->version[next].id, id) == 0) {
        at = next;
    } else if (book->n > 0) {
        const struct enterprise *found =
            bsearch(id, book->version, (size_t)book->n, sizeof(*book->version), compare_id);

        at = found == NULL ? -1 : (int)(found - book->version);
    }
    while (at > 0 && strcmp(book->version[at - 1].id, id) == 0) {
        at--;
    }
    if (at < 0) {
        return NULL;
    }
    book->last = at;
    *ret_n = versions_from(book, at);
    return &book->version[at];
}

static const char *nearest_enterprise(struct enterprise_book *book, const char *id)
{
    if (book->n_nearest >= NEAREST_MAX) {
        return NULL;
    }
    book->n_nearest++;
    if (book->words == NULL) {
        book->words = calloc((size_t)book->n + 1, sizeof(*book->words));
        for (int i = 0; i < book->n && book->words != NULL; i++) {
            book->words[i] = book->version[i].id;
        }
    }
    return book->words == NULL ? NULL : text_nearest(id, book->words);
}

static void tell_unknown(struct import *import, int column, const char *id)
{
    const char *nearest = nearest_enterprise(&import->book, id);

    table_error(import->table, column, "enterprise \"%.64s\" is not in the register%s%s%s",
                id, nearest == NULL ? "" : "; did you mean \"",
                nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
}

uint32_t import_enterprise(struct import *import, int column, day_t first, day_t last)
{
    const char *id = table_cell(import->table, column);
    int n = 0;

    if (id[0] == '\0') {
        table_error(import->table, column, "enterprise is blank");
        return 0;
    }
    if (table_is_cut_number(id)) {
        table_error(
            import->table, column,
            "enterprise \"%.64s\" was shortened by a spreadsheet: format the cell as "
            "text and enter it again",
            id);
        return 0;
    }
    const struct enterprise *version = enterprise_book_find(&import->book, id, &n);

    if (version == NULL) {
        tell_unknown(import, column, id);
        return 0;
    }
    for (int i = 0; i < n; i++) {
        if (version[i].since <= last && first <= version[i].until) {
            return version[i].enterprise_no;
        }
    }
    table_error(import->table, column,
                "enterprise \"%.64s\" is not in force then: see its "
                "`since` and `until`",
                id);
    return 0;
}

/* Different words for the same months become one: 2026-01..2026-03 is 2026Q1. */
static void make_canonical(struct period *period)
{
    int32_t year = 0;
    int32_t first = 0;
    int32_t last = 0;
    int32_t dom = 0;

    civil_from_day(period->first, &year, &first, &dom);
    civil_from_day(period->last, &year, &last, &dom);
    int32_t n = last - first + 1;
    char text[64];

    if (n == 12) {
        period->kind = PERIOD_YEAR;
        (void)snprintf(text, sizeof(text), "%04d", (int)year);
    } else if (n == 6 && first % 6 == 1) {
        period->kind = PERIOD_HALF;
        (void)snprintf(text, sizeof(text), "%04dH%d", (int)year, (int)(first / 6 + 1));
    } else if (n == 3 && first % 3 == 1) {
        period->kind = PERIOD_QUARTER;
        (void)snprintf(text, sizeof(text), "%04dQ%d", (int)year, (int)(first / 3 + 1));
    } else if (n == 1) {
        period->kind = PERIOD_MONTH;
        (void)snprintf(text, sizeof(text), "%04d-%02d", (int)year, (int)first);
    } else {
        period->kind = PERIOD_RANGE;
        (void)snprintf(text, sizeof(text), "%04d-%02d..%04d-%02d", (int)year, (int)first,
                       (int)year, (int)last);
    }
    (void)text_copy(period->text, sizeof(period->text), text);
}

bool import_period(struct import *import, int column, struct period *ret_period)
{
    const char *text = table_cell(import->table, column);
    struct period period = {0};

    if (text[0] == '\0') {
        table_error(import->table, column, "period is blank");
        return false;
    }
    if (text_to_period(text, &period) != 0) {
        table_error(import->table, column,
                    "period \"%.64s\" is none of 2026, 2026H1, 2026Q1, 2026-01, "
                    "2026-01..2026-02",
                    text);
        return false;
    }
    if (period.first > import->today) {
        table_error(import->table, column, "period %s has not begun yet", text);
        return false;
    }
    make_canonical(&period);
    *ret_period = period;
    return true;
}

uint64_t key_mix(uint64_t value)
{
    value ^= value >> 33;
    value *= UINT64_C(0xff51afd7ed558ccd);
    value ^= value >> 33;
    value *= UINT64_C(0xc4ceb9fe1a85ec53);
    value ^= value >> 33;
    return value;
}

/* The slot of the key of rows[index]: free, or of a row with the same key. */
static uint32_t *find_slot(const struct key_set *set, const void *rows, uint32_t index)
{
    uint64_t at = set->hash(rows, index);

    for (;; at++) {
        uint32_t *slot = &set->slot[at & (set->cap - 1)];

        if (*slot == 0 || set->same(rows, *slot - 1, index)) {
            return slot;
        }
    }
}

static int key_set_grow(struct key_set *set, const void *rows)
{
    struct key_set grown = *set;

    grown.cap = set->cap == 0 ? 1024 : set->cap * 2;
    grown.slot = calloc(grown.cap, sizeof(*grown.slot));
    if (grown.slot == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < set->cap; i++) {
        if (set->slot[i] != 0) {
            *find_slot(&grown, rows, set->slot[i] - 1) = set->slot[i];
        }
    }
    free(set->slot);
    *set = grown;
    return 0;
}

int key_set_add(struct key_set *set, const void *rows, uint32_t index, uint32_t *ret_first)
{
    if (set->n >= set->cap - set->cap / 4 && key_set_grow(set, rows) != 0) {
        return ERR_NOMEM;
    }
    uint32_t *slot = find_slot(set, rows, index);

    if (*slot != 0) {
        *ret_first = *slot - 1;
        return 0;
    }
    *slot = index + 1;
    set->n++;
    *ret_first = KEY_SET_NEW;
    return 0;
}

void key_set_replace(struct key_set *set, const void *rows, uint32_t index)
{
    *find_slot(set, rows, index) = index + 1;
}

void key_set_done(struct key_set *set)
{
    free(set->slot);
    set->slot = NULL;
}
