#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/store/state.h"

#define PIECE_BYTES 65536
#define NAME_ZEROS  8 /* SQLite wants more than one behind a name */

static int write_again(sqlite3_file *file, unsigned char *piece)
{
    sqlite3_int64 size = 0;
    int code = file->pMethods->xFileSize(file, &size);

    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += PIECE_BYTES) {
        int n = size - at < PIECE_BYTES ? (int)(size - at) : PIECE_BYTES;

        code = file->pMethods->xRead(file, piece, n, at);
        if (code == SQLITE_OK) {
            code = file->pMethods->xWrite(file, piece, n, at);
        }
    }
    return code == SQLITE_OK ? file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) : code;
}

static int with_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                     unsigned char *piece)
{
    int exists = 0;
    int code = vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &exists);

    if (code != SQLITE_OK || exists == 0) {
        return code;
    }
    code = vfs->xOpen(vfs, name, file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, NULL);
    if (code == SQLITE_OK) {
        code = write_again(file, piece);
    }
    if (file->pMethods != NULL) {
        (void)file->pMethods->xClose(file);
    }
    return code;
}

int wal_write_again(const char *store_path)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    size_t n = strlen(store_path);
    char *name = calloc(1, n + sizeof("-wal") + NAME_ZEROS);
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    unsigned char *piece = malloc(PIECE_BYTES);
    int err = ERR_NOMEM;

    if (name != NULL && file != NULL && piece != NULL) {
        memcpy(name, store_path, n);
        memcpy(name + n, "-wal", sizeof("-wal"));
        err = with_file(vfs, name, file, piece) == SQLITE_OK ? 0 : ERR_IO;
    }
    free(name);
    free(file);
    free(piece);
    return err;
}
