/*
 * Host names. Literal addresses and localhost are taken at once; a name is looked up by a
 * thread that exists only when a name was ever met. The thread owns nothing of the engine:
 * it gets a job by its loop's inbox and leaves the answer in a queue, which lines look into
 * while they wait. When the engine goes during a lookup, the thread frees what they shared.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/collect/engine.h"
#include "daemon/core/clock.h"
#include "daemon/core/queue.h"
#include "daemon/core/text.h"

#define JOBS_MAX 64

struct answer {
    char endpoint[ENDPOINT_LEN];
    union address address;
    int err;
};

struct resolver {
    struct loop *loop; /* the thread's */
    struct queue *answers;
    atomic_int users; /* the engine and the thread */
};

struct job {
    struct resolver *resolver;
    char host[ENDPOINT_LEN];
    uint16_t port;
    struct answer answer;
};

static void release(struct resolver *resolver)
{
    if (atomic_fetch_sub(&resolver->users, 1) == 1) {
        loop_free(resolver->loop);
        queue_free(resolver->answers);
        free(resolver);
    }
}

static void *resolver_main(void *ctx)
{
    struct resolver *resolver = ctx;

    (void)loop_run(resolver->loop);
    release(resolver);
    return NULL;
}

static struct resolver *resolver_new(void)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    pthread_t thread;

    if (resolver == NULL) {
        return NULL;
    }
    atomic_init(&resolver->users, 1);
    if (loop_new(clock_real(), JOBS_MAX, &resolver->loop) != 0 ||
        queue_new(sizeof(struct answer), JOBS_MAX, &resolver->answers) != 0) {
        release(resolver);
        return NULL;
    }
    atomic_store(&resolver->users, 2);
    if (pthread_create(&thread, NULL, resolver_main, resolver) != 0) {
        atomic_store(&resolver->users, 1);
        release(resolver);
        return NULL;
    }
    (void)pthread_detach(thread);
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver != NULL) {
        loop_stop(resolver->loop);
        release(resolver);
    }
}

static bool set_literal(union address *address, const char *host, uint16_t port)
{
    memset(address, 0, sizeof(*address));
    if (strcmp(host, "localhost") == 0) {
        host = "127.0.0.1";
    }
    if (inet_pton(AF_INET, host, &address->in.sin_addr) == 1) {
        address->in.sin_family = AF_INET;
        address->in.sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, host, &address->in6.sin6_addr) == 1) {
        address->in6.sin6_family = AF_INET6;
        address->in6.sin6_port = htons(port);
        return true;
    }
    return false;
}

/* In the thread. */
static void look_up(void *ctx)
{
    struct job *job = ctx;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    job->answer.err = ERR_NOT_FOUND;
    if (getaddrinfo(job->host, NULL, &hints, &found) == 0) {
        if (found->ai_addrlen <= sizeof(job->answer.address)) {
            memcpy(&job->answer.address, found->ai_addr, found->ai_addrlen);
            job->answer.err = 0;
        }
        freeaddrinfo(found);
    }
    if (job->answer.address.any.sa_family == AF_INET6) {
        job->answer.address.in6.sin6_port = htons(job->port);
    } else {
        job->answer.address.in.sin_port = htons(job->port);
    }
    (void)queue_push(job->resolver->answers, &job->answer);
    free(job);
}

static int ask(struct collect *collect, const struct line *line, const char *host,
               uint16_t port)
{
    if (collect->resolver == NULL) {
        collect->resolver = resolver_new();
    }
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL || collect->resolver == NULL) {
        free(job);
        return ERR_NOMEM;
    }
    job->resolver = collect->resolver;
    job->port = port;
    (void)text_copy(job->host, sizeof(job->host), host);
    (void)text_copy(job->answer.endpoint, sizeof(job->answer.endpoint), line->endpoint);
    int err = loop_post(collect->resolver->loop, look_up, job);

    if (err != 0) {
        free(job);
    }
    return err;
}

int resolve_line(struct line *line)
{
    char host[ENDPOINT_LEN];
    uint16_t port = 0;

    if (line->is_resolved) {
        return 0;
    }
    int err = endpoint_host_port(line->endpoint, host, sizeof(host), &port);

    if (err != 0) {
        return err;
    }
    if (set_literal(&line->address, host, port)) {
        line->is_resolved = true;
        return 0;
    }
    if (!line->is_resolving) {
        err = ask(line->collect, line, host, port);
        if (err != 0) {
            return err;
        }
        line->is_resolving = true;
    }
    return 1;
}

void resolve_take_answers(struct collect *collect)
{
    struct answer answer;

    while (collect->resolver != NULL &&
           queue_pop(collect->resolver->answers, &answer, 1) == 1) {
        for (int i = 0; i < collect->n_lines; i++) {
            struct line *line = collect->line[i];

            if (strcmp(line->endpoint, answer.endpoint) != 0) {
                continue;
            }
            line->is_resolving = false;
            line->is_resolved = answer.err == 0;
            if (answer.err == 0) {
                line->address = answer.address;
            } else if (line->conn == CONN_CONNECTING && line->fd < 0) {
                connect_failed(line, SLOT_CONNECTION, "unknown host");
                line_run(line);
            }
        }
    }
}
