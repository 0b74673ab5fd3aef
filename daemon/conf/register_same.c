/* Are two versions of the register the same? */
#include <string.h>

#include "daemon/conf/register.h"

#define SAME_TEXT(field) (strcmp(a->field, b->field) == 0)

bool enterprise_same(const struct enterprise *a, const struct enterprise *b)
{
    return SAME_TEXT(id) && SAME_TEXT(name) && SAME_TEXT(short_name) && SAME_TEXT(uscc) &&
           a->size_class == b->size_class && SAME_TEXT(industry) && SAME_TEXT(region) &&
           SAME_TEXT(town) && SAME_TEXT(park) && a->voltage_v == b->voltage_v &&
           a->area_mu_e4 == b->area_mu_e4 && SAME_TEXT(land_kind) && SAME_TEXT(env_class) &&
           a->green_stars == b->green_stars && SAME_TEXT(energy_class) &&
           SAME_TEXT(price_class) && a->commissioning_until == b->commissioning_until &&
           a->since == b->since && a->until == b->until;
}

static bool ratio_same(struct ratio a, struct ratio b)
{
    return a.num == b.num && a.den == b.den;
}

static bool intervals_same(const struct meter *a, const struct meter *b)
{
    for (int i = 0; i < QUANTITY_GROUP_COUNT; i++) {
        if (a->interval_s[i] != b->interval_s[i]) {
            return false;
        }
    }
    return true;
}

bool meter_same(const struct meter *a, const struct meter *b)
{
    return SAME_TEXT(id) && SAME_TEXT(enterprise) && SAME_TEXT(parent) &&
           SAME_TEXT(account) && SAME_TEXT(name) && SAME_TEXT(serial) &&
           SAME_TEXT(endpoint) && SAME_TEXT(address) && SAME_TEXT(profile) &&
           SAME_TEXT(site) && ratio_same(a->pt, b->pt) && ratio_same(a->ct, b->ct) &&
           ratio_same(a->register_wh, b->register_wh) &&
           a->register_range == b->register_range && a->initial == b->initial &&
           a->previous_final == b->previous_final && a->role == b->role &&
           a->loss_bp == b->loss_bp && a->rated_w == b->rated_w && intervals_same(a, b) &&
           a->since_ms == b->since_ms && a->until_ms == b->until_ms;
}

bool member_same(const struct list_member *a, const struct list_member *b)
{
    return SAME_TEXT(list) && SAME_TEXT(enterprise) && SAME_TEXT(role) && SAME_TEXT(note) &&
           a->since == b->since && a->until == b->until;
}

bool group_name_same(const struct group_name *a, const struct group_name *b)
{
    return SAME_TEXT(kind) && SAME_TEXT(id) && SAME_TEXT(name) && SAME_TEXT(name_en) &&
           SAME_TEXT(parent);
}
