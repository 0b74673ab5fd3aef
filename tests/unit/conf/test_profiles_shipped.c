/* Every shipped Modbus profile: what its head says, that it is sound, that it can be read.
 */
#include "daemon/conf/profile.h"
#include "drivers/modbus/modbus.h"
#include "tests/unit/conf/profile_rig.h"

#define READS_MAX 64

/* A profile's head, as documents and comments of its file say. */
struct head {
    const char *id;
    bool primary_side;
    uint8_t function; /* of every point */
    uint16_t max_registers;
    struct ratio register_wh;
    int64_t register_range; /* 0: no source says it */
    int n_points;
};

static const struct head heads[] = {
    {"abb-a43", true, 3, 125, {10, 1}, 0, 22},
    {"abb-b23", true, 3, 125, {10, 1}, 0, 22},
    {"acrel-adl3000", false, 3, 50, {10, 1}, 0, 18},
    {"acrel-adl400", false, 3, 50, {10, 1}, 0, 18},
    {"acrel-adw300", true, 3, 50, {10, 1}, 0, 12},
    {"carlo-gavazzi-em24-e1", true, 4, 20, {100, 1}, 0, 22},
    {"carlo-gavazzi-em24", true, 4, 20, {100, 1}, 0, 16},
    {"carlo-gavazzi-em340", true, 3, 50, {100, 1}, 0, 22},
    {"chint-ddsu666", false, 3, 50, {10, 1}, 0, 8},
    {"chint-dtsu666-old", false, 3, 50, {10, 1}, 0, 20},
    {"chint-dtsu666", false, 3, 50, {10, 1}, 0, 18},
    {"eastron-sdm120", true, 4, 50, {1, 1}, 0, 12},
    {"eastron-sdm220", true, 4, 50, {1, 1}, 0, 11},
    {"eastron-sdm230", true, 4, 50, {1, 1}, 0, 11},
    {"eastron-sdm630", true, 4, 50, {1, 1}, 0, 23},
    {"eastron-sdm72", true, 4, 50, {1, 1}, 0, 3},
    {"eastron-sdm72v2", true, 4, 50, {1, 1}, 0, 16},
    {"inepro-pro380", true, 3, 50, {1, 1}, 0, 18},
    {"janitza-b23", true, 3, 50, {1, 1}, 0, 13},
    {"janitza-umg604", true, 3, 50, {1, 1}, 0, 14},
    {"janitza-umg96rm", true, 3, 50, {1, 1}, 0, 18},
    {"phoenix-contact-eem", true, 3, 50, {1, 1}, 0, 13},
    {"schneider-iem3150", true, 3, 125, {1, 1}, 0, 18},
    {"schneider-iem3155", true, 3, 125, {1, 1}, 0, 21},
    {"schneider-pm2230", true, 3, 125, {1, 1}, 0, 22},
    {"schneider-pm5100", true, 3, 125, {1, 1}, 0, 22},
    {"siemens-pac1600", true, 3, 30, {1, 1}, INT64_C(4294967296), 19},
    {"siemens-pac2200", true, 3, 50, {1, 1}, INT64_C(1000000000000), 20},
    {"siemens-pac3100", true, 3, 50, {1, 1}, INT64_C(1000000000000), 18},
    {"siemens-pac3200", true, 3, 125, {1, 1}, INT64_C(1000000000000), 22},
    {"siemens-pac4200", true, 3, 125, {1, 1}, INT64_C(1000000000000), 22},
    {"socomec-countis-e14", true, 3, 50, {10, 1}, 0, 10},
    {"socomec-countis-e24", true, 3, 50, {10, 1}, 0, 21},
    {"socomec-countis-e34", true, 3, 50, {10, 1}, 0, 21},
    {"socomec-diris-a10", true, 3, 50, {1000, 1}, 0, 20},
    {"socomec-diris-a14", true, 3, 50, {10, 1}, 0, 21},
    {"socomec-diris-b30", true, 3, 56, {1, 10}, 0, 15},
    {"tq-em300", true, 3, 50, {1, 10}, 0, 14},
    {"wago-879-3000", true, 3, 50, {1, 1}, 0, 16},
};

static struct profiles shipped;

static int load_shipped(void **state)
{
    struct conf conf = {.folder = "/nowhere"};
    struct problems problems;

    (void)state;
    /* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    if (setenv("ECMON_SHARE_DIR", "config", 1) != 0) {
        return -1;
    }
    problems_init(&problems);
    int err = profiles_load(&conf, &problems, &shipped);

    problems_done(&problems);
    return err;
}

static int free_shipped(void **state)
{
    (void)state;
    profiles_done(&shipped);
    return 0;
}

static void every_head_is_as_documented(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        const struct head *head = &heads[i];
        const struct profile *profile = profiles_find(&shipped, head->id);

        if (profile == NULL) {
            fail_msg("%s is not shipped", head->id);
            return;
        }
        assert_int_equal(profile->primary_side, head->primary_side);
        assert_int_equal(profile->max_registers, head->max_registers);
        assert_int_equal(profile->register_wh.num, head->register_wh.num);
        assert_int_equal(profile->register_wh.den, head->register_wh.den);
        assert_int_equal(profile->register_range, head->register_range);
        assert_int_equal(profile->n_points, head->n_points);
        for (int k = 0; k < profile->n_points; k++) {
            assert_int_equal(profile->point[k].function, head->function);
        }
    }
}

static void every_modbus_profile_has_a_head_here(void **state)
{
    (void)state;
    for (int i = 0; i < shipped.n; i++) {
        const struct profile *profile = &shipped.profile[i];
        bool is_known = profile->protocol != PROFILE_MODBUS;

        for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
            is_known = is_known || strcmp(heads[k].id, profile->id) == 0;
        }
        if (!is_known) {
            fail_msg("%s has no row in this test", profile->id);
        }
    }
}

static void every_value_has_a_source_and_stands_once(void **state)
{
    (void)state;
    for (int i = 0; i < shipped.n; i++) {
        const struct profile *profile = &shipped.profile[i];
        uint32_t seen = 0;

        assert_true(profile->source[0] != '\0');
        assert_true(strchr(profile->id, '-') != NULL); /* maker-model */
        for (int k = 0; k < profile->n_points; k++) {
            uint32_t bit = UINT32_C(1) << profile->point[k].quantity;

            assert_true(strlen(profile->point[k].source) > 10);
            assert_int_equal(seen & bit, 0);
            seen |= bit;
        }
        /* A meter that counts nothing is of no use. */
        assert_true((seen & UINT32_C(1) << QUANTITY_ENERGY_IMPORT_WH) != 0);
    }
}

static bool is_inside(const struct request *request, const struct profile_part *part)
{
    return part->address >= request->address &&
           part->address + register_type_words(part->type) <=
               request->address + request->count;
}

/* Both parts of a value lie whole in one and the same read. */
static void assert_is_read(const struct profile_point *point,
                           const struct request *requests, int n)
{
    for (int i = 0; i < n; i++) {
        bool is_whole = requests[i].function == point->function;

        for (int k = 0; k < point->n_parts; k++) {
            is_whole = is_whole && is_inside(&requests[i], &point->part[k]);
        }
        if (is_whole) {
            return;
        }
    }
    fail_msg("%s lies in no read", quantity_name(point->quantity));
}

static void assert_keeps_apart(const struct profile *profile, const struct request *request)
{
    uint32_t last = (uint32_t)request->address + request->count - 1;

    for (int i = 0; i < profile->n_no_merge; i++) {
        const struct profile_span *span = &profile->no_merge[i];
        bool touches = request->address <= span->last && last >= span->first;

        if (touches && (request->address < span->first || last > span->last)) {
            fail_msg("%s: a read crosses no_merge %u-%u", profile->id,
                     (unsigned)span->first, (unsigned)span->last);
        }
    }
}

static void assert_plans(const struct profile *profile, uint32_t gap_registers,
                         uint16_t max_registers)
{
    const struct plan_options options = {.unit = 1,
                                         .max_registers = max_registers,
                                         .groups = EVERYTHING,
                                         .gap_registers = gap_registers};
    struct request requests[READS_MAX];
    int n = modbus_tcp_driver()->plan(profile, &options, requests, READS_MAX);

    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        assert_true(requests[i].count <= profile->max_registers);
        assert_true(max_registers == 0 || requests[i].count <= max_registers);
        assert_keeps_apart(profile, &requests[i]);
    }
    for (int k = 0; k < profile->n_points; k++) {
        assert_is_read(&profile->point[k], requests, n);
    }
}

static void every_plan_keeps_the_limits_and_reads_every_value(void **state)
{
    static const uint32_t gaps[] = {0, 8, 30, 125};

    (void)state;
    for (int i = 0; i < shipped.n; i++) {
        if (shipped.profile[i].protocol != PROFILE_MODBUS) {
            continue;
        }
        for (size_t k = 0; k < sizeof(gaps) / sizeof(gaps[0]); k++) {
            assert_plans(&shipped.profile[i], gaps[k], 0);
            assert_plans(&shipped.profile[i], gaps[k], 28); /* a small gateway's */
        }
    }
}

static void the_example_of_the_document_is_a_profile(void **state)
{
    static char text[65536];
    FILE *file = fopen("docs/profiles.md", "r");
    struct problems problems;
    struct profile profile;

    (void)state;
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof(text) - 1, file);

    (void)fclose(file);
    text[n] = '\0';
    char *first = strstr(text, "```yaml\n");

    assert_non_null(first);
    first += strlen("```yaml\n");
    char *end = strstr(first, "```");

    assert_non_null(end);
    problems_init(&problems);
    assert_int_equal(
        profile_parse_bytes("x-y.yaml", first, (size_t)(end - first), &problems, &profile),
        0);
    assert_int_equal(profile.n_points, 5);
    assert_int_equal(profile.register_range, 100000000); /* 10^6 kWh in 0.01 kWh */
    profile_done(&profile);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_head_is_as_documented),
        cmocka_unit_test(every_modbus_profile_has_a_head_here),
        cmocka_unit_test(every_value_has_a_source_and_stands_once),
        cmocka_unit_test(every_plan_keeps_the_limits_and_reads_every_value),
        cmocka_unit_test(the_example_of_the_document_is_a_profile),
    };

    return cmocka_run_group_tests(tests, load_shipped, free_shipped);
}
