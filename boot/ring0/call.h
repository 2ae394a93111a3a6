/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files that serve system calls share. A call gets its first three arguments, and the others from
 * the frame; it returns what ring 3 finds in %rax: a result, or -errno.
 */
#ifndef RING0_CALL_H
#define RING0_CALL_H

#include <stdint.h>
#include "cpu.h"

typedef int64_t call(struct frame *frame, uint64_t a, uint64_t b, uint64_t c);

/* The call returns to ring 3 by way of one of the helpers in gate.S. */
static inline void go_by(struct frame *frame, char *helper, uint64_t operand)
{
	frame->rip = (uintptr_t)helper;
	frame->r11 = operand;
}

/* calls_memory.c */
call call_brk, call_mmap, call_munmap, call_mremap, call_mprotect;

/* calls_time.c */
call call_clock_gettime, call_clock_nanosleep, call_nanosleep, call_wait, call_wall_offset;

#endif
