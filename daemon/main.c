/* ecmond: opens the app, runs its loops in threads, ends on a signal. */
/* NOLINTNEXTLINE(readability-identifier-naming): glibc's name; for getopt_long */
#define _GNU_SOURCE

#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <ecmon/version.h>

#include "daemon/app.h"
#include "daemon/collect/plan.h"
#include "daemon/conf/setup.h"
#include "daemon/core/clock.h"
#include "daemon/core/log.h"

#define CONF_DEFAULT "/etc/ecmon/ecmond.yaml"
#define TABLE_BYTES  (128 * 1024)

struct process {
    struct app *app;
    int signal_fd;
    pthread_t thread[APP_LOOP_COUNT];
    bool running[APP_LOOP_COUNT];
    struct loop_timer watchdog;
    int64_t watchdog_every_ms; /* 0 = the service manager asks for none */
    uint64_t rounds[APP_LOOP_COUNT];
};

static const char usage[] =
    "Usage: ecmond [-c FILE] [--check] [--debug]\n"
    "Polls power meters, stores every reading, publishes, computes rates and grades.\n"
    "  -c, --config FILE   configuration (default " CONF_DEFAULT ")\n"
    "      --check         check every file and end: exit 0, 65, 74 or 78\n"
    "      --debug         write debug lines, too\n"
    "      --version       print the version\n"
    "      --help          print this\n";

static void *run_loop(void *loop)
{
    (void)loop_run(loop);
    return NULL;
}

/* --- signals and watchdog, in the main loop --- */

static void on_signal(void *ctx, int fd, uint32_t events)
{
    struct process *process = ctx;
    struct signalfd_siginfo info;

    (void)events;
    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    if (info.ssi_signo == SIGHUP) {
        (void)sd_notify(0, "RELOADING=1");
        app_reload(process->app);
        (void)sd_notify(0, "READY=1");
        return;
    }
    log_info("ending");
    (void)sd_notify(0, "STOPPING=1");
    loop_stop(app_loop(process->app, APP_LOOP_MAIN));
}

static void no_post(void *ctx)
{
    (void)ctx; /* makes a quiet loop go round once: the watchdog's question */
}

/* The service manager is told only when every loop has gone round since the last time. */
static void on_watchdog(void *ctx)
{
    struct process *process = ctx;
    bool all = true;

    for (int i = 0; i < APP_LOOP_COUNT; i++) {
        struct loop *loop = app_loop(process->app, (enum app_loop)i);
        uint64_t rounds = loop_rounds(loop);

        all = all && rounds != process->rounds[i];
        process->rounds[i] = rounds;
        (void)loop_post(loop, no_post, NULL);
    }
    if (all) {
        (void)sd_notify(0, "WATCHDOG=1");
    }
    struct loop *main_loop = app_loop(process->app, APP_LOOP_MAIN);

    (void)loop_timer_arm(main_loop, &process->watchdog,
                         loop_mono_ms(main_loop) + process->watchdog_every_ms);
}

static void start_watchdog(struct process *process)
{
    uint64_t timeout_us = 0;

    loop_timer_init(&process->watchdog, on_watchdog, process);
    if (sd_watchdog_enabled(0, &timeout_us) > 0) {
        process->watchdog_every_ms = (int64_t)(timeout_us / 4000);
        on_watchdog(process);
    }
}

/* --- start and end --- */

static int block_signals(sigset_t *ret_set)
{
    (void)sigemptyset(ret_set);
    (void)sigaddset(ret_set, SIGTERM);
    (void)sigaddset(ret_set, SIGINT);
    (void)sigaddset(ret_set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    return pthread_sigmask(SIG_BLOCK, ret_set, NULL);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Tables that are read and thrown away, at the start and at every reload, go back to the
 * system. Left alone, malloc takes the first of them as a sign to keep all such blocks. */
static void give_tables_back(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, TABLE_BYTES); /* NOLINT(concurrency-mt-unsafe) */
}

static int start_threads(struct process *process)
{
    for (int i = 0; i < APP_LOOP_COUNT; i++) {
        if (i == APP_LOOP_MAIN) {
            continue;
        }
        if (pthread_create(&process->thread[i], NULL, run_loop,
                           app_loop(process->app, (enum app_loop)i)) != 0) {
            log_error("cannot start a thread");
            return 1;
        }
        process->running[i] = true;
    }
    return 0;
}

static void end_threads(struct process *process)
{
    for (int i = 0; i < APP_LOOP_COUNT; i++) {
        if (process->running[i]) {
            loop_stop(app_loop(process->app, (enum app_loop)i));
            (void)pthread_join(process->thread[i], NULL);
        }
    }
}

static int run(const char *conf_path)
{
    struct process process = {.signal_fd = -1};
    struct app_options options = {conf_path, clock_real(),
                                  (uint32_t)getpid() * 2654435761u + 1};
    sigset_t signals;

    raise_descriptor_limit();
    give_tables_back();
    if (block_signals(&signals) != 0) {
        return 1;
    }
    int exit_code = app_open(&options, &process.app);

    if (exit_code != 0) {
        return exit_code;
    }
    struct loop *main_loop = app_loop(process.app, APP_LOOP_MAIN);

    process.signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    exit_code =
        loop_fd_add(main_loop, process.signal_fd, LOOP_READ, on_signal, &process) != 0
            ? 1
            : start_threads(&process);
    if (exit_code == 0) {
        start_watchdog(&process);
        (void)sd_notify(0, "READY=1");
        (void)loop_run(main_loop);
    }
    end_threads(&process);
    loop_timer_cancel(main_loop, &process.watchdog);
    app_close(process.app);
    if (process.signal_fd >= 0) {
        (void)close(process.signal_fd);
    }
    return exit_code;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"debug", no_argument, NULL, 'd'},        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    const char *conf_path = CONF_DEFAULT;
    enum log_level level = LOG_LEVEL_INFO;
    bool check = false;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread yet */
    for (int c = 0; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            conf_path = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 'd':
            level = LOG_LEVEL_DEBUG;
            break;
        case 'v':
            (void)printf("ecmond %s\n", ECMON_VERSION);
            return 0;
        case 'h':
            (void)fputs(usage, stdout);
            return 0;
        default:
            (void)fputs(usage, stderr);
            return 64;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "ecmond: takes no arguments, found \"%s\"\n%s", argv[optind],
                      usage);
        return 64;
    }
    log_init(level, getenv("JOURNAL_STREAM") != NULL); /* NOLINT(concurrency-mt-unsafe) */
    return check ? setup_check(conf_path, false, clock_wall_ms(clock_real()),
                               collect_plan_check, stdout, stderr)
                 : run(conf_path);
}
