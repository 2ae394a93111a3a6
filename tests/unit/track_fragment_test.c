/* SPDX-License-Identifier: Apache-2.0
 *
 * Fragments and flows: what the first one of a datagram may do, the later ones must not do behind its back.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/craft.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/tcp_script.h"

enum { SYN = 2, RST = 4, ACK = 16, FIN = 1 };

static const struct tcp_script_ends ends = {false, 4242, 1000, 5000};

/* The first or the second of the two fragments of a datagram. */
static struct rte_mbuf *piece(const struct craft *of, bool first)
{
	struct craft craft = *of;
	uint8_t frame[CRAFT_MAX];

	craft.more_fragments = first;
	craft.fragment = first ? 0 : 64;
	craft.payload = first ? craft.payload : 24;
	return nf_host_frame(frame, craft_frame(&craft, frame), 0);
}

static void receive(const struct craft *of, bool first)
{
	struct rte_mbuf *m = piece(of, first);

	appliance_chain(0, &m, 1);
	nf_host_forget();
}

static void receive_pieces(const struct craft *of, bool in_one_burst)
{
	struct rte_mbuf *packets[] = {piece(of, true), piece(of, false)};

	if (in_one_burst) {
		appliance_chain(0, packets, 2);
	} else {
		appliance_chain(0, &packets[0], 1);
		appliance_chain(0, &packets[1], 1);
	}
	nf_host_forget();
}

static struct craft tcp(uint8_t flags)
{
	return (struct craft){.source = "192.0.2.10",
			      .destination = "203.0.113.7",
			      .protocol = IPPROTO_TCP,
			      .source_port = 4242,
			      .destination_port = 80,
			      .tcp_flags = flags,
			      .sequence = 1000,
			      .window = 1000,
			      .payload = 44,
			      .mac = {2, 0, 0, 0, 0, 1}};
}

static const char handshake[] = "> S 0 = syn-sent\n< S. 0 ack 1 = syn-received\n> . 1 ack 1 = established\n";

/* Else somebody's fragments would keep the real connection from opening. */
static void fragments_of_a_refused_segment_begin_nothing(void **state)
{
	static const uint8_t refused[] = {ACK, SYN | ACK, FIN | ACK, RST, RST | ACK, SYN | FIN, 0};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(refused); i++) {
		const struct craft craft = tcp(refused[i / 2]);

		nf_host_start();
		receive_pieces(&craft, i & 1);
		assert_int_equal(stats.forwarded, 0);
		assert_int_equal(stats.flow.flows, 0);
		tcp_script_lines(&ends, "after fragments", handshake);
		assert_true(nf_host_settles());
	}
}

static void nor_where_connections_are_picked_up(void **state)
{
	static const uint8_t refused[] = {SYN | ACK, FIN | ACK, RST, RST | ACK, SYN | FIN, 0};

	(void)state;
	script_loose = true;
	for (size_t i = 0; i < 2 * sizeof(refused); i++) {
		const struct craft craft = tcp(refused[i / 2]);

		nf_host_start();
		receive_pieces(&craft, i & 1);
		assert_int_equal(stats.flow.flows, 0);
		tcp_script_lines(&ends, "after fragments", handshake);
	}
	script_loose = false;
}

static void a_syn_in_pieces_opens(void **state)
{
	const struct craft craft = tcp(SYN);

	(void)state;
	for (int in_one_burst = 0; in_one_burst <= 1; in_one_burst++) {
		nf_host_start();
		receive_pieces(&craft, in_one_burst);
		assert_int_equal(stats.forwarded, 2);
		assert_int_equal(stats.flow.created, 1);
		tcp_script_lines(&ends, "after fragments", handshake);
	}
}

/* Nor do its pieces, where the first one finds no room. */
static void a_syn_in_pieces_without_room_opens_nothing(void **state)
{
	struct craft craft = tcp(SYN);

	(void)state;
	table_capacity = 1;
	nf_host_start();
	tcp_script_lines(&ends, "fragments", handshake);
	craft.source_port = 4243;
	receive_pieces(&craft, true);
	assert_int_equal(stats.dropped[DROP_FLOW_TABLE_FULL], 1);
	assert_int_equal(stats.dropped[DROP_TCP_STATE], 1);
	assert_int_equal(stats.flow.created, 1);
	assert_true(nf_host_settles());
	table_capacity = 1024;
}

/* Two SYNs in pieces, mixed with each other. */
static void pieces_of_two_syns_go_where_they_belong(void **state)
{
	struct craft one = tcp(SYN), other = tcp(SYN);
	struct rte_mbuf *packets[4];

	(void)state;
	nf_host_start();
	other.source_port = 4243;
	other.source = "192.0.2.11";
	packets[0] = piece(&one, true);
	packets[1] = piece(&other, true);
	packets[2] = piece(&other, false);
	packets[3] = piece(&one, false);
	appliance_chain(0, packets, 4);
	nf_host_forget();
	assert_int_equal(stats.forwarded, 4);
	assert_int_equal(stats.flow.created, 2);
	for (int flow = 1; flow <= 2; flow++)
		assert_int_equal(flow_records[flow].packets[FLOW_ORIGINAL], 2);
}

/* Its first one may have been dropped by a rule, or have found no room. */
static void a_later_fragment_begins_no_connection(void **state)
{
	const struct craft craft = tcp(SYN);

	(void)state;
	nf_host_start();
	table_rules[RULE_NEW].action = FIREWALL_DROP;
	receive(&craft, true);
	table_rules[RULE_NEW].action = FIREWALL_ACCEPT;
	receive(&craft, false);
	assert_int_equal(stats.flow.flows, 0);
	tcp_script_lines(&ends, "after fragments", handshake);
}

static void pieces_of_an_established_connection_pass(void **state)
{
	struct craft craft = tcp(ACK);

	(void)state;
	nf_host_start();
	tcp_script_lines(&ends, "fragments", handshake);
	craft.sequence = 1001;
	craft.acknowledgement = 5001;
	receive_pieces(&craft, true);
	receive_pieces(&craft, false);
	assert_int_equal(stats.forwarded, 3 + 2 + 2);
	tcp_script_lines(&ends, "fragments", "< . 1 ack 69 = established\n> . 69 ack 1 = established\n");
}

/* A first fragment says where it begins, not where it ends. */
static void a_piece_out_of_the_window_is_refused(void **state)
{
	struct craft craft = tcp(ACK);

	(void)state;
	nf_host_start();
	tcp_script_lines(&ends, "fragments", handshake);
	craft.sequence = 1000 + 1002;
	craft.acknowledgement = 5001;
	receive_pieces(&craft, false);
	assert_int_equal(stats.dropped[DROP_TCP_WINDOW], 1);
}

static void sctp_begins_with_a_whole_packet(void **state)
{
	struct craft craft = tcp(0);

	(void)state;
	craft.protocol = IPPROTO_SCTP;
	craft.chunk = 6;
	craft.payload = 48;
	nf_host_start();
	receive_pieces(&craft, true);
	receive_pieces(&craft, false);
	assert_int_equal(stats.flow.flows, 0);
	assert_int_equal(stats.forwarded, 0);
}

static void udp_is_one_flow(void **state)
{
	struct craft craft = tcp(0);

	(void)state;
	craft.protocol = IPPROTO_UDP;
	craft.payload = 56;
	nf_host_start();
	receive_pieces(&craft, true);
	assert_int_equal(stats.forwarded, 2);
	assert_int_equal(stats.flow.created, 1);
	assert_int_equal(flow_records[1].packets[FLOW_ORIGINAL], 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fragments_of_a_refused_segment_begin_nothing),
	    cmocka_unit_test(nor_where_connections_are_picked_up),
	    cmocka_unit_test(a_syn_in_pieces_opens),
	    cmocka_unit_test(a_syn_in_pieces_without_room_opens_nothing),
	    cmocka_unit_test(pieces_of_two_syns_go_where_they_belong),
	    cmocka_unit_test(a_later_fragment_begins_no_connection),
	    cmocka_unit_test(pieces_of_an_established_connection_pass),
	    cmocka_unit_test(a_piece_out_of_the_window_is_refused),
	    cmocka_unit_test(sctp_begins_with_a_whole_packet),
	    cmocka_unit_test(udp_is_one_flow),
	};

	return cmocka_run_group_tests_name("track_fragment", tests, NULL, NULL);
}
