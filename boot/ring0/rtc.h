/* SPDX-License-Identifier: Apache-2.0
 *
 * The time of day from the CMOS clock.
 */
#ifndef RING0_RTC_H
#define RING0_RTC_H

#include <stdint.h>

/* Seconds since 1970 UTC; 0: there is no clock, or it makes no sense. */
uint64_t rtc_seconds(void);

#endif
