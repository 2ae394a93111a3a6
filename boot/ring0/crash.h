/* SPDX-License-Identifier: Apache-2.0
 *
 * The end that nobody wanted: a report on the console, then the machine stops.
 */
#ifndef RING0_CRASH_H
#define RING0_CRASH_H

#include <stdint.h>
#include "cpu.h"

/* After an exception. */
_Noreturn void crash(const struct frame *frame);

/* When ring 3 ends itself by a signal: abort(), a failed assertion. */
_Noreturn void crash_by_signal(const struct frame *frame, uint64_t signal);

/* Before there is a ring 3: the machine can't run the image. */
_Noreturn void refuse(const char *why);

#endif
