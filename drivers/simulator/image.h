/*
 * The register image of a simulated meter: puts values into registers as a profile
 * describes them. Written from the register formats alone, without the driver: a second
 * opinion.
 */
#ifndef ECMON_SIMULATOR_IMAGE_H
#define ECMON_SIMULATOR_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/profile.h>

/* A value in register units (energies) or canonical units on the meter's side. has 0: the
 * meter shows nothing for it (NaN for floats, the first missing code, else 0). */
struct image_value {
    int64_t value;
    bool has;
};

/*
 * Fills `count` big-endian registers from `address` on, for one reading function. Registers
 * that hold no value of the profile read 0. Returns false when the span leaves the
 * profile's map.
 */
bool image_read(const struct profile *profile, const struct image_value *values,
                uint8_t function, uint16_t address, uint16_t count, uint8_t *ret_bytes);

#endif
