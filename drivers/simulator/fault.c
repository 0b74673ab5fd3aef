#include "drivers/simulator/fault.h"

#include <string.h>

static const struct {
    const char *name;
    enum fault_class class;
} faults[] = {

#define FAULT_ROW(id, name, class) {name, FAULT_CLASS_##class},
    FAULT_LIST(FAULT_ROW)
#undef FAULT_ROW
};

const char *fault_name(enum fault_kind kind)
{
    return faults[kind].name;
}

enum fault_class fault_class(enum fault_kind kind)
{
    return faults[kind].class;
}

enum fault_kind fault_from_name(const char *name)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(faults[i].name, name) == 0) {
            return (enum fault_kind)i;
        }
    }
    return FAULT_COUNT;
}
