/*
 * A disk that is not to be trusted, for tests of what writes through SQLite: it records
 * every write and sync of a database, its WAL and its rollback journal, rebuilds what a
 * power cut may leave of them, and fails on request. One at a time; the default VFS of the
 * process while it lives.
 */
#ifndef ECMON_TESTS_DISK_H
#define ECMON_TESTS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;

/* Operations that can fail. */
#define DISK_OPEN     1u
#define DISK_READ     2u
#define DISK_WRITE    4u /* half of it is written: SQLITE_FULL or an I/O error in turns */
#define DISK_SYNC     8u /* what was written since the last sync may never reach the disk */
#define DISK_TRUNCATE 16u
#define DISK_SIZE     32u
#define DISK_SHM      64u
#define DISK_ANY      127u

/* Aborts when there is no memory: a test cannot go on. */
struct disk *disk_new(void);
void disk_free(struct disk *disk);

#define DISK_ALWAYS INT64_MAX

/* From here on the nth of these operations fails (from 1; 0: none does), and the ones after
 * it, as many as times says. */
void disk_fail(struct disk *disk, uint32_t operations, int64_t nth, int64_t times);
/* How many failed since disk_fail. */
int64_t disk_failures(const struct disk *disk);

/* Operations recorded so far: writes, truncations, syncs. */
void disk_stop(struct disk *disk); /* records no more */
size_t disk_n_operations(const struct disk *disk);
/*
 * Writes to path, path-wal and path-journal what may be there after a power cut behind the
 * first n_operations. What was synced is there. Of what was not, seed says what is dropped,
 * torn at 512 bytes or 4 KiB, or written in another order.
 */
void disk_image(const struct disk *disk, size_t n_operations, uint32_t seed,
                const char *path);

#endif
