/* Bytes as ecmond.yaml: any outcome, no crash, and never success together with an error. */
#include <stdint.h>
#include <stdlib.h>

#include "daemon/conf/conf.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct problems problems;
    struct conf *conf = NULL;

    problems_init(&problems);
    int err = conf_parse_bytes("fuzz.yaml", bytes, n, &problems, &conf);

    if ((err == 0) != (conf != NULL) || (err == 0 && problems_has_errors(&problems))) {
        abort();
    }
    conf_free(conf);
    problems_done(&problems);
    return 0;
}
