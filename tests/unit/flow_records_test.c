/* SPDX-License-Identifier: Apache-2.0
 *
 * Records in a full table, by packets through the whole chain: who gives way to whom, and who never does.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/flow/flow_records.h"
#include "nf/flow/flow_table.h"
#include "nf/flow/track.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/flow_check.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/tcp_script.h"
#include "support/udp_flows.h"

enum { SMALL = 16 };

/* Connections by number, in a state. */
static void open_tcp(uint16_t number, const char *lines)
{
	const struct tcp_script_ends ends = {number & 1, 2000 + number, 100, 200};

	tcp_script_lines(&ends, "records", lines);
}

static const char *tcp_state(uint16_t number)
{
	const struct tcp_script_ends ends = {number & 1, 2000 + number, 100, 200};
	const struct flow_record *record = tcp_script_record(&ends);

	if (!record)
		return "none";
	return record->state == FLOW_TCP_ESTABLISHED ? "established"
	       : record->state == FLOW_TCP_SYN_SENT  ? "syn-sent"
						     : "other";
}

#define OPENED "> S 0\n< S. 0 ack 1\n> . 1 ack 1 = established\n"

static void later(uint64_t seconds)
{
	nf_host_run(seconds * SECOND);
}

/* The oldest of the half-open ones gives way, one for each new flow. */
static void half_open_flows_give_way(void **state)
{
	(void)state;
	udp_flows_start(SMALL);
	for (uint16_t i = 0; i < SMALL; i++) {
		udp_flow_receive(i);
		later(3);
	}
	for (uint16_t i = 0; i < 3 * SMALL; i++) {
		assert_true(udp_flow_is_known(i));
		udp_flow_receive(SMALL + i);
		assert_false(udp_flow_is_known(i));
		assert_true(udp_flow_is_known(i + 1) && udp_flow_is_known(SMALL + i));
		later(1);
	}
	assert_int_equal(stats.flow.flows, SMALL);
	assert_int_equal(stats.flow.evicted, 3 * SMALL);
	assert_int_equal(stats.flow.refused, 0);
}

/* By age, not by what time is left: else a flood of SYNs, which may wait for four minutes, would push out
 * each question to a name server before its answer is there. */
static void the_oldest_gives_way_whatever_its_protocol(void **state)
{
	(void)state;
	udp_flows_start(SMALL);
	for (uint16_t i = 0; i < SMALL - 1; i++) {
		open_tcp(i, "> S 0\n");
		later(3);
	}
	udp_flow_receive(0);
	for (uint16_t i = 0; i < SMALL - 1; i++) {
		later(1);
		assert_string_equal(tcp_state(i), "syn-sent");
		open_tcp(SMALL + i, "> S 0 = syn-sent\n");
		assert_string_equal(tcp_state(i), "none");
		assert_true(udp_flow_is_known(0));
	}
	later(1);
	open_tcp(3 * SMALL, "> S 0 = syn-sent\n");
	assert_false(udp_flow_is_known(0));
}

/* Half-open first, closed ones then, and no assured one ever; what finds no room is refused and counted. */
static void the_order_of_giving_way(void **state)
{
	(void)state;
	udp_flows_start(SMALL);
	for (uint16_t i = 0; i < 8; i++)
		open_tcp(i, OPENED);
	for (uint16_t i = 8; i < 10; i++)
		open_tcp(i, OPENED "< R 1 = closed\n");
	for (uint16_t i = 10; i < 12; i++)
		open_tcp(i, OPENED "> F. 1 ack 1\n< F. 1 ack 2\n> . 2 ack 2 = time-wait\n");
	for (uint16_t i = 12; i < SMALL; i++)
		open_tcp(i, "> S 0\n");
	later(1);
	for (uint16_t i = SMALL; i < SMALL + 4; i++)
		open_tcp(i, OPENED);
	for (uint16_t i = 12; i < SMALL; i++)
		assert_string_equal(tcp_state(i), "none");
	for (uint16_t i = 8; i < 12; i++)
		assert_string_equal(tcp_state(i), "other");
	for (uint16_t i = SMALL + 4; i < SMALL + 8; i++)
		open_tcp(i, OPENED);
	for (uint16_t i = 8; i < SMALL; i++)
		assert_string_equal(tcp_state(i), "none");
	assert_int_equal(stats.flow.evicted, 8);
	later(1);
	open_tcp(SMALL + 8, "> S 0 ! flow-table-full none\n> S 0 ! flow-table-full none\n");
	assert_int_equal(stats.flow.refused, 2);
	for (uint16_t i = 0; i < 8; i++)
		open_tcp(i, "> . 1:101 ack 1 = established\n< . 1 ack 101 = established\n");
	assert_int_equal(stats.flow.flows, SMALL);
	assert_int_equal(stats.flow.half_open, 0);
}

/* A flood, and connections in the midst of it: they lose nothing. */
static void a_flood_pushes_no_connection_out(void **state)
{
	(void)state;
	udp_flows_start(SMALL);
	for (uint16_t i = 0; i < 10; i++)
		open_tcp(i, OPENED);
	for (uint32_t i = 0; i < 20000; i++) {
		udp_flow_receive(i % 60000);
		host_now_ns += 100000;
		if (i % 1000 == 0)
			open_tcp(i / 1000 % 10,
				 "> . 1:101 ack 1 = established\n< . 1 ack 101 = established\n");
	}
	assert_int_equal(stats.flow.created, 20000 - stats.dropped[DROP_FLOW_TABLE_FULL] + 10);
	assert_int_equal(stats.flow.created - stats.flow.flows, stats.flow.evicted + stats.flow.expired);
	for (uint16_t i = 0; i < 10; i++)
		assert_string_equal(tcp_state(i), "established");
}

/* Of flows of one burst none gives way to another: a packet that is on its way goes by its record. */
static void flows_of_this_moment_stay(void **state)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint8_t frame[CRAFT_MAX];

	(void)state;
	udp_flows_start(SMALL);
	for (uint16_t i = 0; i < BURST_MAX; i++) {
		const struct craft craft = udp_flow(i);

		packets[i] = nf_host_frame(frame, craft_frame(&craft, frame), 0);
	}
	appliance_chain(0, packets, BURST_MAX);
	assert_int_equal(stats.forwarded, SMALL);
	assert_int_equal(stats.dropped[DROP_FLOW_TABLE_FULL], BURST_MAX - SMALL);
	assert_int_equal(stats.flow.evicted, 0);
	host_now_ns += 2 * FLOW_TICK_NS;
	udp_flow_receive(100);
	assert_int_equal(stats.flow.evicted, 1);
}

/* What was refused for another reason leaves its record to the next. */
static void records_that_are_given_back_are_used(void **state)
{
	(void)state;
	udp_flows_start(SMALL);
	for (int i = 0; i < 100; i++) {
		uint32_t flow = flow_record_take();

		assert_int_equal(flow, 1);
		flow_record_give_back(flow);
	}
	for (uint16_t i = 0; i < SMALL; i++)
		udp_flow_receive(i);
	assert_int_equal(stats.flow.flows, SMALL);
	assert_int_equal(stats.flow.evicted, 0);
	later(300);
	assert_int_equal(stats.flow.flows, 0);
	assert_int_equal(stats.flow.used, SMALL);
}

/* A flow whose tuples another one has is none. */
static void no_two_flows_have_one_tuple(void **state)
{
	uint32_t first, second;

	(void)state;
	udp_flows_start(SMALL);
	first = flow_record_take();
	flow_records[first].tuple[FLOW_ORIGINAL].source = 1;
	flow_records[first].tuple[FLOW_REPLY].source = 2;
	flow_records[first].state = FLOW_UDP_NEW;
	assert_int_equal(flow_record_enter(first), TRACK_GOOD);
	for (int direction = 0; direction < FLOW_DIRECTIONS; direction++) {
		second = flow_record_take();
		flow_records[second].tuple[direction].source = 3;
		flow_records[second].tuple[!direction].source = 2;
		flow_records[second].state = FLOW_UDP_NEW;
		assert_int_equal(flow_record_enter(second), DROP_NAT_UNTRANSLATABLE);
	}
	assert_int_equal(stats.flow.flows, 1);
	flow_record_end(first);
	assert_int_equal(stats.flow.flows, 0);
}

/* The next source whose tuple belongs in one bucket and, where that is full, in one other; or, not `crowded`,
 * in neither of them. */
static uint32_t next_source(uint32_t source, bool crowded)
{
	const struct flow_bucket *one = &flow_table.buckets[0], *other = &flow_table.buckets[1];

	for (;;) {
		struct flow_tuple tuple = {.source = ++source};
		uint32_t hash = flow_hash(&tuple, NULL);
		const struct flow_bucket *first = flow_bucket_of(hash),
					 *second = flow_other_bucket(first, flow_tag_of(hash));

		if (crowded ? first == one && second == other : first > other && second > other)
			return source;
	}
}

/* Enters a flow with such tuples. Returns what comes of it. */
static enum drop_reason crowd(bool original, bool reply)
{
	static uint32_t source;
	uint32_t flow = flow_record_take();

	assert_int_not_equal(flow, 0);
	flow_records[flow].tuple[FLOW_ORIGINAL].source = source = next_source(source, original);
	flow_records[flow].tuple[FLOW_REPLY].source = source = next_source(source, reply);
	flow_records[flow].state = FLOW_UDP_NEW;
	flow_records[flow].seen = flow_now();
	return flow_record_enter(flow);
}

/* There are records left, and no room for either of the two entries: that is a full table, too, and leaves
 * nothing behind. */
static void full_buckets_are_a_full_table(void **state)
{
	(void)state;
	udp_flows_start(SMALL);
	for (int i = 0; i < BUCKET_ENTRIES - 1; i++)
		assert_int_equal(crowd(true, true), TRACK_GOOD);
	assert_int_equal(crowd(true, false), TRACK_GOOD);
	assert_int_equal(crowd(true, true), DROP_FLOW_TABLE_FULL);
	flow_check();
	assert_int_equal(crowd(false, true), TRACK_GOOD);
	assert_int_equal(crowd(true, false), DROP_FLOW_TABLE_FULL);
	assert_int_equal(crowd(false, true), DROP_FLOW_TABLE_FULL);
	assert_int_equal(crowd(false, false), TRACK_GOOD);
	assert_int_equal(stats.flow.flows, BUCKET_ENTRIES + 2);
	flow_check();
	flow_check_ends();
}

/* A large table has all its memory before a flood comes: ticks see to it, and no flow minds. A small one
 * stays as small as its use. */
static void a_large_table_is_touched_by_ticks(void **state)
{
	enum { LARGE = 100000, UNTOUCHED = 0xa5 }; /* host_shared_memory */

	(void)state;
	udp_flows_start(LARGE);
	for (uint32_t flow = 1; flow <= LARGE; flow++)
		assert_int_equal(flow_records[flow].state, FLOW_FREE);
	udp_flow_receive(0);
	udp_flow_receive(1);
	assert_true(udp_flow_is_known(0) && udp_flow_is_known(1));
	later(1);
	assert_true(udp_flow_is_known(0) && udp_flow_is_known(1));
	udp_flows_start(1024);
	assert_int_equal(flow_records[1].state, UNTOUCHED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(half_open_flows_give_way),
	    cmocka_unit_test(the_oldest_gives_way_whatever_its_protocol),
	    cmocka_unit_test(the_order_of_giving_way),
	    cmocka_unit_test(a_flood_pushes_no_connection_out),
	    cmocka_unit_test(flows_of_this_moment_stay),
	    cmocka_unit_test(records_that_are_given_back_are_used),
	    cmocka_unit_test(no_two_flows_have_one_tuple),
	    cmocka_unit_test(full_buckets_are_a_full_table),
	    cmocka_unit_test(a_large_table_is_touched_by_ticks),
	};

	return cmocka_run_group_tests_name("flow_records", tests, NULL, NULL);
}
