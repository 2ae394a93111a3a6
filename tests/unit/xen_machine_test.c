/* SPDX-License-Identifier: Apache-2.0
 *
 * What a guest of Xen does when the toolstack asks (boot/ring3/xen.c): power off, reboot, suspend; and after
 * a suspend, that it goes on with a clock that does not go back, as another generation, with its devices.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <rte_cycles.h>
#include "boot/ring3/clock.c" /* not the clock of the network functions' tests */
#include "boot/ring3/console.h"
#include "boot/ring3/entropy.h"
#include "boot/ring3/generation.h"
#include "boot/ring3/loop.h"
#include "boot/ring3/xen.h"
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/xen/grants.h"
#include "support/netback.h"

#define SHUTDOWN "/local/domain/7/control/shutdown"

struct stats_page stats;
volatile sig_atomic_t loop_stop;
static struct netback back;
static struct device *const device = &netback_world.device[0];
static struct handover machine = {
    .clock = {.base_ns = 5000, .tsc_hz = 1000000000, .mult = 1, .wall_offset_ns = 1000, .source = "xen"},
};
static char said[256];
static uint32_t seeded;

void console_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
}

void host_log(const char *line)
{
	(void)line;
}

void entropy_watch(uint64_t now_ns)
{
	(void)now_ns;
	seeded++;
}

static int begin(void **state)
{
	(void)state;
	loop_stop = 0;
	seeded = 0;
	said[0] = '\0';
	netback_world_init(1, 1);
	machine.xen = &xen_world.handover;
	machine.clock.base_ns = 5000;
	machine.clock.base_tsc = rte_rdtsc();
	clock_init(&machine);
	generation_init(&machine);
	xen_open(&machine);
	netback_world_start();
	netback_up(&back, 0, &netback_all, device);
	return 0;
}

static int end(void **state)
{
	(void)state;
	netback_disconnect(&back);
	assert_true(netback_world_end());
	return 0;
}

/* As the loop does: links, then this. */
static void ask(const char *word)
{
	xen_store_set(SHUTDOWN, word);
	device->driver->link(device);
	xen_check();
}

static void powers_off(void **state)
{
	(void)state;
	xen_check();
	assert_int_equal(loop_stop, 0);
	ask("poweroff");
	assert_int_equal(loop_stop, 1);
	assert_string_equal(xen_store_get(SHUTDOWN), "");
}

static void reboots(void **state)
{
	(void)state;
	ask("reboot");
	assert_int_equal(xen_world.reboots, 1);
	assert_int_equal(loop_stop, 0);
}

/* What ring 0 finds when the machine goes on: a clock that began anew, and a vif of the new store. */
static void move(void)
{
	machine.clock.base_ns = 0;
	machine.clock.base_tsc = rte_rdtsc();
	netback_plug(&back, 0, &netback_all);
}

static void suspends(void **state)
{
	uint64_t before, wall, generation;

	(void)state;
	xen_world.at_suspend = move;
	for (int i = 0; i < 10; i++) {
		before = host_now_ns = clock_at(rte_rdtsc()) + 1000000;
		wall = host_wall_ns();
		generation = generation_now();
		ask("suspend");
		assert_true(host_wall_ns() >= wall);
		assert_int_equal(xen_world.suspends, i + 1);
		assert_true(clock_at(rte_rdtsc()) >= before);
		assert_int_equal(generation_now(), generation + 1);
		assert_non_null(strstr(generation_reason(), "suspended"));
		assert_int_equal(seeded, i + 1);
		assert_string_equal(said, "resumed");
		assert_string_equal(xen_store_get("/local/domain/7/control/feature-suspend"), "1");
		netback_settle(&back, device);
		assert_true(device->link_up);
		assert_int_equal(xen_world.ports_open, 2);
		assert_int_equal(grants_given(), 2);
	}
}

static void goes_on_where_a_suspend_fails(void **state)
{
	static const struct {
		long result;
		const char *says;
	} rows[] = {{1, "cancelled"}, {-38, "error 38"}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		xen_world.suspend_result = rows[i].result;
		ask("suspend");
		assert_non_null(strstr(said, rows[i].says));
		assert_int_equal(generation_now(), 1);
		assert_true(device->driver->link(device));
		assert_int_equal(xen_world.ports_open, 2);
	}
}

static void is_nothing_elsewhere(void **state)
{
	static const struct handover other;
	uint32_t messages = xen_world.messages;

	(void)state;
	xen_store_set(SHUTDOWN, "poweroff");
	xen_open(&other);
	xen_check();
	xen_open(NULL);
	xen_check();
	assert_int_equal(loop_stop, 0);
	assert_int_equal(xen_world.messages, messages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(powers_off, begin, end),
	    cmocka_unit_test_setup_teardown(reboots, begin, end),
	    cmocka_unit_test_setup_teardown(suspends, begin, end),
	    cmocka_unit_test_setup_teardown(goes_on_where_a_suspend_fails, begin, end),
	    cmocka_unit_test_setup_teardown(is_nothing_elsewhere, begin, end),
	};

	return cmocka_run_group_tests_name("a guest of Xen", tests, NULL, NULL);
}
