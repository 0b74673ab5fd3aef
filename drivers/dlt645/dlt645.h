/*
 * The DL/T 645 driver (多功能电能表通信协议): DL/T 645-2007, and DL/T 645-1997 where the
 * profile says so. Sans-I/O and stateless. Knows the reading functions only: 11 read, 12
 * follow-up frame, 13 read address; of 1997 01 read. Nothing in it can change a meter.
 */
#ifndef ECMON_DRIVERS_DLT645_DLT645_H
#define ECMON_DRIVERS_DLT645_DLT645_H

#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

#define DLT645_ADDRESS_TEXT_LEN (2 * METER_ADDRESS_LEN + 1)
#define DLT645_ERROR_TEXT_LEN   160

/* On a serial line (scheme "dlt645") and through a transparent serial server (scheme
 * "dlt645+tcp"); they differ in the scheme only. Borrowed, valid for ever. */
const struct driver *dlt645_driver(void);
const struct driver *dlt645_tcp_driver(void);

/*
 * "201000000012" -> 12 00 00 00 10 20. 1 to 12 digits, missing ones in front are 0; a pair
 * AA stands for any two digits (only on a line with one meter: two would answer at once).
 * Returns 0, ERR_SYNTAX, or ERR_RANGE for 999999999999, which no meter answers.
 */
int dlt645_address_of_text(const char *text, uint8_t ret_address[METER_ADDRESS_LEN]);
/* ret_text holds DLT645_ADDRESS_TEXT_LEN bytes. */
void dlt645_address_text(const uint8_t address[METER_ADDRESS_LEN], char *ret_text);

/* "Who is there?" (13, address AA…AA) of the 2007 edition: the payload of the reply is the
 * address (+33H), feed_result.meter_address too. Only on a line with one meter. */
struct request dlt645_who_is_there(void);

/* The error byte of a FEED_EXCEPTION in words, "no such data, not authorised". ret_text
 * holds DLT645_ERROR_TEXT_LEN bytes. */
void dlt645_error_text(uint8_t error, char *ret_text);
#define DLT645_ERROR_NO_DATA 0x02 /* the bit of "no such data" */

#endif
