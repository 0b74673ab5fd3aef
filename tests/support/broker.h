/* A real mosquitto on free loopback ports, and mosquitto_sub as an independent observer. */
#ifndef ECMON_TESTS_BROKER_H
#define ECMON_TESTS_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BROKER_MESSAGE_MAX 100000 /* bytes; beyond: the connection ends with reason 149 */

struct broker {
    char folder[64];
    uint16_t port;        /* anyone; topics that begin with "denied" cannot be written */
    uint16_t closed_port; /* nobody gets in */
    pid_t pid;            /* 0: not running */
};

/* Says on standard error what is missing. */
bool broker_is_installed(void);
/* Chooses ports and writes the configuration; does not run yet. */
void broker_init(struct broker *broker);
void broker_done(struct broker *broker);
/* Returns when it takes connections; fails the test after 10 s. */
void broker_start(struct broker *broker);
void broker_kill(struct broker *broker);

/* A mosquitto_sub: prints "topic|retained|payload" lines. */
struct observer {
    pid_t pid;
    int fd;
};

/* Ends by itself after n messages or 10 s. client_id "" = its own. */
void observer_start(struct observer *observer, const struct broker *broker,
                    const char *topic, int n, const char *client_id);
/* The next line without its end, "" when there is none any more. */
void observer_line(struct observer *observer, char *ret_line, size_t size);
void observer_done(struct observer *observer);

#endif
