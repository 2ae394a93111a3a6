/* SPDX-License-Identifier: Apache-2.0
 *
 * When flows end of time: each state's timeout, never early and at most a slot of the wheel late, also where
 * the clock of flows wraps; and what it costs.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <rte_common.h>
#include "nf/flow/flow_records.h"
#include "nf/flow/flow_wheel.h"
#include "nf/flow/track.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/udp_flows.h"

#define SLOT_NS (FLOW_TICK_NS << WHEEL_SLOT_SHIFT)

enum { SMALL = 16, LARGE = 1024 };

/* Whatever the state, at any place in a slot, and where the clock of flows wraps: a flow is there until its
 * time is over, and gone a slot later. */
static void each_timeout(enum flow_state state, uint64_t start_ns)
{
	uint64_t timeout_ns = flow_timeouts_s[track_timeouts[state]] * (uint64_t)SECOND;
	uint32_t flow;

	udp_flows_start(SMALL);
	host_now_ns = start_ns;
	assert_int_equal(flow_init(), 0);
	flow = flow_record_take();
	flow_records[flow].tuple[FLOW_REPLY].source = 1;
	flow_records[flow].state = state;
	flow_records[flow].created = flow_records[flow].seen = flow_now();
	assert_int_equal(flow_record_enter(flow), TRACK_GOOD);
	nf_host_run(timeout_ns - FLOW_TICK_NS);
	assert_int_equal(stats.flow.flows, 1);
	nf_host_run(SLOT_NS + 2 * FLOW_TICK_NS);
	assert_int_equal(stats.flow.flows, 0);
	assert_int_equal(stats.flow.expired, 1);
}

static void never_early_and_at_most_a_slot_late(void **state)
{
	const uint64_t wrap = FLOW_TICK_NS << 32;
	const uint64_t starts[] = {1000 * (uint64_t)SECOND,
				   500 * SLOT_NS - 1,
				   500 * SLOT_NS,
				   500 * SLOT_NS + FLOW_TICK_NS,
				   wrap - 1,
				   wrap - 5 * (uint64_t)SECOND,
				   wrap - 200 * (uint64_t)SECOND,
				   wrap - 7000 * (uint64_t)SECOND,
				   wrap};

	(void)state;
	for (enum flow_state s = FLOW_FREE + 1; s < FLOW_STATE_COUNT; s++)
		for (size_t i = 0; i < RTE_DIM(starts); i++)
			each_timeout(s, starts[i]);
}

/* RFC 5382, REQ-5; RFC 7857, section 2.2; RFC 4787, REQ-5; RFC 5508, REQ-2. */
static void defaults_are_those_of_the_rfcs(void **state)
{
	static const struct {
		enum flow_state state;
		uint32_t least;
	} rows[] = {
	    {FLOW_TCP_ESTABLISHED, 2 * 3600 + 4 * 60},
	    {FLOW_TCP_SYN_SENT, 240},
	    {FLOW_TCP_SYN_RECEIVED, 240},
	    {FLOW_TCP_FIN_WAIT, 240},
	    {FLOW_TCP_LAST_ACK, 240},
	    {FLOW_TCP_TIME_WAIT, 240},
	    {FLOW_TCP_CLOSED, 240},
	    {FLOW_UDP_NEW, 120},
	    {FLOW_UDP_ESTABLISHED, 300},
	    {FLOW_ICMP_NEW, 60},
	    {FLOW_ICMP_ESTABLISHED, 60},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		assert_true(flow_timeouts_s[track_timeouts[rows[i].state]] >= rows[i].least);
}

/* A tick has a bounded number of flows to look at, and asks to come again at once while there are more. */
static void many_that_end_at_once(void **state)
{
	uint32_t ticks = 0;

	(void)state;
	udp_flows_start(LARGE);
	for (uint16_t i = 0; i < LARGE; i++)
		udp_flow_receive(i);
	assert_int_equal(stats.flow.flows, LARGE);
	host_now_ns += 200 * (uint64_t)SECOND;
	while (stats.flow.flows) {
		uint64_t before = stats.flow.flows;

		assert_true(flow_tick() <= host_now_ns || stats.flow.flows == 0);
		assert_true(before - stats.flow.flows <= 256 && before != stats.flow.flows);
		ticks++;
	}
	assert_int_equal(ticks, LARGE / 256);
	assert_int_equal(stats.flow.expired, LARGE);
	assert_int_equal(flow_tick(), UINT64_MAX);
}

/* Flows that many packets keep alive cost one look each timeout, half-open ones one a minute. */
static void a_busy_flow_is_looked_at_seldom(void **state)
{
	uint64_t wishes = 0;

	(void)state;
	udp_flows_start(SMALL);
	udp_flow_receive(1);
	for (int second = 0; second < 1000; second++) {
		uint64_t end = host_now_ns + SECOND, next;

		while ((next = flow_tick()) <= end) {
			host_now_ns = next > host_now_ns ? next : host_now_ns;
			wishes++;
		}
		host_now_ns = end;
		udp_flow_receive(1);
	}
	assert_int_equal(stats.flow.flows, 1);
	assert_true(wishes <= 1000 / 60);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(never_early_and_at_most_a_slot_late),
	    cmocka_unit_test(defaults_are_those_of_the_rfcs),
	    cmocka_unit_test(many_that_end_at_once),
	    cmocka_unit_test(a_busy_flow_is_looked_at_seldom),
	};

	return cmocka_run_group_tests_name("flow_expiry", tests, NULL, NULL);
}
