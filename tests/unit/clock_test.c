/* SPDX-License-Identifier: Apache-2.0
 *
 * boot/ring3/clock.c: the wall clock (host_wall_ns), as a process, in a VM, and in a replay.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "boot/ring3/clock.c" /* not the host_now_ns and host_wall_ns of the network functions' tests */

#define SECOND UINT64_C(1000000000)

static void a_process_has_the_time_of_day(void **state)
{
	uint64_t wall;

	(void)state;
	clock_init(NULL);
	wall = host_wall_ns();
	assert_in_range(wall / SECOND, time(NULL) - 2, time(NULL) + 1);
	host_now_ns += 5 * SECOND;
	assert_int_equal(host_wall_ns(), wall + 5 * SECOND);
}

static void a_vm_has_what_ring_0_found(void **state)
{
	struct handover handover = {
	    .clock = {.base_tsc = rte_rdtsc(), .tsc_hz = SECOND, .mult = 1, .wall_offset_ns = 7 * SECOND}};

	(void)state;
	clock_init(&handover);
	assert_int_equal(host_wall_ns(), host_now_ns + 7 * SECOND);
	handover.clock.wall_offset_ns = 0;
	clock_init(&handover);
	assert_int_equal(host_wall_ns(), 0);
}

/* As after a pause of the machine; but neither back nor to no answer at all. */
static void the_time_of_day_is_followed_ahead(void **state)
{
	struct handover handover = {.clock = {.tsc_hz = SECOND, .mult = 1, .wall_offset_ns = 1000 * SECOND}};
	static const struct {
		uint64_t offset, then;
	} rows[] = {{1001, 1001}, {1003, 1003}, {1002, 1003}, {0, 1003}, {900, 1003}, {5000, 5000}};

	(void)state;
	clock_init(&handover);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clock_follow(rows[i].offset * SECOND);
		assert_int_equal(host_wall_ns() - host_now_ns, rows[i].then * SECOND);
	}
	handover.clock.wall_offset_ns = 0;
	clock_init(&handover);
	clock_follow(1700000000 * SECOND);
	assert_int_equal(host_wall_ns(), 0);
}

static void a_replay_has_the_captures(void **state)
{
	(void)state;
	clock_init(NULL);
	clock_replay();
	assert_int_equal(host_wall_ns(), 0);
	host_now_ns = 1700000000 * SECOND;
	assert_int_equal(host_wall_ns(), 1700000000 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_has_the_time_of_day),
	    cmocka_unit_test(a_vm_has_what_ring_0_found),
	    cmocka_unit_test(the_time_of_day_is_followed_ahead),
	    cmocka_unit_test(a_replay_has_the_captures),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
