#include "daemon/cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void progress_show(const char *format, ...)
{
    va_list args;

    if (isatty(STDERR_FILENO) != 1) {
        return;
    }
    (void)fputs("\r\x1b[K", stderr);
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fflush(stderr);
}

void progress_end(void)
{
    if (isatty(STDERR_FILENO) == 1) {
        (void)fputs("\r\x1b[K", stderr);
    }
}
