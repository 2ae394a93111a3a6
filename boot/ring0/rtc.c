/* SPDX-License-Identifier: Apache-2.0
 *
 * MC146818 and its descendants. Called by clock.c. Source: Motorola MC146818A data sheet.
 */
#include <stdbool.h>
#include "rtc.h"
#include "cpu.h"

enum {
	CMOS_INDEX = 0x70,
	CMOS_DATA = 0x71,
	SECONDS = 0,
	MINUTES = 2,
	HOURS = 4,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	STATUS_A = 10,
	STATUS_A_UPDATING = 1 << 7,
	STATUS_B = 11,
	STATUS_B_24_HOURS = 1 << 1,
	STATUS_B_BINARY = 1 << 2,
	HOUR_PM = 1 << 7,
	PATIENCE = 10000,
	TRIES = 4,
};

static uint8_t cmos(uint8_t index)
{
	out8(CMOS_INDEX, index);
	return in8(CMOS_DATA);
}

static unsigned int field(uint8_t value, uint8_t status)
{
	return status & STATUS_B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

static unsigned int hour(uint8_t value, uint8_t status)
{
	if (status & STATUS_B_24_HOURS)
		return field(value, status);
	return field(value & ~HOUR_PM, status) % 12 + (value & HOUR_PM ? 12 : 0);
}

/* Days from 1970-01-01 to a day of 2000 .. 2099, where each fourth year is a leap year. */
static uint64_t days(unsigned int year, unsigned int month, unsigned int day)
{
	static const uint16_t before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	unsigned int since_2000 = year * 365 + (year + 3) / 4 + before_month[month - 1] + day - 1;

	return 10957 + since_2000 + (year % 4 == 0 && month > 2);
}

static uint64_t read_once(void)
{
	uint8_t status = cmos(STATUS_B);
	unsigned int patience = PATIENCE;

	while (cmos(STATUS_A) & STATUS_A_UPDATING)
		if (--patience == 0)
			return 0;
	unsigned int s = field(cmos(SECONDS), status), m = field(cmos(MINUTES), status);
	unsigned int h = hour(cmos(HOURS), status), d = field(cmos(DAY), status);
	unsigned int month = field(cmos(MONTH), status), year = field(cmos(YEAR), status);

	if (s > 60 || m > 59 || h > 23 || d < 1 || d > 31 || month < 1 || month > 12 || year > 99)
		return 0;
	return ((days(year, month, d) * 24 + h) * 60 + m) * 60 + s;
}

/* The host may pause between two of the fields, and they then are of two times: so they are read again. */
uint64_t rtc_seconds(void)
{
	uint64_t before = read_once();

	for (unsigned int i = 0; i < TRIES; i++) {
		uint64_t again = read_once();

		if (again == before)
			return again;
		before = again;
	}
	return 0;
}
