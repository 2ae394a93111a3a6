/* SPDX-License-Identifier: Apache-2.0
 *
 * Where all vectors meet but those that end a sleep, called by traps.S: a system call or a crash. A spurious
 * interrupt (Intel SDM volume 3, section 11.9) is neither.
 */
#include "calls.h"
#include "cpu.h"
#include "crash.h"

extern char system_call_trap[];

void trap(struct frame *frame);

void trap(struct frame *frame)
{
	if (frame->vector == VECTOR_INVALID_OPCODE && frame->rip == (uintptr_t)system_call_trap)
		system_call(frame);
	else if (frame->vector < VECTOR_EXCEPTIONS)
		crash(frame);
}
