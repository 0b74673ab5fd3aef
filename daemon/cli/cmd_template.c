#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/text.h"
#include "daemon/sync/import.h"

static const char *const kinds[] = {"enterprises", "meters", "lists",      "groups",
                                    "energy",      "output", "energy-use", NULL};

int cmd_template(struct cli *cli)
{
    const char *labels = cli->options.value[OPTION_LABELS];
    bool zh = labels != NULL && strcmp(labels, "zh") == 0;

    if (cli->options.n_arguments != 1) {
        return cli_fail(EXIT_USAGE, "template needs one kind: enterprises, meters, lists, "
                                    "groups, energy, output or energy-use");
    }
    const char *kind = cli->options.argument[0];
    const char *const *columns = registry_columns(kind, zh);

    if (columns == NULL) {
        columns = import_columns(kind, zh);
    }
    if (columns == NULL) {
        const char *nearest = text_nearest(kind, kinds);

        return cli_fail(EXIT_USAGE, "there is no template \"%s\"%s%s%s", kind,
                        nearest != NULL ? "; did you mean " : "",
                        nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    }
    bool excel = cli->options.value[OPTION_EXCEL] != NULL;

    (void)fputs(excel ? "\xef\xbb\xbf" : "", stdout);
    for (int i = 0; columns[i] != NULL; i++) {
        (void)printf("%s%s", i > 0 ? "," : "", columns[i]);
    }
    (void)fputs(excel ? "\r\n" : "\n", stdout);
    return EXIT_DONE;
}
