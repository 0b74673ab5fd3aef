#include "daemon/sync/register_sync.h"

#include <stdlib.h>

#include <ecmon/err.h>

#include "daemon/sync/register_sync_parts.h"

const char *register_change_name(enum register_change_what what)
{
    static const char *const name[] = {"added", "changed", "closed"};

    return name[what];
}

void register_report_done(struct register_report *report)
{
    free(report->change);
    *report = (struct register_report){0};
}

void sync_done(struct sync *sync)
{
    free(sync->enterprise);
    free(sync->meter);
    free(sync->member);
    free(sync->group);
    free(sync->enterprises.change);
    free(sync->meters.change);
    free(sync->member_after);
}

static bool too_many_leave(const struct register_report *report, int64_t allowed)
{
    return report->n_removed > report->limit && report->n_removed > allowed;
}

static int apply_in_transaction(struct sync *sync)
{
    bool own = !store_in_transaction(sync->store);
    int err = store_begin(sync->store);

    if (err == 0) {
        err = register_carry_out(sync);
    }
    if (!own) {
        return err;
    }
    if (err == 0) {
        return store_commit(sync->store);
    }
    store_rollback(sync->store);
    return err;
}

int register_apply(struct store *writer, const struct registry *registry,
                   const struct register_options *options,
                   struct register_report *ret_report)
{
    *ret_report = (struct register_report){0};
    struct sync sync = {.store = writer,
                        .file = registry,
                        .options = options,
                        .report = ret_report,
                        .today = day_of_ts(options->now_ms, options->zone)};

    sync.today_ms = ts_of_day(sync.today, options->zone);
    int err = register_plan(&sync);

    if (err == 0 && too_many_leave(ret_report, options->allow_removals)) {
        err = ERR_DATA;
    }
    if (err == 0 && !options->dry_run) {
        err = apply_in_transaction(&sync);
    }
    sync_done(&sync);
    return err;
}
