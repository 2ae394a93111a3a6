/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets of one flow that come in one burst. The second is looked for before the first has been judged, so
 * what the first does to the record must reach the second all the same.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { SYN = 2, RST = 4, ACK = 16, SCTP_INIT = 1, SCTP_ABORT = 6, SCTP_SHUTDOWN = 7 };
enum { HEADER = 14 + 20 }; /* where SCTP's is */

#define FROM_LAN(kind) \
	{ \
		.source = "192.0.2.10", .destination = "198.51.100.2", .protocol = kind, \
		.source_port = 1234, .destination_port = 80, \
		.mac = { 2, \
			 0, \
			 0, \
			 0, \
			 0, \
			 1 + LAN } \
	}
#define FROM_WAN(kind) \
	{ \
		.source = "198.51.100.2", .destination = "192.0.2.10", .protocol = kind, .source_port = 80, \
		.destination_port = 1234, \
		.mac = { 2, \
			 0, \
			 0, \
			 0, \
			 0, \
			 1 + WAN } \
	}

static struct rte_mbuf *tcp(uint16_t device, uint8_t flags, uint32_t sequence, uint32_t acknowledgement)
{
	struct craft segment = FROM_LAN(IPPROTO_TCP), answer = FROM_WAN(IPPROTO_TCP);
	uint8_t frame[CRAFT_MAX];

	if (device == WAN)
		segment = answer;
	segment.tcp_flags = flags;
	segment.sequence = sequence;
	segment.acknowledgement = acknowledgement;
	return nf_host_frame(frame, craft_frame(&segment, frame), 0);
}

static struct rte_mbuf *sctp(uint8_t chunk)
{
	struct craft packet = FROM_LAN(IPPROTO_SCTP);
	uint8_t frame[CRAFT_MAX];
	size_t bytes;

	packet.payload = 16;
	bytes = craft_frame(&packet, frame);
	memset(frame + HEADER, 0, 16);
	frame[HEADER + 1] = frame[HEADER + 3] = 7; /* ports */
	frame[HEADER + 12] = chunk;
	return nf_host_frame(frame, bytes, 0);
}

static void receive(uint16_t device, struct rte_mbuf *one, struct rte_mbuf *other)
{
	struct rte_mbuf *burst[BURST_MAX] = {one, other};

	appliance_chain(device, burst, other ? 2 : 1);
}

/* The reset that answers a SYN whose port became another. */
static struct rte_mbuf *answer(uint16_t port)
{
	struct craft segment = FROM_WAN(IPPROTO_TCP);
	uint8_t frame[CRAFT_MAX];

	segment.destination = "198.51.100.1";
	segment.destination_port = port;
	segment.tcp_flags = RST | ACK;
	segment.acknowledgement = 1001;
	return nf_host_frame(frame, craft_frame(&segment, frame), 0);
}

static const char *kept(const char *text)
{
	static char copy[200];

	snprintf(copy, sizeof(copy), "%s", text);
	return copy;
}

/* After a reset, both SYNs of a burst belong to the connection that the first begins. */
static void connection_opens_again(void **state)
{
	(void)state;
	nat_world_clear();
	nf_host_start();
	receive(LAN, tcp(LAN, SYN, 1000, 0), NULL);
	receive(WAN, tcp(WAN, RST | ACK, 0, 1001), NULL);
	assert_int_equal(nf_host.sent_count, 2);
	receive(LAN, tcp(LAN, SYN, 90000, 0), tcp(LAN, SYN, 90000, 0));
	assert_int_equal(nf_host.sent_count, 4);
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nat_world_ends());
	assert_int_equal(stats.flow.flows, 0);
}

/* What ends an association must not touch the record of the one before. */
static void association_opens_again_and_ends(void **state)
{
	(void)state;
	nat_world_clear();
	nf_host_start();
	receive(LAN, sctp(SCTP_INIT), NULL);
	receive(LAN, sctp(SCTP_SHUTDOWN), NULL);
	receive(LAN, sctp(SCTP_INIT), sctp(SCTP_ABORT));
	assert_int_equal(stats.dropped[DROP_SCTP_STATE],
			 1); /* it begins nothing, and was judged as a first packet */
	assert_int_equal(nf_host.sent_count, 3);
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nat_world_ends());
	assert_int_equal(stats.flow.flows, 0);
}

/* A packet before the one that opens again still goes by the old record. */
static void connection_opens_again_behind_a_translated_packet(void **state)
{
	uint16_t port;

	(void)state;
	nat_world_clear();
	nat_add_masquerade(false);
	nf_host_start();
	receive(LAN, tcp(LAN, SYN, 1000, 0), NULL);
	port = nat_last_port();
	receive(WAN, answer(port), NULL);
	assert_true(nat_fits(nat_said(1), "lan tcp 198.51.100.2.80 > 192.0.2.10.1234"));
	receive(LAN, tcp(LAN, ACK, 1001, 0), NULL);
	receive(LAN, tcp(LAN, ACK, 1001, 0), tcp(LAN, SYN, 90000, 0));
	assert_int_equal(nf_host.sent_count, 5);
	assert_true(nat_fits(nat_said(2), "wan tcp 198.51.100.1.* > 198.51.100.2.80"));
	assert_string_equal(kept(nat_said(3)), nat_said(2));
	assert_true(nat_fits(nat_said(4), "wan tcp 198.51.100.1.* > 198.51.100.2.80"));
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nat_world_ends());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connection_opens_again),
	    cmocka_unit_test(association_opens_again_and_ends),
	    cmocka_unit_test(connection_opens_again_behind_a_translated_packet),
	};

	return cmocka_run_group_tests_name("flow_burst", tests, NULL, NULL);
}
