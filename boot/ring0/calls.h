/* SPDX-License-Identifier: Apache-2.0
 *
 * The system calls of ring 3: Linux's, as far as static glibc and the libraries on it make them, and Weir's
 * own.
 */
#ifndef RING0_CALLS_H
#define RING0_CALLS_H

#include <stdbool.h>
#include "cpu.h"

/* Tells what getrandom can draw on. */
void calls_init(bool rdrand, bool rdseed);

/* Serves the call in `frame` as the syscall instruction left it, and makes the frame return to ring 3. */
void system_call(struct frame *frame);

#endif
