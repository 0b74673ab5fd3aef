#include "tests/bench/bench.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define US_PER_S  1000000
#define US_PER_MS 1000

static int usage(const char *program, const struct bench_option *options, int n)
{
    (void)fprintf(stderr, "usage: %s [OPTION VALUE]...\n", program);
    for (int i = 0; i < n; i++) {
        (void)fprintf(stderr, "  %-16s %s\n", options[i].name, options[i].help);
    }
    return -1;
}

static int take(const struct bench_option *option, const char *value)
{
    char *end = NULL;

    if (option->text != NULL) {
        *option->text = value;
        return 0;
    }
    errno = 0;
    long number = strtol(value, &end, 10);

    if (errno != 0 || end == value || *end != '\0' || number < 0 || number > INT_MAX) {
        return -1;
    }
    *option->number = (int)number;
    return 0;
}

int bench_parse(int argc, char **argv, const struct bench_option *options, int n)
{
    for (int a = 1; a < argc; a += 2) {
        int found = 0;

        while (found < n && strcmp(options[found].name, argv[a]) != 0) {
            found++;
        }
        if (found == n || a + 1 == argc || take(&options[found], argv[a + 1]) != 0) {
            return usage(argv[0], options, n);
        }
    }
    return 0;
}

int64_t bench_mono_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

int64_t bench_cpu_us(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_S +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int64_t bench_private_kib(void)
{
    static const char *const keys[] = {"RssAnon:", "RssShmem:"};
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    int64_t kib = 0;

    if (file == NULL) {
        return -1;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            if (strncmp(line, keys[i], strlen(keys[i])) == 0) {
                kib += strtol(line + strlen(keys[i]), NULL, 10);
            }
        }
    }
    (void)fclose(file);
    return kib;
}

void bench_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int bench_wait_ms(int64_t until_us, int64_t now_us)
{
    int64_t wait_us = until_us - now_us;

    if (wait_us <= 0) {
        return 0;
    }
    return wait_us > US_PER_S ? 1000 : (int)((wait_us + US_PER_MS - 1) / US_PER_MS);
}

float bench_float(const uint8_t *bytes)
{
    uint32_t bits = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                    (uint32_t)bytes[2] << 8 | bytes[3];
    float value = 0;

    memcpy(&value, &bits, sizeof(value));
    return value;
}
