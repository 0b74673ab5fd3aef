/* The commands, one file each. Each returns the process's exit code. */
#ifndef ECMON_CLI_COMMANDS_H
#define ECMON_CLI_COMMANDS_H

struct cli;

int cmd_apply(struct cli *cli);
int cmd_carbon(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_energy(struct cli *cli);
int cmd_explain(struct cli *cli);
int cmd_export(struct cli *cli);
int cmd_identify(struct cli *cli);
int cmd_import(struct cli *cli);
int cmd_plan(struct cli *cli);
int cmd_rates(struct cli *cli);
int cmd_read(struct cli *cli);
int cmd_reload(struct cli *cli);
int cmd_resumption(struct cli *cli);
int cmd_scan(struct cli *cli);
int cmd_simulate(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_template(struct cli *cli);
int cmd_verify(struct cli *cli);

#endif
