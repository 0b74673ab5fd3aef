/* Prints the reference of every configuration key, or (reference profiles) of every key of
 * a meter profile, for tests/check_docs.sh: the documents must say what the program says.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/conf/conf.h"
#include "daemon/conf/profile.h"

int main(int argc, char **argv)
{
    struct text_buffer reference = {0};

    if (argc > 1 && strcmp(argv[1], "profiles") == 0) {
        profile_document(&reference);
    } else {
        conf_document(&reference);
    }
    int failed = reference.err != 0 || fputs(reference.text, stdout) == EOF;

    text_buffer_done(&reference);
    return failed;
}
