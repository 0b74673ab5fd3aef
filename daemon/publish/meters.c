#include "daemon/publish/meters.h"

#include <stdlib.h>

#include "daemon/store/registry.h"

int meter_names_load(struct meter_names *names, struct store *store)
{
    struct meter *meter = NULL;
    int n = 0;
    int err = registry_meters(store, INT64_MIN, &meter, &n);

    if (err != 0) {
        return err;
    }
    free(names->meter);
    names->meter = meter;
    names->n = n;
    return 0;
}

void meter_names_done(struct meter_names *names)
{
    free(names->meter);
    names->meter = NULL;
    names->n = 0;
}

const struct meter *meter_names_find(const struct meter_names *names, uint32_t meter_no,
                                     int64_t at_ms)
{
    int low = 0;
    int high = names->n;

    /* the first version of this number or a greater one */
    while (low < high) {
        int middle = low + (high - low) / 2;

        if (names->meter[middle].meter_no < meter_no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == names->n || names->meter[low].meter_no != meter_no) {
        return NULL;
    }
    while (low + 1 < names->n && names->meter[low + 1].meter_no == meter_no &&
           names->meter[low + 1].since_ms <= at_ms) {
        low++;
    }
    return &names->meter[low];
}
