/* The names of the words in include/ecmon, from their lists. */
#include <stddef.h>
#include <string.h>

#include <ecmon/enterprise.h>
#include <ecmon/interval.h>
#include <ecmon/meter.h>
#include <ecmon/quantity.h>
#include <ecmon/sample.h>

#define NAME_OF(id, name)                       name,
#define QUANTITY_NAME_OF(id, name, kind, group) name,

static const char *const quantity_names[] = {QUANTITY_LIST(QUANTITY_NAME_OF)};
static const char *const status_names[] = {SLOT_STATUS_LIST(NAME_OF)};
static const char *const role_names[] = {METER_ROLE_LIST(NAME_OF)};
static const char *const quality_names[] = {QUALITY_LIST(NAME_OF)};

#define QUANTITY_KIND_OF(id, name, kind, group)  QUANTITY_KIND_##kind,
#define QUANTITY_GROUP_OF(id, name, kind, group) QUANTITY_GROUP_##group,

static const enum quantity_kind quantity_kinds[] = {QUANTITY_LIST(QUANTITY_KIND_OF)};

static const enum quantity_group quantity_groups[] = {QUANTITY_LIST(QUANTITY_GROUP_OF)};

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return n;
}

const char *quantity_name(enum quantity quantity)
{
    return quantity < QUANTITY_COUNT ? quantity_names[quantity] : "";
}

enum quantity_kind quantity_kind(enum quantity quantity)
{
    return quantity < QUANTITY_COUNT ? quantity_kinds[quantity] : QUANTITY_KIND_PLAIN;
}

enum quantity_group quantity_group(enum quantity quantity)
{
    return quantity < QUANTITY_COUNT ? quantity_groups[quantity] : QUANTITY_GROUP_ENERGY;
}

enum quantity quantity_from_name(const char *name)
{
    return (enum quantity)find(quantity_names, QUANTITY_COUNT, name);
}

const char *slot_status_name(enum slot_status status)
{
    return status < SLOT_STATUS_COUNT ? status_names[status] : "";
}

const char *meter_role_name(enum meter_role role)
{
    return role < METER_ROLE_COUNT ? role_names[role] : "";
}

enum meter_role meter_role_from_name(const char *name)
{
    return (enum meter_role)find(role_names, METER_ROLE_COUNT, name);
}

const char *quality_name(enum quality quality)
{
    return quality < QUALITY_COUNT ? quality_names[quality] : "";
}

const char *size_class_name(enum size_class size_class)
{
    switch (size_class) {
    case SIZE_CLASS_ABOVE:
        return "above";
    case SIZE_CLASS_BELOW:
        return "below";
    case SIZE_CLASS_UNKNOWN:
    default:
        return "unknown";
    }
}
