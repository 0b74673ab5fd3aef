/* One line on standard error that is written over, on a terminal only. */
#ifndef ECMON_CLI_PROGRESS_H
#define ECMON_CLI_PROGRESS_H

void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes the line away. */
void progress_end(void);

#endif
