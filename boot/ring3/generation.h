/* SPDX-License-Identifier: Apache-2.0
 *
 * Notices that the machine was restored or copied: then others may go on from the same memory, and what was
 * random is so no more. Two signs, of which the first is looked at whenever it matters, since it costs a
 * glance at memory, and the second once a second:
 *
 *   - the hypervisor's generation ID (struct handover), where it offers one: q35 with `-device vmgenid` does;
 * a microvm takes the device, and then has no ACPI table to say where the ID is;
 *   - a jump of the clock. A machine that was stopped finds its TSC where it was, and the time of day, asked
 *     anew, further on than the TSC says; or the TSC went on, and this function was not called for long. Any
 *     other reason for a jump, such as a host whose clock was set, makes for a new start that was not needed.
 *
 * A machine that is copied within JUMP of being stopped, and has no generation ID, is not noticed. So nobody
 * relies on this alone: see entropy.h.
 */
#ifndef BOOT_RING3_GENERATION_H
#define BOOT_RING3_GENERATION_H

#include <stdint.h>
#include "boot/handover.h"

enum {
	GENERATION_WATCH_MAX_MS = 3000, /* between two calls of generation_watch */
	GENERATION_JUMP_MS = 200,	/* of the time of day that kvmclock tells, against the TSC */
	GENERATION_JUMP_RTC_MS = 2500,	/* ... that the CMOS clock tells, in whole seconds */
};

/* `handover` NULL: a process on Linux, whose kernel knows of such things. */
void generation_init(const struct handover *handover);

/* Counts up from 1. Looks at the ID. */
uint64_t generation_now(void);

/* Looks at the clock too, which is `now_ns`, and sets the time of day; to be called once a second. */
uint64_t generation_watch(uint64_t now_ns);

/* The machine was suspended, and goes on: perhaps so does a copy. */
void generation_resume(void);

/* Why it is not 1 any more; for messages. */
const char *generation_reason(void);

#endif
