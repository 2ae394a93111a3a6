/* SPDX-License-Identifier: Apache-2.0
 *
 * Time: where it comes from, and what it is now.
 */
#ifndef RING0_CLOCK_H
#define RING0_CLOCK_H

#include <stdint.h>
#include "boot/handover.h"

/* Finds the best source and fills in all but `source`; returns the source's name. */
const char *clock_init(uint64_t first_tsc);

/* The machine has stood still, and its TSC may be another: it is `ns` now, and what else is known of the
 * clock is asked again. */
void clock_resume(uint64_t ns);

const struct handover_clock *clock_get(void);

/* wall_offset_ns as the source tells it now; 0: it can't. */
uint64_t clock_wall_offset(void);

/* Nanoseconds since the first instruction. */
uint64_t clock_now(void);

/* The TSC's value at a time of clock_now; UINT64_MAX when that is beyond it. */
uint64_t clock_tsc_at(uint64_t ns);

#endif
