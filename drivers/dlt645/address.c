#include <stdio.h>
#include <string.h>

#include <ecmon/err.h>

#include "drivers/dlt645/dlt645.h"
#include "drivers/dlt645/frame.h"

#define DIGITS (2 * (size_t)METER_ADDRESS_LEN)

static int pair_of(char high, char low, uint8_t *ret_byte)
{
    bool is_any = (high == 'A' || high == 'a') && (low == 'A' || low == 'a');
    bool is_number = high >= '0' && high <= '9' && low >= '0' && low <= '9';

    if (!is_any && !is_number) {
        return ERR_SYNTAX;
    }
    *ret_byte = is_any ? FRAME_WILDCARD : (uint8_t)((high - '0') << 4 | (low - '0'));
    return 0;
}

int dlt645_address_of_text(const char *text, uint8_t ret_address[METER_ADDRESS_LEN])
{
    char digits[DIGITS];
    uint8_t address[METER_ADDRESS_LEN];
    size_t n = strlen(text);

    if (n < 1 || n > DIGITS) {
        return ERR_SYNTAX;
    }
    memset(digits, '0', DIGITS);
    memcpy(digits + DIGITS - n, text, n);
    if (memcmp(digits, "999999999999", DIGITS) == 0) {
        return ERR_RANGE;
    }
    for (size_t i = 0; i < METER_ADDRESS_LEN; i++) {
        const char *pair = digits + DIGITS - 2 - 2 * i;
        int err = pair_of(pair[0], pair[1], &address[i]);

        if (err != 0) {
            return err;
        }
    }
    memcpy(ret_address, address, sizeof(address));
    return 0;
}

void dlt645_address_text(const uint8_t address[METER_ADDRESS_LEN], char *ret_text)
{
    (void)snprintf(ret_text, DLT645_ADDRESS_TEXT_LEN, "%02X%02X%02X%02X%02X%02X",
                   address[5], address[4], address[3], address[2], address[1], address[0]);
}

struct request dlt645_who_is_there(void)
{
    struct request request = {.function = FUNCTION_READ_ADDRESS,
                              .count = METER_ADDRESS_LEN,
                              .edition = PROFILE_DLT645_2007};

    memset(request.meter_address, FRAME_WILDCARD, METER_ADDRESS_LEN);
    return request;
}

void dlt645_error_text(uint8_t error, char *ret_text)
{
    static const char *const reasons[8] = {"other error",         "no such data",
                                           "not authorised",      "baud rate is fixed",
                                           "too many year zones", "too many day slots",
                                           "too many tariffs",    "reserved bit"};
    size_t n = 0;

    ret_text[0] = '\0';
    for (size_t bit = 0; bit < 8; bit++) {
        if ((error >> bit & 1) != 0 && n < DLT645_ERROR_TEXT_LEN) {
            n += (size_t)snprintf(ret_text + n, DLT645_ERROR_TEXT_LEN - n, "%s%s",
                                  n == 0 ? "" : ", ", reasons[bit]);
        }
    }
    if (error == 0) {
        (void)snprintf(ret_text, DLT645_ERROR_TEXT_LEN, "no reason given");
    }
}
