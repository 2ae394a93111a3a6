/* SPDX-License-Identifier: Apache-2.0
 *
 * What NAT writes into packets: every kind that there is goes out and its answer comes back, as a flow's
 * first packet and as a later one, and every checksum is computed anew.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { SYN = 2, ACK = 16, ETHERNET = 14, IPV4 = 20, IPV6 = 40, ROUNDS = 200 };

/* A fixed port, so that all of what leaves is known. */
static void start(void)
{
	nat_world_clear();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct nat_source_rule *rule = nat_add_masquerade(ipv6);

		rule->port_low = rule->port_high = 5000;
	}
	nf_host_start();
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* An end-to-end checksum that is to be finished below: the pseudo-header's sum stands in its place. */
static void make_partial(uint8_t *frame, size_t bytes, uint8_t protocol, bool ipv6)
{
	uint8_t *ip = frame + ETHERNET, *transport = ip + (ipv6 ? IPV6 : IPV4);
	uint32_t sum = ipv6 ? craft_sum(ip + 8, 32, 0) : craft_sum(ip + 12, 8, 0);

	sum += protocol + bytes - (transport - frame);
	put16(transport + (protocol == IPPROTO_TCP ? 16 : 6), sum % 0xffff);
}

enum shape { WHOLE, PARTIAL, SUPER, NO_CHECKSUM, WRONG };

static const struct {
	const char *name;
	struct craft out;
	enum shape shape;
	const char *leaves, *returns;
} kinds[] = {
#define V4    .source = "192.0.2.10", .destination = "203.0.113.1"
#define V6    .source = "2001:db8:1::10", .destination = "2001:db8:f::1"
#define PORTS .source_port = 4000, .destination_port = 80
#define OUT4  " 198.51.100.1.5000 > 203.0.113.1.80"
#define BACK4 " 203.0.113.1.80 > 192.0.2.10.4000"
#define OUT6  " 2001:db8:2::1.5000 > 2001:db8:f::1.80"
#define BACK6 " 2001:db8:f::1.80 > 2001:db8:1::10.4000"
    {"UDP", {V4, IPPROTO_UDP, PORTS, .payload = 100}, WHOLE, "wan udp" OUT4, "lan udp" BACK4},
    {"UDP, odd length", {V4, IPPROTO_UDP, PORTS, .payload = 101}, WHOLE, "wan udp" OUT4, "lan udp" BACK4},
    {"UDP, empty", {V4, IPPROTO_UDP, PORTS}, WHOLE, "wan udp" OUT4, "lan udp" BACK4},
    {"UDP without a checksum",
     {V4, IPPROTO_UDP, PORTS, .payload = 9},
     NO_CHECKSUM,
     "wan udp" OUT4,
     "lan udp" BACK4},
    {"UDP, partial", {V4, IPPROTO_UDP, PORTS, .payload = 9}, PARTIAL, "wan udp" OUT4, "lan udp" BACK4},
    {"TCP", {V4, IPPROTO_TCP, PORTS, SYN}, WHOLE, "wan tcp" OUT4, "lan tcp" BACK4},
    {"TCP, partial", {V4, IPPROTO_TCP, PORTS, SYN}, PARTIAL, "wan tcp" OUT4, "lan tcp" BACK4},
    {"TCP, super-frame",
     {V4, IPPROTO_TCP, PORTS, SYN, .payload = 1400},
     SUPER,
     "wan tcp" OUT4,
     "lan tcp" BACK4},
    {"UDP over IPv6", {V6, IPPROTO_UDP, PORTS, .payload = 33}, WHOLE, "wan udp" OUT6, "lan udp" BACK6},
    {"UDP over IPv6, partial",
     {V6, IPPROTO_UDP, PORTS, .payload = 9},
     PARTIAL,
     "wan udp" OUT6,
     "lan udp" BACK6},
    {"TCP over IPv6", {V6, IPPROTO_TCP, PORTS, SYN}, WHOLE, "wan tcp" OUT6, "lan tcp" BACK6},
    {"TCP over IPv6, partial", {V6, IPPROTO_TCP, PORTS, SYN}, PARTIAL, "wan tcp" OUT6, "lan tcp" BACK6},
    {"echo",
     {V4, IPPROTO_ICMP, 7, 8 << 8, .payload = 5},
     WHOLE,
     "wan icmp 8/0 198.51.100.1 > 203.0.113.1 id 5000",
     "lan icmp 0/0 203.0.113.1 > 192.0.2.10 id 7"},
    {"echo of nothing but zeros",
     {V4, IPPROTO_ICMP, 0, 8 << 8},
     WHOLE,
     "wan icmp 8/0 198.51.100.1 > 203.0.113.1 id 5000",
     "lan icmp 0/0 203.0.113.1 > 192.0.2.10 id 0"},
    {"timestamp",
     {V4, IPPROTO_ICMP, 7, 13 << 8, .payload = 12},
     WHOLE,
     "wan icmp 13/0 198.51.100.1 > 203.0.113.1 id 5000",
     "lan icmp 14/0 203.0.113.1 > 192.0.2.10 id 7"},
    {"echo over IPv6",
     {V6, IPPROTO_ICMPV6, 7, 128 << 8, .payload = 5},
     WHOLE,
     "wan icmp 128/0 2001:db8:2::1 > 2001:db8:f::1 id 5000",
     "lan icmp 129/0 2001:db8:f::1 > 2001:db8:1::10 id 7"},
    {"GRE",
     {V4, IPPROTO_GRE, .payload = 30},
     WHOLE,
     "wan 47 198.51.100.1 > 203.0.113.1",
     "lan 47 203.0.113.1 > 192.0.2.10"},
    {"ESP over IPv6",
     {V6, IPPROTO_ESP, .payload = 30},
     WHOLE,
     "wan 50 2001:db8:2::1 > 2001:db8:f::1",
     "lan 50 2001:db8:f::1 > 2001:db8:1::10"},
};

static struct rte_mbuf *make(uint8_t port, const struct craft *craft, enum shape shape)
{
	bool ipv6 = strchr(craft->source, ':');
	uint8_t frame[CRAFT_MAX], *transport = frame + ETHERNET + (ipv6 ? IPV6 : IPV4);
	struct craft sent = *craft;
	struct rte_mbuf *m;
	size_t bytes;

	memcpy(sent.mac, port_configs[port].mac, sizeof(sent.mac));
	bytes = craft_frame(&sent, frame);
	if (shape == PARTIAL || shape == SUPER)
		make_partial(frame, bytes, craft->protocol, ipv6);
	if (shape == NO_CHECKSUM)
		put16(transport + 6, 0);
	m = nf_host_frame(frame, bytes, 0);
	m->ol_flags |= shape != PARTIAL && shape != SUPER ? 0
		       : craft->protocol == IPPROTO_TCP	  ? RTE_MBUF_F_TX_TCP_CKSUM
							  : RTE_MBUF_F_TX_UDP_CKSUM;
	if (shape == SUPER) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = 500;
	}
	return m;
}

static struct craft answer_to(const struct craft *out)
{
	bool ipv6 = strchr(out->source, ':'), icmp = out->protocol == IPPROTO_ICMP,
	     icmp6 = out->protocol == IPPROTO_ICMPV6;
	struct craft answer = *out;

	answer.source = out->destination;
	answer.destination = ipv6 ? "2001:db8:2::1" : "198.51.100.1";
	answer.source_port = icmp || icmp6 ? 5000 : out->destination_port;
	answer.destination_port = icmp6	 ? 129 << 8
				  : icmp ? (out->destination_port == 8 << 8 ? 0 : 14 << 8)
					 : 5000;
	if (out->protocol == IPPROTO_TCP) {
		answer.tcp_flags = SYN | ACK;
		answer.acknowledgement = out->sequence + out->payload + 1;
		answer.payload = 0;
	}
	return answer;
}

/* The first goes by the rules, the ones after it by the record. */
static void all_kinds_go_out_and_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct craft *out = &kinds[i].out;
		struct craft answer = answer_to(out);

		print_message("# %s\n", kinds[i].name);
		start();
		for (int j = 0; j < 3; j++) {
			enum shape back = kinds[i].shape == SUPER ? PARTIAL : kinds[i].shape;

			assert_true(
			    nat_fits(nat_pass_packet(LAN, make(LAN, out, kinds[i].shape)), kinds[i].leaves));
			assert_true(
			    nat_fits(nat_pass_packet(WAN, make(WAN, &answer, back)), kinds[i].returns));
		}
		assert_int_equal(stats.flow.flows, 1);
		assert_true(nat_world_ends());
	}
}

/* UDP without a checksum has none when it leaves. */
static void no_checksum_stays_none(void **state)
{
	const struct craft out = {V4, IPPROTO_UDP, PORTS, .payload = 9};
	uint32_t bytes;

	(void)state;
	start();
	for (int i = 0; i < 2; i++) {
		nat_pass_packet(LAN, make(LAN, &out, NO_CHECKSUM));
		assert_int_equal(get16(nf_host_sent_bytes(0, &bytes) + ETHERNET + IPV4 + 6), 0);
	}
	assert_true(nat_world_ends());
}

/* RFC 768: a checksum that comes to 0 is sent as 0xffff. The payload is tried until one does. */
static void zero_is_sent_as_its_other_form(void **state)
{
	uint8_t frame[CRAFT_MAX];
	uint32_t bytes, met = 0;

	(void)state;
	for (int later = 0; later < 2; later++) {
		struct craft craft = {V4, IPPROTO_UDP, PORTS, .payload = 2};
		size_t length;
		const uint8_t *udp;

		start();
		memcpy(craft.mac, port_configs[LAN].mac, sizeof(craft.mac));
		length = craft_frame(&craft, frame);
		for (int i = 0; i < later; i++)
			nat_pass_frame(LAN, frame, length);
		/* What the checksum lacks to 0xffff in the packet that leaves goes into the payload. */
		nat_pass_frame(LAN, frame, length);
		udp = nf_host_sent_bytes(0, &bytes) + ETHERNET + IPV4;
		put16(frame + length - 2, craft_sum(udp + 6, 2, get16(frame + length - 2)));
		put16(frame + ETHERNET + IPV4 + 6, 0);
		put16(
		    frame + ETHERNET + IPV4 + 6,
		    ~craft_sum(frame + ETHERNET + IPV4, length - ETHERNET - IPV4,
			       craft_sum(frame + ETHERNET + 12, 8, IPPROTO_UDP + length - ETHERNET - IPV4)));
		nat_pass_frame(LAN, frame, length);
		udp = nf_host_sent_bytes(0, &bytes) + ETHERNET + IPV4;
		met += get16(udp + 6) == 0xffff;
		assert_int_not_equal(get16(udp + 6), 0);
		assert_true(nat_world_ends());
	}
	assert_int_equal(met, 2);
}

/* RFC 1624, and what a receiver can rely on: a packet that was damaged on its way is still damaged. */
static void wrong_stays_wrong(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct craft craft = {V4, protocols[i], PORTS, SYN};

		start();
		assert_true(nat_fits(nat_pass(LAN, &craft), "wan *.80"));
		craft.bad_checksum = true;
		assert_true(nat_fits(nat_pass(LAN, &craft), "wan *.80 CHECKSUM"));
		assert_true(nat_world_ends());
	}
}

/* SCTP's CRC32c covers neither addresses nor IP header: what follows that is not touched. */
static void sctp_changes_addresses_only(void **state)
{
	struct craft craft = {V4, IPPROTO_SCTP, 42405, 42405, .chunk = 1, .payload = 40};
	uint8_t frame[CRAFT_MAX];
	uint32_t length;
	size_t bytes;

	(void)state;
	start();
	memcpy(craft.mac, port_configs[LAN].mac, sizeof(craft.mac));
	bytes = craft_frame(&craft, frame);
	frame[ETHERNET + IPV4 + 12] = 1; /* INIT */
	for (int i = 0; i < 2; i++) {
		assert_string_equal(nat_pass_frame(LAN, frame, bytes),
				    "wan sctp 198.51.100.1.42405 > 203.0.113.1.42405");
		assert_memory_equal(nf_host_sent_bytes(0, &length) + ETHERNET + IPV4, frame + ETHERNET + IPV4,
				    40);
		assert_int_equal(length, bytes);
	}
	/* Another host with that port and peer can't be told from the first. */
	craft.source = "192.0.2.11";
	bytes = craft_frame(&craft, frame);
	frame[ETHERNET + IPV4 + 12] = 1;
	assert_string_equal(nat_pass_frame(LAN, frame, bytes), "");
	assert_int_equal(stats.dropped[DROP_NAT_UNTRANSLATABLE], 1);
	assert_true(nat_world_ends());
}

/* The two halves of a UDP datagram of 1008 bytes, as frames. */
struct halves {
	uint8_t frame[2][CRAFT_MAX];
	size_t bytes[2], header;
};

static struct halves cut(const struct craft *whole)
{
	struct craft part[2] = {*whole, *whole};
	struct halves halves;
	bool ipv6 = strchr(whole->source, ':');
	uint8_t frame[CRAFT_MAX];

	craft_frame(whole, frame);
	part[0].payload = 504;
	part[0].more_fragments = true;
	part[1].fragment = 512;
	part[1].payload = 496;
	halves.header = ETHERNET + (ipv6 ? IPV6 + 8 : IPV4);
	for (int i = 0; i < 2; i++) {
		memcpy(part[i].mac, port_configs[LAN].mac, 6);
		halves.bytes[i] = craft_frame(&part[i], halves.frame[i]);
	}
	memcpy(halves.frame[0] + halves.header, frame + ETHERNET + (ipv6 ? IPV6 : IPV4), 512);
	return halves;
}

/* Puts what was sent together, and checks the sum over the datagram. */
static void assert_datagram(size_t header, bool ipv6, uint32_t first)
{
	uint8_t datagram[1008];
	const uint8_t *sent;
	uint32_t length, sum;

	assert_true(nat_fits(nat_said(first), "wan *fragment"));
	assert_true(nat_fits(nat_said(!first), "wan *fragment"));
	sent = nf_host_sent_bytes(!first, &length);
	memcpy(datagram + 512, sent + header, 496);
	sent = nf_host_sent_bytes(first, &length);
	memcpy(datagram, sent + header, 512);
	sum = craft_sum(sent + ETHERNET + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, IPPROTO_UDP + 1008);
	assert_int_equal(craft_sum(datagram, 1008, sum), 0xffff);
	assert_int_equal(get16(datagram), 5000);
}

/* RFC 4787, REQ-14: fragments in their order and out of it, of a flow's first datagram and of a later one. */
static void fragments_are_one_datagram(void **state)
{
	static const struct craft wholes[] = {{V4, IPPROTO_UDP, PORTS, .payload = 1000},
					      {V6, IPPROTO_UDP, PORTS, .payload = 1000}};

	(void)state;
	for (int row = 0; row < 8; row++) {
		bool ipv6 = row & 1, out_of_order = row & 2, later = row & 4;
		struct craft before = wholes[ipv6];
		struct halves halves = cut(&wholes[ipv6]);

		start();
		before.payload = 4;
		if (later)
			nat_pass(LAN, &before);
		nf_host_forget();
		nf_host_receive(LAN, halves.frame[out_of_order], halves.bytes[out_of_order]);
		nf_host_receive(LAN, halves.frame[!out_of_order], halves.bytes[!out_of_order]);
		assert_int_equal(nf_host.sent_count, 2);
		assert_datagram(halves.header, ipv6, strstr(nat_said(0), ".5000 ") ? 0 : 1);
		assert_int_equal(stats.flow.flows, 1);
		assert_true(nat_world_ends());
	}
}

/* Any addresses, ports and bytes: there and back is what it was, checksums and all. */
static void there_and_back_is_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		bool ipv6 = host_random() % 2;
		struct craft out = {.protocol = host_random() % 2 ? IPPROTO_TCP : IPPROTO_UDP,
				    .source_port = host_random(),
				    .destination_port = host_random(),
				    .tcp_flags = SYN,
				    .sequence = host_random(),
				    .payload = host_random() % 100};
		char from[40], to[40];

		snprintf(from, sizeof(from), ipv6 ? "2001:db8:1::%x" : "192.0.2.%d",
			 10 + (int)(host_random() % 3));
		snprintf(to, sizeof(to), ipv6 ? "2001:db8:f::%x" : "203.0.113.%d",
			 1 + (int)(host_random() % 254));
		out.source = from;
		out.destination = to;
		start();
		nat_sources[0].port_low = nat_sources[1].port_low = 1;
		nat_sources[0].port_high = nat_sources[1].port_high = 65535;
		for (int j = 0; j < 2; j++)
			assert_null(strstr(nat_pass(LAN, &out), "CHECKSUM"));
		assert_int_equal(nf_host.sent_count, 1);
		assert_true(nat_world_ends());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_kinds_go_out_and_come_back), cmocka_unit_test(no_checksum_stays_none),
	    cmocka_unit_test(zero_is_sent_as_its_other_form), cmocka_unit_test(wrong_stays_wrong),
	    cmocka_unit_test(sctp_changes_addresses_only),    cmocka_unit_test(fragments_are_one_datagram),
	    cmocka_unit_test(there_and_back_is_the_same),
	};

	return cmocka_run_group_tests_name("nat_rewrite", tests, NULL, NULL);
}
