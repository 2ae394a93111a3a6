/* SPDX-License-Identifier: Apache-2.0
 *
 * TSC to nanoseconds, by the formula of struct handover_clock.
 */
#include <stddef.h>
#include <time.h>
#include <unistd.h>
#include <rte_cycles.h>
#include "boot/eal/eal.h"
#include "nf/host.h"
#include "clock.h"

#define NANOSECONDS UINT64_C(1000000000)
enum { CALIBRATION_NS = 5000000, LINUX_SHIFT = 32 };

static struct {
	uint64_t base_tsc, base_ns, tsc_hz, mult;
	uint32_t shift;
} scale;

uint64_t host_now_ns;
static bool wall_known;
static uint64_t wall_offset_ns; /* from host_now_ns */

uint64_t host_wall_ns(void)
{
	return wall_known ? host_now_ns + wall_offset_ns : 0;
}

static uint64_t linux_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

static void calibrate(void)
{
	uint64_t start_ns = linux_ns(CLOCK_MONOTONIC), start_tsc = rte_rdtsc(), now_ns;

	do
		now_ns = linux_ns(CLOCK_MONOTONIC);
	while (now_ns - start_ns < CALIBRATION_NS);
	scale.base_ns = now_ns;
	scale.base_tsc = rte_rdtsc();
	scale.tsc_hz = (unsigned __int128)(scale.base_tsc - start_tsc) * NANOSECONDS / (now_ns - start_ns);
	scale.shift = LINUX_SHIFT;
	scale.mult = ((unsigned __int128)NANOSECONDS << LINUX_SHIFT) / scale.tsc_hz;
	wall_offset_ns = linux_ns(CLOCK_REALTIME) - now_ns;
}

static void take(const struct handover_clock *clock)
{
	scale.base_tsc = clock->base_tsc;
	scale.base_ns = clock->base_ns;
	scale.tsc_hz = clock->tsc_hz;
	scale.mult = clock->mult;
	scale.shift = clock->shift;
	wall_offset_ns = clock->wall_offset_ns;
}

void clock_resume(const struct handover *handover)
{
	uint64_t wall = host_wall_ns(), now;

	take(&handover->clock);
	wall_known = wall_offset_ns != 0;
	eal_tsc_hz = scale.tsc_hz;
	now = clock_at(rte_rdtsc());
	if (now < host_now_ns) { /* by what the clock is moved on, the time of day is not */
		scale.base_ns += host_now_ns - now;
		wall_offset_ns -= wall_known ? host_now_ns - now : 0;
	}
	host_now_ns = clock_at(rte_rdtsc());
	if (host_wall_ns() < wall)
		wall_offset_ns += wall_known ? wall - host_wall_ns() : 0;
}

void clock_init(const struct handover *handover)
{
	if (handover == NULL)
		calibrate();
	else
		take(&handover->clock);
	wall_known = wall_offset_ns != 0;
	eal_tsc_hz = scale.tsc_hz;
	host_now_ns = clock_at(rte_rdtsc());
}

void clock_replay(void)
{
	host_now_ns = 0;
	wall_offset_ns = 0;
	wall_known = true;
}

uint64_t clock_at(uint64_t tsc)
{
	return scale.base_ns +
	       (uint64_t)((unsigned __int128)(tsc - scale.base_tsc) * scale.mult >> scale.shift);
}

uint64_t clock_tsc_at(uint64_t ns)
{
	unsigned __int128 scaled = (unsigned __int128)(ns - scale.base_ns) << scale.shift;

	return scale.base_tsc + (uint64_t)((scaled + scale.mult - 1) / scale.mult);
}

uint64_t clock_wall_offset(void)
{
	return (uint64_t)syscall(WEIR_CALL_WALL_OFFSET);
}

void clock_follow(uint64_t offset_ns)
{
	if (wall_known && offset_ns > wall_offset_ns)
		wall_offset_ns = offset_ns;
}

uint64_t clock_tsc_hz(void)
{
	return scale.tsc_hz;
}
