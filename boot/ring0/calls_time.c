/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls about time, sleep included; called through the table in calls.c.
 */
#include <linux/errno.h>
#include "call.h"
#include "apic.h"
#include "clock.h"
#include "memory.h"

enum { /* linux/time.h */
       CLOCK_REALTIME = 0,
       CLOCK_REALTIME_COARSE = 5,
       CLOCKS = 12,
       TIMER_ABSTIME = 1,
};
#define NS_PER_SECOND 1000000000

struct timespec64 {
	int64_t seconds, nanoseconds;
};

int64_t call_clock_gettime(struct frame *frame, uint64_t clock, uint64_t to, uint64_t c)
{
	uint64_t ns = clock_now();

	(void)frame, (void)c;
	if (clock >= CLOCKS)
		return -EINVAL;
	if (!memory_is_ring3(to, sizeof(struct timespec64), true))
		return -EFAULT;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		ns += clock_get()->wall_offset_ns;
	*(struct timespec64 *)to = (struct timespec64){ns / NS_PER_SECOND, ns % NS_PER_SECOND};
	return 0;
}

static int64_t sleep_until(uint64_t deadline_ns)
{
	while (clock_now() < deadline_ns)
		apic_wait(clock_tsc_at(deadline_ns) + 1); /* rounded up */
	return 0;
}

int64_t call_clock_nanosleep(struct frame *frame, uint64_t clock, uint64_t flags, uint64_t request)
{
	const struct timespec64 *t = (const struct timespec64 *)request;
	uint64_t now = clock_now(), ns;

	(void)frame;
	if (!memory_is_ring3(request, sizeof(*t), false))
		return -EFAULT;
	if (clock >= CLOCKS || t->seconds < 0 || t->seconds > UINT32_MAX ||
	    (uint64_t)t->nanoseconds >= NS_PER_SECOND)
		return -EINVAL;
	ns = (uint64_t)t->seconds * NS_PER_SECOND + (uint64_t)t->nanoseconds;
	if (!(flags & TIMER_ABSTIME))
		return sleep_until(now + ns);
	if (clock != CLOCK_REALTIME)
		return sleep_until(ns);
	return ns > clock_get()->wall_offset_ns ? sleep_until(ns - clock_get()->wall_offset_ns) : 0;
}

int64_t call_nanosleep(struct frame *frame, uint64_t request, uint64_t remaining, uint64_t c)
{
	(void)remaining, (void)c;
	return call_clock_nanosleep(frame, 1, 0, request);
}

int64_t call_wall_offset(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	(void)frame, (void)a, (void)b, (void)c;
	return (int64_t)clock_wall_offset();
}

int64_t call_wait(struct frame *frame, uint64_t deadline_tsc, uint64_t b, uint64_t c)
{
	(void)frame, (void)b, (void)c;
	apic_wait(deadline_tsc);
	return 0;
}
