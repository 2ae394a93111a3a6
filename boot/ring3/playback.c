/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of a replay: bursts come in the order of their times, and the clock is the time of the burst in
 * hand. Timers run at the very times they are due at, so that nothing depends on how fast anything ran.
 */
#include <errno.h>
#include <rte_cycles.h>
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "pktio/devices.h"
#include "pktio/replay.h"
#include "console.h"
#include "loop.h"

enum { TICKS_MAX = 100000 }; /* timers between two bursts; a longer gap in a capture is skipped */

static void clock_set(uint64_t now_ns)
{
	host_now_ns = now_ns;
	stats.now_ns = now_ns;
}

/* Runs the timers up to `end_ns`, each at its time, and leaves the clock there. `due_ns` is when the first is
 * due. Returns when the next one is. */
static uint64_t advance(uint64_t due_ns, uint64_t end_ns)
{
	for (uint32_t ticks = 0; due_ns <= end_ns && ticks < TICKS_MAX; ticks++) {
		clock_set(RTE_MAX(due_ns, host_now_ns));
		due_ns = appliance_tick();
		if (due_ns <= host_now_ns)
			due_ns = host_now_ns + 1;
	}
	clock_set(RTE_MAX(end_ns, host_now_ns));
	return due_ns;
}

static void run_burst(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	uint64_t start = rte_rdtsc();

	boot_progress.burst_port = device;
	appliance_chain(device, packets, count);
	boot_progress.burst_port = -1;
	stats.busy_cycles += rte_rdtsc() - start;
}

static int finish(uint64_t due_ns)
{
	int error;

	advance(due_ns, host_now_ns + REPLAY_DRAIN_NS);
	error = replay_finish();
	if (error != 0)
		console_line("replay: the last frames could not be sent");
	return error;
}

int loop_replay(void)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint64_t due_ns = 0, time_ns;
	bool started = false;
	uint16_t device;

	while (!loop_stop) {
		int count = replay_next(packets, BURST_MAX, &device, &time_ns);

		stats.polls++;
		if (count < 0)
			return finish(due_ns);
		if (count == 0) {
			stats.empty_polls++;
			continue;
		}
		if (!started)
			clock_set(time_ns);
		started = true;
		advance(due_ns, time_ns);
		run_burst(device, packets, count);
		due_ns = appliance_tick();
	}
	console_line("replay: stopped before its end");
	return -EINTR;
}
