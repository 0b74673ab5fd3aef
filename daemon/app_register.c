#include <stdlib.h>

#include <ecmon/err.h>

#include "daemon/app_state.h"
#include "daemon/core/log.h"
#include "daemon/store/registry.h"

void app_log_problems(const struct problems *problems)
{
    char text[1024];

    for (size_t i = 0; i < problems->n; i++) {
        problem_text(&problems->problem[i], text, sizeof(text));
        if (problems->problem[i].kind == PROBLEM_WARNING) {
            log_warn("%s", text);
        } else {
            log_error("%s", text);
        }
    }
}

int app_meters_in_force(struct store *store, const struct setup *setup, int64_t now_ms,
                        struct meter **ret_meters, const struct profile ***ret_profiles,
                        int *ret_n)
{
    struct meter *meters = NULL;
    int n = 0;
    int err = registry_meters(store, now_ms, &meters, &n);

    if (err != 0) {
        return err;
    }
    const struct profile **profiles = calloc((size_t)n + 1, sizeof(const struct profile *));

    if (profiles == NULL) {
        free(meters);
        return ERR_NOMEM;
    }
    for (int i = 0; i < n; i++) {
        profiles[i] = profiles_find(&setup->profiles, meters[i].profile);
        if (profiles[i] == NULL) {
            meters[i].endpoint[0] = '\0'; /* of a register in the store alone */
        }
    }
    *ret_meters = meters;
    *ret_profiles = profiles;
    *ret_n = n;
    return 0;
}
