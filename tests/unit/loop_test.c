/* SPDX-License-Identifier: Apache-2.0
 *
 * The poll loop (boot/ring3/loop.c) in a world of its own: a clock that moves a little with each look at it,
 * devices whose frames come at fixed times, and a sleep that ends with its deadline or the next frame. Each
 * row is such a world; what holds in all of them is checked where the loop calls out.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "boot/handover.h"
#include "boot/ring3/clock.h"
#include "boot/ring3/entropy.h"
#include "boot/ring3/loop.h"
#include "boot/ring3/sleep.h"
#include "boot/ring3/xen.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "pktio/devices.h"
#include "pktio/offload.h"

#define MS	 UINT64_C(1000000)
#define START_NS (5000 * MS)

enum {
	DEVICES = 2,
	LOOK_NS = 2000,	   /* what a look at the clock costs */
	AWAKE_NS = 25000,  /* no sleep so soon after a frame */
	LATE_NS = 1100000, /* a timer may be so late while the loop is awake */
};

struct row {
	const char *name;
	uint64_t frame_every, timer_every; /* nanoseconds; 0: never */
	uint64_t run;
	bool vm, deaf, stuck, wary, shared; /* deaf: no interrupts; stuck: frames wait to be sent; wary: arm
					       says no; shared: who brings frames runs while the loop sleeps,
					       so that one comes so long after it fell asleep */
	uint64_t sleeps_min, sleeps_max, longest_sleep;
};

static const struct row rows[] = {
    {"nothing to do: sleeps from one look at the links to the next", .run = 10000 * MS, .sleeps_min = 9,
     .sleeps_max = 12, .longest_sleep = 1000 * MS},
    {"the same in a VM", .run = 10000 * MS, .vm = true, .sleeps_min = 9, .sleeps_max = 12,
     .longest_sleep = 1000 * MS},
    {"a timer ends each sleep", .timer_every = 50 * MS, .run = 2000 * MS, .sleeps_min = 39, .sleeps_max = 45,
     .longest_sleep = 50 * MS},
    {"a busy loop never sleeps", .frame_every = 21000, .run = 100 * MS},
    {"a loop with some work soon learns not to", .frame_every = 150000, .run = 100 * MS, .sleeps_min = 2,
     .sleeps_max = 4, .longest_sleep = MS / 5},
    {"a frame ends each sleep", .frame_every = 10 * MS, .run = 1000 * MS, .sleeps_min = 98, .sleeps_max = 102,
     .longest_sleep = 10 * MS},
    {"frames soon after it slept: then it waits for them awake", .frame_every = MS * 6 / 10, .run = 1000 * MS,
     .sleeps_min = 4, .sleeps_max = 6, .longest_sleep = MS * 6 / 10},
    {"frames come only while it sleeps: no more is waited than slept", .frame_every = 50000, .run = 100 * MS,
     .shared = true, .sleeps_min = 800, .sleeps_max = 2000, .longest_sleep = 50000},
    {"frames came while it armed: no sleep", .run = 50 * MS, .wary = true},
    {"a device without interrupts: short sleeps", .run = 500 * MS, .deaf = true, .sleeps_min = 400,
     .sleeps_max = 500, .longest_sleep = 1 * MS},
    {"frames wait to be sent: short sleeps", .run = 500 * MS, .stuck = true, .sleeps_min = 400,
     .sleeps_max = 500, .longest_sleep = 1 * MS},
};

static struct world {
	const struct row *row;
	uint64_t now, next_frame, last_frame, next_timer, last_links, last_watch, longest_sleep;
	uint64_t frames, timers;
	bool armed[DEVICES];
} world;

struct stats_page stats;
struct device devices[PORTS_MAX];
uint64_t host_now_ns;
volatile struct boot_progress boot_progress;
const uint16_t device_count = DEVICES, port_count = DEVICES;

uint64_t clock_at(uint64_t tsc)
{
	(void)tsc;
	world.now += LOOK_NS;
	if (world.now >= START_NS + world.row->run)
		loop_stop = 1;
	return world.now;
}

uint64_t appliance_tick(void)
{
	if (world.next_timer <= world.now) {
		if (world.row->timer_every > LATE_NS)
			assert_in_range(world.now - world.next_timer, 0, LATE_NS);
		world.timers++;
		while (world.next_timer <= world.now)
			world.next_timer += world.row->timer_every;
	}
	return world.next_timer;
}

void appliance_chain(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	assert_int_equal(boot_progress.burst_port, device);
	assert_in_range(count, 1, BURST_MAX);
	world.frames += count;
}

bool offload_flush(struct device *device)
{
	return !(world.row->stuck && device->index == 1);
}

bool devices_can_wake(void)
{
	return !world.row->deaf;
}

/* Devices have been looked at just before. */
void xen_check(void)
{
	assert_int_equal(world.last_links, world.now);
}

void devices_check_links(void)
{
	assert_in_range(world.now - world.last_links, 0, 1000 * MS + LATE_NS);
	world.last_links = world.now;
}

/* GENERATION_WATCH_MAX_MS of generation.h is longer. */
void entropy_watch(uint64_t now_ns)
{
	assert_int_equal(now_ns, world.now);
	assert_in_range(world.now - world.last_watch, 0, 2000 * MS + LATE_NS);
	if (world.last_watch > START_NS)
		assert_true(world.now - world.last_watch >= 1000 * MS);
	world.last_watch = world.now;
}

/* All frames come in on the second device. */
static uint16_t receive(struct device *device, struct rte_mbuf **packets, uint16_t max)
{
	static struct rte_mbuf frame;

	assert_false(world.armed[device->index]);
	assert_true(max > 0);
	if (device->index == 0 || world.now < world.next_frame)
		return 0;
	world.last_frame = world.now;
	world.next_frame = world.row->shared ? UINT64_MAX : world.next_frame + world.row->frame_every;
	packets[0] = &frame;
	return 1;
}

static bool arm(struct device *device)
{
	world.armed[device->index] = true;
	return world.row->wary && device->index == 1;
}

static void disarm(struct device *device)
{
	world.armed[device->index] = false;
}

static void fall_asleep(uint64_t deadline)
{
	uint64_t end;

	if (world.row->shared)
		world.next_frame = world.now + world.row->frame_every;
	end = RTE_MIN(deadline, world.next_frame);
	for (int i = 0; i < DEVICES; i++)
		assert_true(world.armed[i]);
	assert_true(deadline > world.now && deadline <= world.next_timer);
	assert_true(world.now - world.last_frame >= AWAKE_NS);
	if (end > world.now) {
		world.longest_sleep = RTE_MAX(world.longest_sleep, end - world.now);
		world.now = end;
	}
}

void sleep_process(uint64_t deadline_ns)
{
	assert_false(world.row->vm);
	fall_asleep(deadline_ns);
}

void sleep_vm(uint64_t deadline_ns)
{
	assert_true(world.row->vm);
	fall_asleep(deadline_ns);
}

static void begin(const struct row *row)
{
	static const struct device_driver driver = {.receive = receive, .arm = arm, .disarm = disarm};

	memset(&stats, 0, sizeof(stats));
	for (uint16_t i = 0; i < DEVICES; i++)
		devices[i] = (struct device){.index = i, .driver = &driver};
	world = (struct world){
	    .row = row,
	    .now = START_NS,
	    .last_links = START_NS,
	    .last_watch = START_NS,
	    .next_frame = row->frame_every ? START_NS + row->frame_every : UINT64_MAX,
	    .next_timer = row->timer_every ? START_NS + row->timer_every : UINT64_MAX,
	};
	host_now_ns = START_NS;
	loop_stop = 0;
	boot_progress.burst_port = -1;
}

static void each_world(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		print_message("  %s\n", row->name);
		begin(row);
		loop_run(!row->vm);
		assert_in_range(stats.sleeps, row->sleeps_min, row->sleeps_max);
		assert_in_range(world.longest_sleep, 0, row->longest_sleep);
		if (!row->shared)
			assert_int_equal(world.frames,
					 row->frame_every ? (row->run - 1) / row->frame_every : 0);
		if (row->timer_every > LATE_NS)
			assert_int_equal(world.timers, (row->run - 1) / row->timer_every);
		assert_int_equal(stats.polls - stats.empty_polls, world.frames);
		assert_int_equal(boot_progress.burst_port, -1);
		assert_true(stats.now_ns == host_now_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_world)};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
