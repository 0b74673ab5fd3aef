#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/profile_parts.h"

/* X(name, suffix of quantities, worth in canonical units). */
#define UNIT_LIST(X)                                                                       \
    X("Wh", "_wh", 1)                                                                      \
    X("kWh", "_wh", 1000)                                                                  \
    X("MWh", "_wh", 1000000)                                                               \
    X("varh", "_varh", 1)                                                                  \
    X("kvarh", "_varh", 1000)                                                              \
    X("Mvarh", "_varh", 1000000)                                                           \
    X("W", "_w", 1)                                                                        \
    X("kW", "_w", 1000)                                                                    \
    X("MW", "_w", 1000000)                                                                 \
    X("var", "_var", 1)                                                                    \
    X("kvar", "_var", 1000)                                                                \
    X("Mvar", "_var", 1000000)                                                             \
    X("VA", "_va", 1)                                                                      \
    X("kVA", "_va", 1000)                                                                  \
    X("MVA", "_va", 1000000)                                                               \
    X("mV", "_mv", 1)                                                                      \
    X("V", "_mv", 1000)                                                                    \
    X("kV", "_mv", 1000000)                                                                \
    X("mA", "_ma", 1)                                                                      \
    X("A", "_ma", 1000)                                                                    \
    X("kA", "_ma", 1000000)                                                                \
    X("mHz", "_mhz", 1)                                                                    \
    X("Hz", "_mhz", 1000)                                                                  \
    X("1", "_e3", 1000)                                                                    \
    X("%", "_e3", 10)

static const struct profile_unit units[] = {
#define UNIT_ROW(name, suffix, worth) {name, suffix, {worth, 1}},
    UNIT_LIST(UNIT_ROW)
#undef UNIT_ROW
};

const char *const profile_unit_words[] = {
#define UNIT_WORD(name, suffix, worth) name,
    UNIT_LIST(UNIT_WORD)
#undef UNIT_WORD
        NULL};

const struct profile_unit *profile_unit_at(int index)
{
    return &units[index];
}

bool profile_unit_fits(const struct profile_unit *unit, enum quantity quantity)
{
    const char *suffix = strrchr(quantity_name(quantity), '_');

    return suffix != NULL && strcmp(suffix, unit->suffix) == 0;
}

int energy_text_to_wh(const char *text, struct ratio *ret_wh)
{
    char number[32];
    size_t n = strspn(text, "0123456789./");
    const char *unit = text + n + strspn(text + n, " ");
    struct ratio ratio;

    if (n == 0 || n >= sizeof(number)) {
        return ERR_SYNTAX;
    }
    memcpy(number, text, n);
    number[n] = '\0';
    if (text_to_ratio(number, &ratio) != 0 || ratio.num > INT64_C(1000000000000) ||
        ratio.den > 1000000) {
        return ERR_SYNTAX;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].suffix, "_wh") == 0 && strcmp(units[i].name, unit) == 0) {
            *ret_wh = ratio_mul(ratio, units[i].worth);
            return 0;
        }
    }
    return ERR_SYNTAX;
}
