/* Runs a fuzz target once over each file named: the corpus as a plain test. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t cap = 1 << 20;
    uint8_t *bytes = malloc(cap);

    if (bytes == NULL) {
        (void)fclose(file);
        return 1;
    }
    size_t n = fread(bytes, 1, cap, file);

    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        failed |= replay(argv[i]);
    }
    (void)printf("%d inputs\n", argc - 1);
    return failed;
}
