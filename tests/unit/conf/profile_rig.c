#include "tests/unit/conf/profile_rig.h"

#include "daemon/conf/profile.h"
#include "drivers/modbus/modbus.h"

static uint16_t image[65536];

void rig_fill(const struct registers *registers)
{
    memset(image, 0, sizeof(image));
    for (; registers->hex != NULL; registers++) {
        uint16_t address = registers->first;

        for (const char *hex = registers->hex; *hex != '\0'; hex += hex[4] == ' ' ? 5 : 4) {
            char word[5] = {hex[0], hex[1], hex[2], hex[3], '\0'};

            image[address++] = (uint16_t)strtoul(word, NULL, 16);
        }
    }
}

struct profile rig_load_path(const char *path)
{
    struct problems problems;
    struct profile profile;
    char text[512];

    problems_init(&problems);
    int err = profile_load(path, &problems, &profile);

    for (size_t i = 0; i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        print_error("%s\n", text);
    }
    assert_int_equal(err, 0);
    problems_done(&problems);
    return profile;
}

struct profile rig_load(const char *id)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "config/profiles/%s.yaml", id);
    return rig_load_path(path);
}

int rig_read(const struct profile *profile, struct sample *sample, int *ret_missing)
{
    const struct driver *driver = modbus_tcp_driver();
    const struct plan_options options = {
        .unit = 1, .groups = EVERYTHING, .gap_registers = 30};
    struct request requests[32];
    uint8_t payload[250];
    int n = driver->plan(profile, &options, requests, 32);

    memset(sample, 0, sizeof(*sample));
    *ret_missing = 0;
    for (int i = 0; i < n; i++) {
        assert_true(requests[i].count <= profile->max_registers);
        for (int k = 0; k < requests[i].count; k++) {
            payload[(ptrdiff_t)2 * k] = (uint8_t)(image[requests[i].address + k] >> 8);
            payload[(ptrdiff_t)2 * k + 1] =
                (uint8_t)(image[requests[i].address + k] & 0xFF);
        }
        *ret_missing += driver->decode(profile, &requests[i], payload,
                                       (size_t)2 * requests[i].count, EVERYTHING, sample);
    }
    return n;
}

static int count_present(const struct sample *sample)
{
    int n = 0;

    for (int q = 0; q < QUANTITY_COUNT; q++) {
        n += sample_has(sample, (enum quantity)q);
    }
    return n;
}

void rig_compare(const struct sample *sample, const char *values)
{
    int n = 0;

    while (*values != '\0') {
        char name[32];
        size_t length = strcspn(values, " ");
        char *end = NULL;

        assert_true(length < sizeof(name));
        memcpy(name, values, length);
        name[length] = '\0';
        int64_t expected = strtoll(values + length, &end, 10);
        enum quantity quantity = quantity_from_name(name);

        assert_true(quantity != QUANTITY_COUNT);
        if (!sample_has(sample, quantity) || sample->value[quantity] != expected) {
            print_error("%s: %lld, expected %lld\n", name,
                        (long long)sample->value[quantity], (long long)expected);
            fail();
        }
        n++;
        values = end + strspn(end, " ");
    }
    assert_int_equal(count_present(sample), n);
}

static void registers_give_the_values(void **state)
{
    const struct vector *vector = *state;
    struct profile profile = rig_load(vector->profile);
    struct sample sample;
    int n_missing = 0;

    rig_fill(vector->registers);
    assert_int_equal(rig_read(&profile, &sample, &n_missing), vector->n_reads);
    rig_compare(&sample, vector->values);
    assert_int_equal(n_missing, vector->n_missing);
    profile_done(&profile);
}

int rig_run(struct vector *vectors, size_t n)
{
    struct CMUnitTest tests[VECTORS_MAX] = {0}; /* cmocka passes over the empty ones */

    if (n > VECTORS_MAX) {
        print_error("%zu vectors, room for %d\n", n, VECTORS_MAX);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        tests[i].name = vectors[i].name != NULL ? vectors[i].name : vectors[i].profile;
        tests[i].test_func = registers_give_the_values;
        tests[i].initial_state = &vectors[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
