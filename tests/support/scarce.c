#include "tests/support/scarce.h"

#include <sqlite3.h>
#include <stdlib.h>

/* SQLite's allocator has no context of its own. */
static struct {
    sqlite3_mem_methods real;
    int64_t countdown; /* allocations until the next failure; 0 = none */
    bool sticky;
    int64_t failures;
} scarce;

static bool fails(void)
{
    if (scarce.countdown == 0) {
        return false;
    }
    if (scarce.countdown > 1) {
        scarce.countdown--;
        return false;
    }
    if (!scarce.sticky) {
        scarce.countdown = 0;
    }
    scarce.failures++;
    return true;
}

static void *on_malloc(int n)
{
    return fails() ? NULL : scarce.real.xMalloc(n);
}

static void *on_realloc(void *memory, int n)
{
    return fails() ? NULL : scarce.real.xRealloc(memory, n);
}

void scarce_install(void)
{
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &scarce.real) != SQLITE_OK) {
        abort();
    }
    sqlite3_mem_methods methods = scarce.real;

    methods.xMalloc = on_malloc;
    methods.xRealloc = on_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) {
        abort();
    }
}

void scarce_fail(int64_t nth, bool sticky)
{
    scarce.countdown = nth;
    scarce.sticky = sticky;
    scarce.failures = 0;
}

int64_t scarce_failures(void)
{
    return scarce.failures;
}
