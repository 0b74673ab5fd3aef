#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/collect/plan.h"

int cmd_check(struct cli *cli)
{
    return setup_check(cli->conf_path, cli->options.value[OPTION_STRICT] != NULL,
                       cli->now_ms, collect_plan_check, stdout, stderr);
}
