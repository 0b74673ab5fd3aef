/*
 * What was imported, as given: daily energy, output figures, energy use. A key has one row;
 * another value for it is a correction with a new revision.
 */
#ifndef ECMON_STORE_IMPORTS_H
#define ECMON_STORE_IMPORTS_H

#include <ecmon/meter.h>
#include <ecmon/time.h>

#include "daemon/store/store.h"

#define IMPORT_PERIOD_LEN 20
#define IMPORT_NAME_LEN   32 /* of an item or a carrier */

enum import_result {
    IMPORT_SAME,
    IMPORT_NEW,
    IMPORT_CHANGED
};

/* import_energy: energies of a local day in Wh; -1 = not given (export, generation). */
struct imported_energy {
    day_t day;
    uint32_t enterprise_no;
    int64_t import_wh;
    int64_t export_wh;
    int64_t generation_wh;
};

/* import_output (name = item, value in millionths of a yuan or a person) and
 * import_energy_use (name = carrier, value in millionths of unit). */
struct imported_figure {
    uint32_t enterprise_no;
    char period[IMPORT_PERIOD_LEN]; /* canonical */
    char name[IMPORT_NAME_LEN];
    char cert_id[ID_LEN]; /* energy use only; "" = none */
    char unit[8];         /* energy use only */
    int64_t value_e6;
};

/* What put would find; reads only. Return 0 or enum err. *ret_old_… is the value in force
 * before, set with IMPORT_SAME and IMPORT_CHANGED. */
int imports_energy_compare(struct store *store, const struct imported_energy *row,
                           enum import_result *ret_result, struct imported_energy *ret_old);
int imports_output_compare(struct store *store, const struct imported_figure *row,
                           enum import_result *ret_result, int64_t *ret_old_value_e6);
int imports_energy_use_compare(struct store *store, const struct imported_figure *row,
                               enum import_result *ret_result, int64_t *ret_old_value_e6);

/* Writer: the row is what holds from now on. */
int imports_energy_put(struct store *store, const struct imported_energy *row,
                       enum import_result *ret_result, struct imported_energy *ret_old);
int imports_output_put(struct store *store, const struct imported_figure *row,
                       enum import_result *ret_result, int64_t *ret_old_value_e6);
int imports_energy_use_put(struct store *store, const struct imported_figure *row,
                           enum import_result *ret_result, int64_t *ret_old_value_e6);

/* Every period stored for an enterprise and a name: fn(ctx, period, value). Several rows of
 * one period (certificates) come one by one. fn may not touch the store. */
int imports_output_periods(struct store *store, uint32_t enterprise_no, const char *name,
                           void (*fn)(void *ctx, const struct imported_figure *row),
                           void *ctx);
int imports_energy_use_periods(struct store *store, uint32_t enterprise_no,
                               const char *name,
                               void (*fn)(void *ctx, const struct imported_figure *row),
                               void *ctx);

#endif
