/* Reading whole files with a limit, and the folders that method data comes from. */
#ifndef ECMON_CONF_FILES_H
#define ECMON_CONF_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/conf/problems.h"

#define FILE_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of a YAML file */
#define CONF_ETC_DIR   "/etc/ecmon"

/*
 * The whole file, at most max bytes; NUL-terminated beyond n. Returns 0 and *ret_bytes
 * (owned), ERR_IO (cannot be read), ERR_CONFIG (larger than max, or not a file), ERR_NOMEM;
 * a problem is added for each of them.
 */
int file_read(const char *path, size_t max, struct problems *problems, uint8_t **ret_bytes,
              size_t *ret_n);

/* Adds a PROBLEM_CONFIG with line and column where bytes are not plain UTF-8 text: invalid
 * UTF-8, NUL, UTF-16. Returns 0 or ERR_CONFIG. */
int file_check_text(const char *file, const uint8_t *bytes, size_t n,
                    struct problems *problems);

/* path, or folder/path when it is relative. Returns 0, or ERR_RANGE when it does not fit.
 */
int path_absolute(const char *folder, const char *path, char *ret_path, size_t size);

/* Names of a folder that end in suffix, sorted bytewise; a folder that does not exist has
 * none. The caller frees with names_free. Returns 0, ERR_IO, ERR_NOMEM. */
struct names {
    char **name;
    size_t n;
};

int names_of_folder(const char *folder, const char *suffix, struct names *ret_names);
void names_free(struct names *names);

#endif
