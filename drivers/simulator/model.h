/* Room-internal: what a simulated meter shows at an instant. */
#ifndef ECMON_SIMULATOR_MODEL_H
#define ECMON_SIMULATOR_MODEL_H

#include "drivers/simulator/image.h"
#include "drivers/simulator/simulator.h"

/* Fills QUANTITY_COUNT values from the load: energy by integration, a plausible grid for
 * the rest. integral belongs to the meter. */
void model_values(const struct simulated_meter *meter, struct load_integral *integral,
                  int64_t wall_ms, const struct zone *zone,
                  struct image_value ret_values[QUANTITY_COUNT]);

#endif
