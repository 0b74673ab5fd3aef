#include "daemon/control/changes.h"

json_t *changes_json(const struct register_report *report)
{
    json_t *changes = json_array();

    for (size_t i = 0; i < report->n; i++) {
        const struct register_change *change = &report->change[i];

        (void)json_array_append_new(changes,
                                    json_pack("{s:s, s:s, s:s}", "change",
                                              register_change_name(change->what), "kind",
                                              change->kind, "id", change->id));
    }
    return json_pack("{s:b, s:i, s:i, s:i, s:o}", "ok", 1, "added", report->n_added,
                     "changed", report->n_changed, "closed", report->n_closed, "changes",
                     changes);
}
