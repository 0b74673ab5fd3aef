#include "daemon/publish/meters.h"

#include <stdlib.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/registry.h"

int meter_names_load(struct meter_names *names, struct store *store)
{
    struct meter *meter = NULL;
    int n = 0;
    int err = registry_meters(store, INT64_MIN, &meter, &n);
    struct meter_name *name = err == 0 ? calloc((size_t)n + 1, sizeof(*name)) : NULL;

    if (name == NULL) {
        free(meter);
        return err != 0 ? err : ERR_NOMEM;
    }
    for (int i = 0; i < n; i++) {
        name[i].since_ms = meter[i].since_ms;
        name[i].register_wh = meter[i].register_wh;
        name[i].meter_no = meter[i].meter_no;
        (void)text_copy(name[i].id, sizeof(name[i].id), meter[i].id);
    }
    free(meter);
    free(names->meter);
    names->meter = name;
    names->n = n;
    return 0;
}

void meter_names_done(struct meter_names *names)
{
    free(names->meter);
    names->meter = NULL;
    names->n = 0;
}

const struct meter_name *meter_names_find(const struct meter_names *names,
                                          uint32_t meter_no, int64_t at_ms)
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
