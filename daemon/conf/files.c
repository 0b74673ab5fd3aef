#include "daemon/conf/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/conf/conf.h"
#include "daemon/core/text.h"

/* strerror is not for threads, and strerror_r comes in two kinds: the few that happen here.
 */
static const char *reason_of(int error)
{
    switch (error) {
    case ENOENT:
        return "no such file";
    case EACCES:
        return "permission denied";
    case ENOTDIR:
        return "a part of the path is not a folder";
    case EISDIR:
        return "is a folder";
    case ELOOP:
        return "too many symbolic links";
    default:
        return "cannot be read";
    }
}

static int read_all(int fd, size_t max, uint8_t **ret_bytes, size_t *ret_n)
{
    size_t cap = 16384;
    size_t n = 0;
    uint8_t *bytes = malloc(cap);

    while (bytes != NULL) {
        ssize_t got = read(fd, bytes + n, cap - n - 1);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || n > max) {
            free(bytes);
            return got < 0 ? ERR_IO : ERR_CONFIG;
        }
        if (got == 0) {
            bytes[n] = '\0';
            *ret_bytes = bytes;
            *ret_n = n;
            return 0;
        }
        n += (size_t)got;
        if (n + 1 >= cap) {
            uint8_t *grown = realloc(bytes, cap * 2);

            if (grown == NULL) {
                free(bytes);
            }
            bytes = grown;
            cap *= 2;
        }
    }
    return ERR_NOMEM;
}

int file_read(const char *path, size_t max, struct problems *problems, uint8_t **ret_bytes,
              size_t *ret_n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        problems_add(problems, PROBLEM_IO, path, 0, 0, "%s", reason_of(errno));
        return ERR_IO;
    }
    int err = read_all(fd, max, ret_bytes, ret_n);

    if (err == ERR_IO) {
        problems_add(problems, PROBLEM_IO, path, 0, 0, "%s", reason_of(errno));
    } else if (err == ERR_CONFIG) {
        problems_add(problems, PROBLEM_CONFIG, path, 0, 0,
                     "larger than %zu KiB: too much for this kind of file", max / 1024);
    }
    (void)close(fd);
    return err;
}

/* Bytes of the UTF-8 character at the start, 0 = none. */
static size_t character_bytes(const uint8_t *bytes, size_t n)
{
    for (size_t len = 1; len <= 4 && len <= n; len++) {
        if (text_is_utf8((const char *)bytes, len)) {
            return len;
        }
    }
    return 0;
}

int file_check_text(const char *file, const uint8_t *bytes, size_t n,
                    struct problems *problems)
{
    if (n >= 2 &&
        (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0)) {
        problems_add(problems, PROBLEM_CONFIG, file, 1, 1,
                     "the file is UTF-16: save it as UTF-8");
        return ERR_CONFIG;
    }
    long line = 1;
    int column = 1;

    for (size_t i = n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; i < n;) {
        size_t len = bytes[i] == '\0' ? 0 : character_bytes(bytes + i, n - i);

        if (len == 0) {
            problems_add(problems, PROBLEM_CONFIG, file, line, column,
                         bytes[i] == '\0'
                             ? "a NUL byte (0x%02X): not a text file"
                             : "byte 0x%02X is not UTF-8: save the file as UTF-8",
                         bytes[i]);
            return ERR_CONFIG;
        }
        column = bytes[i] == '\n' ? 1 : column + 1;
        line += bytes[i] == '\n';
        i += len;
    }
    return 0;
}

int path_absolute(const char *folder, const char *path, char *ret_path, size_t size)
{
    bool keep = path[0] == '/' || folder[0] == '\0';
    const char *slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/' ? "" : "/";
    size_t n = strlen(path) + (keep ? 0 : strlen(folder) + strlen(slash));

    if (n >= size) {
        return ERR_RANGE;
    }
    (void)snprintf(ret_path, size, "%s%s%s", keep ? "" : folder, keep ? "" : slash, path);
    return 0;
}

void names_free(struct names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        free(names->name[i]);
    }
    free(names->name);
    *names = (struct names){0};
}

static int by_name(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;

    return strcmp(*left, *right);
}

/* Hidden files are editors' leavings, not configuration. */
static bool is_wanted(const char *name, const char *suffix)
{
    size_t n = strlen(name);
    size_t suffix_n = strlen(suffix);

    return name[0] != '.' && n > suffix_n && strcmp(name + n - suffix_n, suffix) == 0;
}

static int names_add(struct names *names, const char *name)
{
    char **grown = realloc(names->name, (names->n + 1) * sizeof(char *));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    names->name = grown;
    names->name[names->n] = strdup(name);
    if (names->name[names->n] == NULL) {
        return ERR_NOMEM;
    }
    names->n++;
    return 0;
}

static struct dirent *next_entry(DIR *dir)
{
    /* The stream is ours alone. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    return readdir(dir);
}

int names_of_folder(const char *folder, const char *suffix, struct names *ret_names)
{
    struct names names = {0};
    DIR *dir = opendir(folder);
    int err = 0;

    if (dir == NULL) {
        if (errno == ENOENT || errno == ENOTDIR) {
            *ret_names = names;
            return 0;
        }
        return ERR_IO;
    }
    for (struct dirent *entry = next_entry(dir); entry != NULL && err == 0;
         entry = next_entry(dir)) {
        if (is_wanted(entry->d_name, suffix)) {
            err = names_add(&names, entry->d_name);
        }
    }
    (void)closedir(dir);
    if (err != 0) {
        names_free(&names);
        return err;
    }
    if (names.n > 0) {
        qsort(names.name, names.n, sizeof(*names.name), by_name);
    }
    *ret_names = names;
    return 0;
}

/* The folders of one kind of method data, the winning one first. */
#define TREE_DEPTH     5 /* build/<preset>/bin/program: how far up its tree may be */
#define SEARCH_FOLDERS 3
#define FILE_NAME_MAX  255 /* of Linux */

/*
 * The shared folder: where the environment says; else, for a program that runs from a build
 * tree, the config/ of that tree; else where it was installed to.
 */
static void shared_folder(char ret_folder[CONF_PATH_LEN])
{
    /* Nothing in these programs changes the environment once threads run. */
    const char *named = getenv("ECMON_SHARE_DIR"); /* NOLINT(concurrency-mt-unsafe) */
    char path[CONF_PATH_LEN];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/config/profiles"));

    if (named != NULL && named[0] != '\0') {
        (void)text_copy(ret_folder, CONF_PATH_LEN, named);
        return;
    }
    path[n > 0 ? n : 0] = '\0';
    for (int up = 0; up < TREE_DEPTH; up++) {
        char *slash = strrchr(path, '/');

        if (slash == NULL) {
            break;
        }
        memcpy(slash, "/config/profiles", sizeof("/config/profiles"));
        if (access(path, R_OK) == 0) {
            slash[sizeof("/config") - 1] = '\0';
            (void)text_copy(ret_folder, CONF_PATH_LEN, path);
            return;
        }
        *slash = '\0';
    }
    (void)text_copy(ret_folder, CONF_PATH_LEN, ECMON_SHARE_DIR);
}

static void search_folders(const struct conf *conf, const char *kind,
                           char ret_folder[SEARCH_FOLDERS][CONF_PATH_LEN])
{
    char shared[CONF_PATH_LEN];
    const char *base[SEARCH_FOLDERS] = {conf == NULL ? "" : conf->folder, CONF_ETC_DIR,
                                        shared};

    shared_folder(shared);
    for (int i = 0; i < SEARCH_FOLDERS; i++) {
        ret_folder[i][0] = '\0';
        if (base[i][0] != '\0' &&
            path_absolute(base[i], kind, ret_folder[i], CONF_PATH_LEN) != 0) {
            ret_folder[i][0] = '\0';
        }
    }
}

struct found {
    const char *folder;
    const char *name;
    int rank;
};

static int by_name_and_rank(const void *a, const void *b)
{
    const struct found *left = a;
    const struct found *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : left->rank - right->rank;
}

static int call_each(struct found *found, size_t n,
                     int (*fn)(void *ctx, const char *path, const char *name), void *ctx)
{
    char path[CONF_PATH_LEN + FILE_NAME_MAX + 2];
    int err = 0;

    qsort(found, n, sizeof(*found), by_name_and_rank);
    for (size_t i = 0; i < n && err == 0; i++) {
        if (i > 0 && strcmp(found[i].name, found[i - 1].name) == 0) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", found[i].folder, found[i].name);
        err = fn(ctx, path, found[i].name);
    }
    return err;
}

int conf_each_file(const struct conf *conf, const char *kind, const char *suffix,
                   int (*fn)(void *ctx, const char *path, const char *name), void *ctx)
{
    char folder[SEARCH_FOLDERS][CONF_PATH_LEN];
    struct names names[SEARCH_FOLDERS] = {{0}};
    struct found *found = NULL;
    size_t n = 0;
    int err = 0;

    search_folders(conf, kind, folder);
    for (int i = 0; i < SEARCH_FOLDERS && err == 0; i++) {
        err = folder[i][0] == '\0' ? 0 : names_of_folder(folder[i], suffix, &names[i]);
        n += names[i].n;
    }
    if (err == 0 && n > 0) {
        found = calloc(n, sizeof(*found));
        err = found == NULL ? ERR_NOMEM : 0;
    }
    if (found != NULL) {
        size_t next = 0;

        for (int i = 0; i < SEARCH_FOLDERS; i++) {
            for (size_t k = 0; k < names[i].n; k++) {
                found[next++] = (struct found){folder[i], names[i].name[k], i};
            }
        }
        err = call_each(found, n, fn, ctx);
    }
    free(found);
    for (int i = 0; i < SEARCH_FOLDERS; i++) {
        names_free(&names[i]);
    }
    return err;
}
