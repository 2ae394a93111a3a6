/* SPDX-License-Identifier: Apache-2.0
 *
 * The clock of ring 3: the TSC, converted without a system call. host_now_ns (nf/host.h) is what the poll
 * loop last took from it, or the capture's time in a replay.
 */
#ifndef BOOT_RING3_CLOCK_H
#define BOOT_RING3_CLOCK_H

#include <stdint.h>
#include "boot/handover.h"

/* Takes ring 0's measurements, or (handover is NULL) compares the TSC with Linux's clock for a few
 * milliseconds. */
void clock_init(const struct handover *handover);

/* Takes ring 0's measurements anew, after a suspend. Neither the monotonic clock nor the time of day goes
 * back. */
void clock_resume(const struct handover *handover);

/* From now on host_now_ns is the capture's clock, whose times are Unix times: 0, until the first frame says
 * what time it is. */
void clock_replay(void);

/* Monotonic nanoseconds: since the first instruction in a VM, Linux's CLOCK_MONOTONIC as a process. */
uint64_t clock_at(uint64_t tsc);

/* The first TSC at which that time has come. */
uint64_t clock_tsc_at(uint64_t ns);

uint64_t clock_tsc_hz(void);

/* In a VM: WEIR_CALL_WALL_OFFSET. A system call. */
uint64_t clock_wall_offset(void);

/* Takes what clock_wall_offset has answered for the time of day, if that is further on than we thought, as
 * after a pause that the TSC has not seen. A clock of whole seconds is late by a second at most, so the
 * furthest is the best. Never goes back, since peers of a tunnel refuse handshakes that are older than the
 * last one. 0: there was no answer. */
void clock_follow(uint64_t offset_ns);

#endif
