/* SPDX-License-Identifier: Apache-2.0
 *
 * Where all vectors meet, called by traps.S: a system call, an interrupt that ends a sleep, or a crash.
 */
#include "apic.h"
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
	else if (frame->vector != VECTOR_SPURIOUS)
		apic_end_of_interrupt();
}
