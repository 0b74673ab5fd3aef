#include "daemon/publish/cursor.h"

#include <stdlib.h>

#include <ecmon/meter.h>

#include "daemon/core/text.h"

/* Belongs to the writer's thread until it is done; the cursor may be gone by then. */
struct cursor_write {
    struct write_job job;
    struct cursor *cursor; /* NULL: gone. Publisher's thread only */
    char sink_name[ID_LEN];
    int64_t seq;
    int64_t now_ms;
};

/* Writer's thread. */
static int run(struct store *store, void *ctx)
{
    const struct cursor_write *write = ctx;

    return journal_cursor_set(store, write->sink_name, write->seq, write->now_ms);
}

static void on_done(void *ctx, int result)
{
    struct cursor_write *write = ctx;
    struct cursor *cursor = write->cursor;

    if (cursor != NULL) {
        cursor->write = NULL;
        if (result == 0) {
            cursor->stored_seq = write->seq;
        }
    }
    free(write);
}

int cursor_open(struct cursor *cursor, const struct publish_options *options,
                struct store *store)
{
    cursor->options = options;
    cursor->write = NULL;
    return journal_cursor_get(store, options->sink_name, &cursor->stored_seq);
}

void cursor_done(struct cursor *cursor)
{
    if (cursor->write != NULL) {
        cursor->write->cursor = NULL;
        cursor->write = NULL;
    }
}

void cursor_store(struct cursor *cursor, int64_t acked_seq)
{
    const struct publish_options *options = cursor->options;
    bool due = acked_seq > cursor->stored_seq && cursor->write == NULL;
    struct cursor_write *write = due ? calloc(1, sizeof(*write)) : NULL;

    if (write == NULL) {
        return;
    }
    write->job = (struct write_job){
        .run = run, .done = on_done, .ctx = write, .home = options->loop, .lazy = true};
    write->cursor = cursor;
    (void)text_copy(write->sink_name, sizeof(write->sink_name), options->sink_name);
    write->seq = acked_seq;
    write->now_ms = loop_wall_ms(options->loop);
    if (writer_submit(options->writer, &write->job) == 0) {
        cursor->write = write;
    } else {
        free(write);
    }
}
