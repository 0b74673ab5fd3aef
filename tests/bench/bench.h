/* What the bench programs share: options, clocks, the request they all send. */
#ifndef ECMON_TESTS_BENCH_BENCH_H
#define ECMON_TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Every poll: 40 input registers from 0 of unit 1, 20 floats. */
#define BENCH_UNIT         1
#define BENCH_FUNCTION     4
#define BENCH_REGISTERS    40
#define BENCH_VALUES       20
#define BENCH_REPLY_LEN    89 /* 7 of header, function, byte count, 80 */
#define BENCH_REPLY_VALUES 9  /* offset of the first value */

struct bench_option {
    const char *name; /* "--port" */
    int *number;      /* set by an option with a number, else NULL */
    const char **text;
    const char *help;
};

/* Options as "--name VALUE". Returns 0, or -1 after printing what is allowed. */
int bench_parse(int argc, char **argv, const struct bench_option *options, int n);

int64_t bench_mono_us(void);
/* Processor time of the whole process, user and system. */
int64_t bench_cpu_us(void);
/* RssAnon + RssShmem, KiB; -1 where the kernel does not say. */
int64_t bench_private_kib(void);
/* As many descriptors as the hard limit allows. */
void bench_raise_descriptors(void);
/* Milliseconds until an instant, for epoll_wait: 0..1000, rounded up. */
int bench_wait_ms(int64_t until_us, int64_t now_us);

/* One value of a reply. */
float bench_float(const uint8_t *bytes);

#endif
