/*
 * The image of a simulated meter: puts values into registers, and behind DL/T 645 data
 * identifiers, as a profile describes them. Written from the formats alone, without the
 * driver: a second opinion.
 */
#ifndef ECMON_SIMULATOR_IMAGE_H
#define ECMON_SIMULATOR_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/profile.h>

/* How a floating register says that it has no value. */
#define IMAGE_INFINITE 100
#define IMAGE_DENORMAL 101

/*
 * A value in register units (energies) or canonical units on the meter's side. Without has
 * the meter shows nothing for it: NaN for floats, a missing code, else 0; DL/T 645: FF.
 * Then value says which: the number of the missing code, or one of the above.
 */
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

/* The bytes behind a data identifier as they are before + 33H; ret_bytes holds
 * PROFILE_DATA_MAX. Returns their number, 0 when the profile does not know it. */
size_t image_data(const struct profile *profile, const struct image_value *values,
                  uint32_t id, uint8_t *ret_bytes);

#endif
