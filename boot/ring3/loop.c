/* SPDX-License-Identifier: Apache-2.0
 *
 * The poll loop: each burst runs through the whole chain before the next device is asked. A loop that finds
 * nothing for a while asks all devices for an interrupt, looks once more, and sleeps until one comes or a
 * timer is due. How long that while is depends on the last sleeps: falling asleep and waking can take longer
 * than the gaps between a TCP sender's bursts, so who was woken soon waits longer the next time.
 *
 * But where the processor is shared with those that bring the packets, as a VM's can be with QEMU's main
 * thread and a sender, these come to run when the loop sleeps, and how long it waited before is all the same.
 * So waiting has a budget: what is waited in vain must have been slept, or waited with success, before.
 */
#include <rte_cycles.h>
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "pktio/devices.h"
#include "pktio/offload.h"
#include "clock.h"
#include "entropy.h"
#include "loop.h"
#include "sleep.h"
#include "xen.h"

#define LINK_INTERVAL_NS UINT64_C(1000000000)
/* A sleep ends in time for links: so a watch comes two seconds after the last, at most. */
#define WATCH_INTERVAL_NS UINT64_C(1000000000)

enum {
	PATIENCE_MIN_NS = 25000,   /* without a packet, until the loop sleeps: after a long sleep */
	PATIENCE_MAX_NS = 1000000, /* ... and after many short ones */
	BUDGET_MAX_NS = 4000000,   /* to wait in vain */
	TICK_NS = 1000000,	   /* at the latest, timers are looked at again: packets start earlier ones */
	RETRY_NS = 1000000,	   /* longest sleep while something waits that no interrupt announces */
};

volatile sig_atomic_t loop_stop;

struct loop {
	uint64_t tick_ns;     /* when timers are looked at next */
	uint64_t timer_ns;    /* when the next one was due, at the last look */
	uint64_t link_ns;     /* when links are looked at next */
	uint64_t watch_ns;    /* when it is asked whether this machine is a copy */
	uint64_t busy_ns;     /* when the last packet came */
	uint64_t patience_ns; /* without a packet, until the loop sleeps */
	uint64_t budget_ns;   /* that may be waited in vain */
	bool woke;	      /* just now */
};

static void clock_read(uint64_t tsc)
{
	host_now_ns = clock_at(tsc);
	stats.now_ns = host_now_ns;
}

static void run_timers(struct loop *loop)
{
	loop->timer_ns = appliance_tick();
	loop->tick_ns = RTE_MIN(loop->timer_ns, host_now_ns + TICK_NS);
}

static bool poll_device(struct device *device, uint64_t start)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint16_t count = device->driver->receive(device, packets, BURST_MAX);

	stats.polls++;
	offload_flush(device);
	if (count == 0) {
		stats.empty_polls++;
		return false;
	}
	boot_progress.burst_port = device->index;
	appliance_chain(device->index, packets, count);
	boot_progress.burst_port = -1;
	stats.busy_cycles += rte_rdtsc() - start;
	return true;
}

static bool poll_devices(void)
{
	bool any = false;

	for (uint16_t i = 0; i < device_count; i++) {
		uint64_t tsc = rte_rdtsc();

		clock_read(tsc);
		any |= poll_device(&devices[i], tsc);
	}
	return any;
}

/* True: all devices will end a sleep with their next frame. False: one has frames already. */
static bool arm_devices(void)
{
	for (uint16_t i = 0; i < device_count; i++)
		if (devices[i].driver->arm(&devices[i]))
			return false;
	return true;
}

static void disarm_devices(void)
{
	for (uint16_t i = 0; i < device_count; i++)
		devices[i].driver->disarm(&devices[i]);
}

static bool flush_devices(void)
{
	bool all = true;

	for (uint16_t i = 0; i < device_count; i++)
		all &= offload_flush(&devices[i]);
	return all;
}

static void earn_budget(struct loop *loop, uint64_t ns)
{
	loop->budget_ns = RTE_MIN(loop->budget_ns + ns, (uint64_t)BUDGET_MAX_NS);
}

/* Packets are there. After longer than its patience, the loop was not waiting for them. */
static void note_packets(struct loop *loop)
{
	uint64_t waited_ns = host_now_ns - loop->busy_ns;

	if (waited_ns <= loop->patience_ns)
		earn_budget(loop, waited_ns);
	loop->busy_ns = host_now_ns;
}

/* After a wait in vain, and the sleep that it ended in. Doubled when staying awake would have met the next
 * packet, and the budget allows for it, else back to the least. */
static void learn_patience(struct loop *loop, uint64_t slept_ns)
{
	uint64_t doubled_ns = RTE_MIN(2 * loop->patience_ns, (uint64_t)PATIENCE_MAX_NS);

	earn_budget(loop, slept_ns);
	loop->budget_ns -= RTE_MIN(loop->budget_ns, loop->patience_ns);
	if (slept_ns < PATIENCE_MAX_NS && doubled_ns <= loop->budget_ns)
		loop->patience_ns = doubled_ns;
	else
		loop->patience_ns = PATIENCE_MIN_NS;
}

static void rest(struct loop *loop, bool process)
{
	uint64_t deadline, began_ns = host_now_ns;

	run_timers(loop);
	deadline = RTE_MIN(loop->timer_ns, loop->link_ns);
	if (!flush_devices() || !devices_can_wake())
		deadline = RTE_MIN(deadline, host_now_ns + RETRY_NS);
	if (deadline > host_now_ns && arm_devices()) {
		stats.sleeps++;
		if (process)
			sleep_process(deadline);
		else
			sleep_vm(deadline);
	}
	disarm_devices();
	clock_read(rte_rdtsc());
	learn_patience(loop, host_now_ns - began_ns);
	loop->woke = true;
	loop->tick_ns = host_now_ns;
}

/* Asking a device for its link can cost as much as a sleep. */
static void check_links(struct loop *loop)
{
	devices_check_links();
	xen_check();
	loop->link_ns = host_now_ns + LINK_INTERVAL_NS;
}

void loop_run(bool process)
{
	struct loop loop = {
	    .busy_ns = host_now_ns, .patience_ns = PATIENCE_MIN_NS, .budget_ns = BUDGET_MAX_NS};

	while (!loop_stop) {
		if (poll_devices())
			note_packets(&loop);
		else if (loop.woke) /* it was no packet: a link, perhaps */
			check_links(&loop);
		loop.woke = false;
		if (host_now_ns >= loop.tick_ns)
			run_timers(&loop);
		if (host_now_ns >= loop.link_ns)
			check_links(&loop);
		if (host_now_ns >= loop.watch_ns) {
			entropy_watch(host_now_ns);
			loop.watch_ns = host_now_ns + WATCH_INTERVAL_NS;
		}
		if (host_now_ns - loop.busy_ns > loop.patience_ns)
			rest(&loop, process);
	}
}
