#include "tests/support/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512
#define PAGE   4096

enum role {
    ROLE_STORE,
    ROLE_WAL,
    ROLE_JOURNAL, /* of the store's first pages, before it has a WAL */
    ROLE_COUNT,
    ROLE_OTHER = ROLE_COUNT /* not recorded, does not fail */
};

enum kind {
    KIND_WRITE,
    KIND_TRUNCATE,
    KIND_DELETE, /* stays when the folder is synced */
    KIND_SYNC,
    KIND_FOLDER_SYNC,
    KIND_FAILED_SYNC
};

struct operation {
    enum kind kind;
    enum role role;
    int64_t offset; /* TRUNCATE: the new size */
    size_t n;
    unsigned char *bytes;
};

struct disk {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct operation *operation;
    size_t n;
    size_t cap;
    uint32_t failing;
    int64_t countdown; /* operations until the next failure; 0 = none */
    int64_t times;     /* how often from then on */
    int64_t failures;
    bool stopped;
};

/* The real VFS's file lies behind it. */
struct disk_file {
    sqlite3_file base;
    struct disk *disk;
    enum role role;
    bool new_name; /* SQLite syncs the folder, too, when it first syncs a new journal */
};

/* A file in the making. */
struct image {
    unsigned char *bytes;
    size_t n;
    size_t cap;
};

static void *checked(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* --- failing --- */

void disk_fail(struct disk *disk, uint32_t operations, int64_t nth, int64_t times)
{
    disk->failing = operations;
    disk->countdown = nth;
    disk->times = times;
    disk->failures = 0;
}

int64_t disk_failures(const struct disk *disk)
{
    return disk->failures;
}

static bool fails(struct disk *disk, uint32_t operation)
{
    if ((disk->failing & operation) == 0 || disk->countdown == 0) {
        return false;
    }
    if (disk->countdown > 1) {
        disk->countdown--;
        return false;
    }
    disk->failures++;
    if (disk->failures >= disk->times) {
        disk->countdown = 0;
    }
    return true;
}

/* --- recording --- */

static void record(const struct disk_file *file, enum kind kind, int64_t offset,
                   const void *bytes, size_t n)
{
    struct disk *disk = file->disk;

    if (file->role == ROLE_OTHER || disk->stopped) {
        return;
    }
    if (disk->n == disk->cap) {
        disk->cap = 2 * disk->cap + 1024;
        disk->operation =
            checked(realloc(disk->operation, disk->cap * sizeof(*disk->operation)));
    }
    struct operation *operation = &disk->operation[disk->n++];

    *operation = (struct operation){kind, file->role, offset, n, NULL};
    if (n > 0) {
        operation->bytes = checked(malloc(n));
        memcpy(operation->bytes, bytes, n);
    }
}

void disk_stop(struct disk *disk)
{
    disk->stopped = true;
}

size_t disk_n_operations(const struct disk *disk)
{
    return disk->n;
}

/* --- the methods of a file --- */

static struct disk_file *ours(sqlite3_file *file)
{
    return (void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (void *)(ours(file) + 1);
}

static bool file_fails(sqlite3_file *file, uint32_t operation)
{
    return ours(file)->role != ROLE_OTHER && fails(ours(file)->disk, operation);
}

static int on_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 offset)
{
    return file_fails(file, DISK_READ)
               ? SQLITE_IOERR_READ
               : real_of(file)->pMethods->xRead(real_of(file), bytes, n, offset);
}

static int on_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
    bool failed = file_fails(file, DISK_WRITE);

    if (failed) {
        n /= 2;
    }
    int code = n == 0 ? SQLITE_OK
                      : real_of(file)->pMethods->xWrite(real_of(file), bytes, n, offset);

    if (code == SQLITE_OK && n > 0) {
        record(ours(file), KIND_WRITE, offset, bytes, (size_t)n);
    }
    if (failed) {
        return ours(file)->disk->failures % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return code;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (file_fails(file, DISK_TRUNCATE)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    int code = real_of(file)->pMethods->xTruncate(real_of(file), size);

    if (code == SQLITE_OK) {
        record(ours(file), KIND_TRUNCATE, size, NULL, 0);
    }
    return code;
}

/* The real sync is left out: nothing but the record decides what a power cut leaves. */
static int on_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    if (file_fails(file, DISK_SYNC)) {
        record(ours(file), KIND_FAILED_SYNC, 0, NULL, 0);
        return SQLITE_IOERR_FSYNC;
    }
    record(ours(file), KIND_SYNC, 0, NULL, 0);
    if (ours(file)->new_name) {
        record(ours(file), KIND_FOLDER_SYNC, 0, NULL, 0);
        ours(file)->new_name = false;
    }
    return SQLITE_OK;
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return file_fails(file, DISK_SIZE)
               ? SQLITE_IOERR_FSTAT
               : real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int on_lock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int on_unlock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int on_check_lock(sqlite3_file *file, int *ret_held)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_held);
}

static int on_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int on_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend,
                      void volatile **ret)
{
    return file_fails(file, DISK_SHM)
               ? SQLITE_IOERR_SHMMAP
               : real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int on_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods methods = {.iVersion = 2, /* no mapped files */
                                           .xClose = on_close,
                                           .xRead = on_read,
                                           .xWrite = on_write,
                                           .xTruncate = on_truncate,
                                           .xSync = on_sync,
                                           .xFileSize = on_file_size,
                                           .xLock = on_lock,
                                           .xUnlock = on_unlock,
                                           .xCheckReservedLock = on_check_lock,
                                           .xFileControl = on_control,
                                           .xSectorSize = on_sector_size,
                                           .xDeviceCharacteristics = on_characteristics,
                                           .xShmMap = on_shm_map,
                                           .xShmLock = on_shm_lock,
                                           .xShmBarrier = on_shm_barrier,
                                           .xShmUnmap = on_shm_unmap};

/* --- the VFS --- */

static enum role role_of(int flags)
{
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
        return ROLE_STORE;
    }
    if ((flags & SQLITE_OPEN_WAL) != 0) {
        return ROLE_WAL;
    }
    return (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0 ? ROLE_JOURNAL : ROLE_OTHER;
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                   int *ret_flags)
{
    struct disk *disk = vfs->pAppData;
    struct disk_file *opened = ours(file);

    opened->base.pMethods = NULL;
    opened->disk = disk;
    opened->role = role_of(flags);
    opened->new_name = opened->role == ROLE_WAL || opened->role == ROLE_JOURNAL;
    if (file_fails(file, DISK_OPEN)) {
        return SQLITE_CANTOPEN;
    }
    int code = disk->real->xOpen(disk->real, name, real_of(file), flags, ret_flags);

    opened->base.pMethods = code == SQLITE_OK ? &methods : NULL;
    return code;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct disk *disk = vfs->pAppData;
    size_t n = strlen(name);
    struct disk_file file = {
        .disk = disk,
        .role = n > 8 && strcmp(name + n - 8, "-journal") == 0 ? ROLE_JOURNAL
                : n > 4 && strcmp(name + n - 4, "-wal") == 0   ? ROLE_WAL
                                                               : ROLE_OTHER};
    int code = disk->real->xDelete(disk->real, name, sync_folder);

    if (code == SQLITE_OK) {
        record(&file, KIND_DELETE, 0, NULL, 0);
        if (sync_folder != 0) {
            record(&file, KIND_FOLDER_SYNC, 0, NULL, 0);
        }
    }
    return code;
}

struct disk *disk_new(void)
{
    struct disk *disk = checked(calloc(1, sizeof(*disk)));

    disk->real = checked(sqlite3_vfs_find(NULL));
    disk->vfs = *disk->real;
    disk->vfs.zName = "disk";
    disk->vfs.szOsFile = (int)sizeof(struct disk_file) + disk->real->szOsFile;
    disk->vfs.pAppData = disk;
    disk->vfs.pNext = NULL;
    disk->vfs.xOpen = on_open;
    disk->vfs.xDelete = on_delete;
    if (sqlite3_vfs_register(&disk->vfs, 1) != SQLITE_OK) {
        abort();
    }
    return disk;
}

void disk_free(struct disk *disk)
{
    (void)sqlite3_vfs_unregister(&disk->vfs);
    (void)sqlite3_vfs_register(disk->real, 1);
    for (size_t i = 0; i < disk->n; i++) {
        free(disk->operation[i].bytes);
    }
    free(disk->operation);
    free(disk);
}

/* --- power cuts --- */

static uint32_t draw(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void resize(struct image *image, size_t n)
{
    if (n > image->cap) {
        image->cap = 2 * n;
        image->bytes = checked(realloc(image->bytes, image->cap));
    }
    if (n > image->n) {
        memset(image->bytes + image->n, 0, n - image->n);
    }
    image->n = n;
}

static void put(struct image *image, const struct operation *operation, size_t from,
                size_t until)
{
    size_t end = (size_t)operation->offset + until;

    if (end > image->n) {
        resize(image, end);
    }
    memcpy((unsigned char *)checked(image->bytes) + operation->offset + from,
           operation->bytes + from, until - from);
}

/* A file that is gone is one without a byte. */
static void apply(struct image *image, const struct operation *operation)
{
    if (operation->kind != KIND_WRITE) {
        resize(image, (size_t)operation->offset);
    } else {
        put(image, operation, 0, operation->n);
    }
}

/* What was not synced: each piece of it in keep of 8 cases. */
static void apply_some(struct image *image, const struct operation *operation,
                       uint32_t keep, size_t grain, uint32_t *seed)
{
    if (operation->kind != KIND_WRITE) {
        if (draw(seed) % 8 < keep) {
            apply(image, operation);
        }
        return;
    }
    for (size_t from = 0; from < operation->n;) {
        size_t until = from + grain - ((size_t)operation->offset + from) % grain;

        until = until < operation->n ? until : operation->n;
        if (draw(seed) % 8 < keep) {
            put(image, operation, from, until);
        }
        from = until;
    }
}

static void shuffle(size_t *index, size_t n, uint32_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = draw(seed) % i;
        size_t kept = index[i - 1];

        index[i - 1] = index[j];
        index[j] = kept;
    }
}

struct cut {
    const struct disk *disk;
    struct image *image;
    size_t *pending; /* not synced yet */
    size_t n_pending;
    uint32_t keep;
    size_t grain;
    uint32_t *seed;
};

static void settle(struct cut *cut, bool synced)
{
    for (size_t k = 0; k < cut->n_pending; k++) {
        const struct operation *operation = &cut->disk->operation[cut->pending[k]];

        if (synced) {
            apply(cut->image, operation);
        } else {
            apply_some(cut->image, operation, cut->keep, cut->grain, cut->seed);
        }
    }
    cut->n_pending = 0;
}

/* The last name that was deleted is gone for good, with what was written under it. */
static void settle_names(struct cut *cut)
{
    for (size_t k = cut->n_pending; k-- > 0;) {
        if (cut->disk->operation[cut->pending[k]].kind == KIND_DELETE) {
            size_t left = cut->n_pending - k - 1;

            resize(cut->image, 0);
            memmove(cut->pending, cut->pending + k + 1, left * sizeof(*cut->pending));
            cut->n_pending = left;
            return;
        }
    }
}

static void take(struct cut *cut, enum role role, size_t i)
{
    const struct operation *operation = &cut->disk->operation[i];

    if (operation->kind == KIND_FOLDER_SYNC) {
        settle_names(cut);
    } else if (operation->role == role && operation->kind == KIND_SYNC) {
        settle(cut, true);
    } else if (operation->role == role && operation->kind == KIND_FAILED_SYNC) {
        settle(cut, false);
    } else if (operation->role == role) {
        cut->pending[cut->n_pending++] = i;
    }
}

static void cut_file(const struct disk *disk, size_t n, enum role role, uint32_t *seed,
                     struct image *image)
{
    struct cut cut = {.disk = disk, .image = image, .seed = seed};

    cut.pending = checked(calloc(n + 1, sizeof(*cut.pending)));
    cut.keep = draw(seed) % 9;
    cut.grain = draw(seed) % 2 == 0 ? SECTOR : PAGE;
    for (size_t i = 0; i < n; i++) {
        take(&cut, role, i);
    }
    if (draw(seed) % 2 == 0) {
        shuffle(cut.pending, cut.n_pending, seed);
    }
    settle(&cut, false);
    free(cut.pending);
}

void disk_image(const struct disk *disk, size_t n_operations, uint32_t seed,
                const char *path)
{
    static const char *const ends[ROLE_COUNT] = {"", "-wal", "-journal"};

    seed = (seed * 2654435761u) | 1u; /* never 0 */
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct image image = {NULL, 0, 0};
        char name[256];

        cut_file(disk, n_operations, (enum role)role, &seed, &image);
        (void)snprintf(name, sizeof(name), "%s%s", path, ends[role]);
        FILE *file = image.n == 0 ? NULL : checked(fopen(name, "wb"));

        if (file == NULL) {
            (void)remove(name);
        } else if (fwrite(image.bytes, 1, image.n, file) != image.n || fclose(file) != 0) {
            abort();
        }
        free(image.bytes);
    }
}
