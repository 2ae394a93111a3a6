/* SPDX-License-Identifier: Apache-2.0
 *
 * Port forwarding, 1:1 and hairpinning, and what becomes of packets to external addresses that stand for
 * nobody.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { SYN = 2, ACK = 16, ECHO = 8 << 8, ECHO6 = 128 << 8, ETHERNET = 14 };

#define TCP4(from, from_port, to, to_port) \
	{ \
		.source = from, .destination = to, .protocol = IPPROTO_TCP, .source_port = from_port, \
		.destination_port = to_port, .tcp_flags = SYN \
	}
#define UDP4(from, from_port, to, to_port) \
	{ \
		.source = from, .destination = to, .protocol = IPPROTO_UDP, .source_port = from_port, \
		.destination_port = to_port, .payload = 4 \
	}
#define PING(from, to) \
	{ \
		.source = from, .destination = to, .protocol = IPPROTO_ICMP, .source_port = 7, \
		.destination_port = ECHO \
	}

static void begin(void)
{
	nat_world_clear();
}

/* tcp 8000 - 8009 to .11 from 80 on, tcp 22 as it is to .12 for 203.0.113.0/25 only, udp at an address of its
 * own to dmz, and all that comes to 198.51.100.65. */
static void add_forwards(void)
{
	struct nat_destination_rule *rule;

	nat_add_forward(IPPROTO_TCP, 8000, 8009, "192.0.2.11", 80);
	nat_add_forward(IPPROTO_TCP, 22, 22, "192.0.2.12", 0)->source = nat_prefix("203.0.113.0", 25);
	rule = nat_add_forward(IPPROTO_UDP, 53, 53, "192.0.2.130", 5353);
	rule->any_address = false;
	rule->address = nat_address("198.51.100.64");
	rule = nat_add_forward(0, 0, 65535, "192.0.2.130", 0);
	rule->any_address = false;
	rule->address = nat_address("198.51.100.65");
	rule = nat_add_forward(0, 2048, 2048, "192.0.2.130", 2048);
	rule->any_address = false;
	rule->address = nat_address("198.51.100.66");
}

static const struct {
	const char *name;
	struct craft packet;
	const char *leaves;
	enum drop_reason reason; /* where nothing leaves */
} forwards[] = {
    {"first port of a range", TCP4("203.0.113.1", 1234, "198.51.100.1", 8000),
     "lan tcp 203.0.113.1.1234 > 192.0.2.11.80", 0},
    {"last port of a range", TCP4("203.0.113.1", 1234, "198.51.100.1", 8009),
     "lan tcp 203.0.113.1.1234 > 192.0.2.11.89", 0},
    {"before the range", TCP4("203.0.113.1", 1234, "198.51.100.1", 7999), "", DROP_LOCAL_UNWANTED},
    {"after the range", TCP4("203.0.113.1", 1234, "198.51.100.1", 8010), "", DROP_LOCAL_UNWANTED},
    {"other protocol", UDP4("203.0.113.1", 1234, "198.51.100.1", 8000), "wan icmp 3/3 *",
     DROP_LOCAL_UNWANTED},
    {"port as it is", TCP4("203.0.113.1", 1234, "198.51.100.1", 22),
     "lan tcp 203.0.113.1.1234 > 192.0.2.12.22", 0},
    {"source that may not", TCP4("203.0.113.129", 1234, "198.51.100.1", 22), "", DROP_LOCAL_UNWANTED},
    {"address of its own", UDP4("203.0.113.1", 1234, "198.51.100.64", 53),
     "dmz udp 203.0.113.1.1234 > 192.0.2.130.5353", 0},
    {"other port of that address", UDP4("203.0.113.1", 1234, "198.51.100.64", 54), "", DROP_NAT_UNMAPPED},
    {"all ports, tcp", TCP4("203.0.113.1", 1234, "198.51.100.65", 8000),
     "dmz tcp 203.0.113.1.1234 > 192.0.2.130.8000", 0},
    {"all ports, echo", PING("203.0.113.1", "198.51.100.65"), "dmz icmp 8/0 203.0.113.1 > 192.0.2.130 id 7",
     0},
    {"all ports, no ports",
     {.source = "203.0.113.1", .destination = "198.51.100.65", .protocol = IPPROTO_GRE, .payload = 4},
     "dmz 47 203.0.113.1 > 192.0.2.130",
     0},
    {"ports of all protocols that have some", TCP4("203.0.113.1", 1234, "198.51.100.66", 2048),
     "dmz tcp 203.0.113.1.1234 > 192.0.2.130.2048", 0},
    {"type and code are no port", PING("203.0.113.1", "198.51.100.66"), "", DROP_NAT_UNMAPPED},
    {"not to us at all", TCP4("203.0.113.1", 1234, "192.0.2.10", 8000),
     "lan tcp 203.0.113.1.1234 > 192.0.2.10.8000", 0},
};

static void ports_are_forwarded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forwards) / sizeof(forwards[0]); i++) {
		print_message("# %s\n", forwards[i].name);
		begin();
		add_forwards();
		nf_host_start();
		assert_true(nat_fits(nat_pass(WAN, &forwards[i].packet), forwards[i].leaves));
		assert_int_equal(stats.dropped[forwards[i].reason], forwards[i].reason ? 1 : 0);
		assert_true(nat_world_ends());
	}
}

static void forwarded_flow_is_answered(void **state)
{
	struct craft in = TCP4("203.0.113.1", 1234, "198.51.100.1", 8004);
	struct craft answer = TCP4("192.0.2.11", 84, "203.0.113.1", 1234);

	(void)state;
	begin();
	add_forwards();
	nat_add_masquerade(false);
	nf_host_start();
	nat_pass(WAN, &in);
	answer.tcp_flags = SYN | ACK;
	answer.acknowledgement = 1;
	assert_string_equal(nat_pass(LAN, &answer), "wan tcp 198.51.100.1.8004 > 203.0.113.1.1234");
	in.tcp_flags = ACK;
	in.sequence = in.acknowledgement = 1;
	assert_string_equal(nat_pass(WAN, &in), "lan tcp 203.0.113.1.1234 > 192.0.2.11.84");
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nat_world_ends());
}

/* SCTP has a checksum over its ports: a forwarding that changes them can't be done, one that keeps them can.
 */
static void sctp_keeps_its_ports(void **state)
{
	static const struct {
		uint16_t to_port;
		const char *leaves;
	} rows[] = {{0, "lan sctp 203.0.113.1.42405 > 192.0.2.11.42405"},
		    {42405, "lan sctp 203.0.113.1.42405 > 192.0.2.11.42405"},
		    {80, ""}};
	struct craft craft = {.source = "203.0.113.1",
			      .destination = "198.51.100.1",
			      .protocol = IPPROTO_SCTP,
			      .source_port = 42405,
			      .destination_port = 42405,
			      .chunk = 1,
			      .payload = 32};

	(void)state;
	for (int i = 0; i < 3; i++) {
		uint8_t frame[CRAFT_MAX];
		size_t bytes;

		begin();
		nat_add_forward(IPPROTO_SCTP, 42405, 42405, "192.0.2.11", rows[i].to_port);
		nf_host_start();
		memcpy(craft.mac, port_configs[WAN].mac, 6);
		bytes = craft_frame(&craft, frame);
		frame[ETHERNET + 20 + 12] = 1; /* INIT; the ports are 0xa5a5 */
		assert_string_equal(nat_pass_frame(WAN, frame, bytes), rows[i].leaves);
		assert_int_equal(stats.dropped[DROP_NAT_UNTRANSLATABLE], rows[i].leaves[0] == '\0');
		assert_true(nat_world_ends());
	}
}

/* What nobody can write the checksum or signature of again is not half translated. */
static void some_protocols_are_untranslatable(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_AH, IPPROTO_DCCP, IPPROTO_UDPLITE};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct craft craft = {.source = "192.0.2.10",
				      .destination = "203.0.113.1",
				      .protocol = protocols[i],
				      .payload = 40};

		begin();
		nat_add_masquerade(false);
		nat_add_forward(0, 0, 65535, "192.0.2.11", 0);
		nf_host_start();
		assert_string_equal(nat_pass(LAN, &craft), "");
		craft.source = "203.0.113.1";
		craft.destination = "198.51.100.1";
		assert_string_equal(nat_pass(WAN, &craft), "");
		assert_int_equal(stats.dropped[DROP_NAT_UNTRANSLATABLE], 2);
		assert_true(nat_world_ends());
	}
}

/* In IPv6 the signature is a header before UDP's, and covers the addresses all the same. */
static void what_is_signed_is_untranslatable(void **state)
{
	static const uint8_t authentication[24] = {IPPROTO_UDP, sizeof(authentication) / 4 - 2};
	const struct craft craft = {.source = "2001:db8:1::10",
				    .destination = "2001:db8:f::1",
				    .protocol = IPPROTO_UDP,
				    .source_port = 4000,
				    .destination_port = 53,
				    .payload = 8,
				    .mac = {2, 0, 0, 0, 0, 1}};
	enum { HEADERS = ETHERNET + 40 };
	uint8_t plain[CRAFT_MAX], frame[CRAFT_MAX];
	size_t bytes;

	(void)state;
	begin();
	nat_add_masquerade(true);
	nf_host_start();
	bytes = craft_frame(&craft, plain);
	memcpy(plain, port_configs[LAN].mac, 6);
	assert_string_not_equal(nat_pass_frame(LAN, plain, bytes), "");
	begin();
	nat_add_masquerade(true);
	nf_host_start();
	memcpy(frame, plain, HEADERS);
	memcpy(frame + HEADERS, authentication, sizeof(authentication));
	memcpy(frame + HEADERS + sizeof(authentication), plain + HEADERS, bytes - HEADERS);
	frame[ETHERNET + 5] += sizeof(authentication); /* payload length */
	frame[ETHERNET + 6] = IPPROTO_AH;
	assert_string_equal(nat_pass_frame(LAN, frame, bytes + sizeof(authentication)), "");
	assert_int_equal(stats.dropped[DROP_NAT_UNTRANSLATABLE], 1);
	assert_true(nat_world_ends());
}

/* 198.51.100.80/30 stands for 192.0.2.8/30. */
static const struct {
	const char *name;
	uint8_t port;
	struct craft packet;
	const char *leaves;
} statics[] = {
    {"out", LAN, TCP4("192.0.2.10", 4000, "203.0.113.1", 80), "wan tcp 198.51.100.82.4000 > 203.0.113.1.80"},
    {"out, echo", LAN, PING("192.0.2.11", "203.0.113.1"), "wan icmp 8/0 198.51.100.83 > 203.0.113.1 id 7"},
    {"out, no ports",
     LAN,
     {.source = "192.0.2.10", .destination = "203.0.113.1", .protocol = IPPROTO_ESP, .payload = 24},
     "wan 50 198.51.100.82 > 203.0.113.1"},
    {"in", WAN, UDP4("203.0.113.1", 4000, "198.51.100.82", 80), "lan udp 203.0.113.1.4000 > 192.0.2.10.80"},
    {"in, echo", WAN, PING("203.0.113.1", "198.51.100.82"), "lan icmp 8/0 203.0.113.1 > 192.0.2.10 id 7"},
    {"another inside: by the rules", LAN, TCP4("192.0.2.12", 4000, "203.0.113.1", 80),
     "wan tcp 198.51.100.1.* > 203.0.113.1.80"},
    {"not out by wan", LAN, TCP4("192.0.2.10", 4000, "192.0.2.130", 80),
     "dmz tcp 192.0.2.10.4000 > 192.0.2.130.80"},
    {"hairpin", LAN, TCP4("192.0.2.10", 4000, "198.51.100.83", 80),
     "lan tcp 198.51.100.82.4000 > 192.0.2.11.80"},
    {"hairpin of echo", LAN, PING("192.0.2.10", "198.51.100.83"),
     "lan icmp 8/0 198.51.100.82 > 192.0.2.11 id 7"},
    {"hairpin of one who has no such address", LAN, UDP4("192.0.2.12", 4000, "198.51.100.82", 80),
     "lan udp 198.51.100.*.* > 192.0.2.10.80"},
    {"hairpin out of dmz", DMZ, UDP4("192.0.2.130", 4000, "198.51.100.82", 80),
     "lan udp 198.51.100.*.* > 192.0.2.10.80"},
};

static void one_to_one_goes_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(statics) / sizeof(statics[0]); i++) {
		print_message("# %s\n", statics[i].name);
		begin();
		nat_add_static("198.51.100.80", "192.0.2.8", 30);
		nat_add_masquerade(false);
		nf_host_start();
		assert_true(nat_fits(nat_pass(statics[i].port, &statics[i].packet), statics[i].leaves));
		assert_true(nat_world_ends());
	}
}

static void one_to_one_is_answered(void **state)
{
	struct craft in = UDP4("203.0.113.1", 4000, "198.51.100.82", 80),
		     back = UDP4("192.0.2.10", 80, "203.0.113.1", 4000);

	(void)state;
	begin();
	nat_add_static("198.51.100.80", "192.0.2.8", 30);
	nf_host_start();
	nat_pass(WAN, &in);
	assert_string_equal(nat_pass(LAN, &back), "wan udp 198.51.100.82.80 > 203.0.113.1.4000");
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nat_world_ends());
}

static void one_to_one_of_ipv6(void **state)
{
	struct craft out = UDP4("2001:db8:1::10", 4000, "2001:db8:f::1", 80),
		     in = UDP4("2001:db8:f::2", 80, "2001:db8:a::11", 4001);

	(void)state;
	begin();
	nat_add_static("2001:db8:a::", "2001:db8:1::", 64);
	nf_host_start();
	assert_string_equal(nat_pass(LAN, &out), "wan udp 2001:db8:a::10.4000 > 2001:db8:f::1.80");
	assert_string_equal(nat_pass(WAN, &in), "lan udp 2001:db8:f::2.80 > 2001:db8:1::11.4001");
	assert_true(nat_world_ends());
}

/* RFC 4787, REQ-9 and 9a, RFC 5382, REQ-8: both see each other by external endpoints only. */
static void mapped_hosts_meet_by_hairpin(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP};

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct craft b_out = UDP4("192.0.2.11", 5000, "203.0.113.1", 53),
			     a_out = UDP4("192.0.2.10", 4000, "203.0.113.1", 53),
			     a_to_b = UDP4("192.0.2.10", 4000, "198.51.100.1", 0),
			     b_to_a = UDP4("192.0.2.11", 5000, "198.51.100.1", 0);
		uint16_t a, b;
		char wanted[80];

		b_out.protocol = a_out.protocol = a_to_b.protocol = b_to_a.protocol = protocols[i / 3];
		b_out.tcp_flags = a_out.tcp_flags = a_to_b.tcp_flags = SYN;
		b_to_a.tcp_flags = SYN | ACK;
		b_to_a.acknowledgement = 1;
		a_to_b.payload = b_to_a.payload = 0;
		begin();
		nat_add_masquerade(false)->filtering = i % 3; /* who is inside is not filtered */
		nf_host_start();
		nat_pass(LAN, &b_out);
		b = nat_last_port();
		nat_pass(LAN, &a_out);
		a = nat_last_port();
		a_to_b.destination_port = b;
		b_to_a.destination_port = a;
		snprintf(wanted, sizeof(wanted), "lan * 198.51.100.1.%u > 192.0.2.11.5000", a);
		assert_true(nat_fits(nat_pass(LAN, &a_to_b), wanted));
		snprintf(wanted, sizeof(wanted), "lan * 198.51.100.1.%u > 192.0.2.10.4000", b);
		assert_true(nat_fits(nat_pass(LAN, &b_to_a), wanted));
		assert_int_equal(stats.flow.flows, 3);
		assert_true(nat_world_ends());
	}
}

/* A forwarded service is reached from inside by its external address, on the same link and from another. */
static void forwarded_service_is_reached_by_hairpin(void **state)
{
	struct craft to_web = TCP4("192.0.2.10", 4000, "198.51.100.1", 8000),
		     answer = TCP4("192.0.2.11", 80, "198.51.100.1", 0);
	char wanted[80];

	(void)state;
	for (int masquerades = 0; masquerades < 2; masquerades++) {
		begin();
		add_forwards();
		if (masquerades)
			nat_add_masquerade(false);
		nf_host_start();
		assert_true(nat_fits(nat_pass(LAN, &to_web), "lan tcp *.* > 192.0.2.11.80"));
		assert_null(strstr(nat_said(0), "tcp 192.0.2.10."));
		sscanf(nat_said(0), "lan tcp %63[0-9.] >", wanted);
		wanted[strlen(wanted) - 6] = '\0'; /* what is left of "address.port" is the address */
		answer.destination = wanted[strlen(wanted) - 1] == '.' ? "198.51.100.1" : wanted;
		answer.destination_port = nat_last_port();
		answer.tcp_flags = SYN | ACK;
		answer.acknowledgement = 1;
		assert_string_equal(nat_pass(LAN, &answer), "lan tcp 198.51.100.1.8000 > 192.0.2.10.4000");
		assert_int_equal(stats.flow.flows, 1);
		assert_true(nat_world_ends());
	}
}

static void hairpinning_can_be_turned_off(void **state)
{
	struct craft to_web = TCP4("192.0.2.10", 4000, "198.51.100.1", 8000),
		     to_static = TCP4("192.0.2.12", 4000, "198.51.100.82", 80);

	(void)state;
	begin();
	add_forwards();
	nat_add_static("198.51.100.80", "192.0.2.8", 30);
	nat_hairpins = false;
	nf_host_start();
	assert_string_equal(nat_pass(LAN, &to_web), "");
	assert_int_equal(stats.dropped[DROP_LOCAL_UNWANTED], 1);
	assert_string_equal(nat_pass(LAN, &to_static), "");
	assert_int_equal(stats.dropped[DROP_NAT_UNMAPPED], 1);
	assert_true(nat_world_ends());
}

/* A pool whose addresses are routed here, and one on wan's network: what nobody asked for ends here, and
 * does not go back to where it came from. */
static void unmapped_addresses_end(void **state)
{
	static const char *const addresses[] = {"198.51.100.70", "203.0.113.70", "198.51.100.1"};
	static const enum drop_reason reasons[] = {DROP_NAT_UNMAPPED, DROP_NAT_UNMAPPED, DROP_LOCAL_UNWANTED};

	(void)state;
	for (int i = 0; i < 3; i++)
		for (uint8_t port = LAN; port <= WAN; port++) {
			struct craft craft = TCP4("203.0.113.1", 4000, addresses[i], 80);

			if (port == LAN)
				craft.source = "192.0.2.10";
			begin();
			nat_add_pool("198.51.100.64", "198.51.100.71");
			nat_add_pool("203.0.113.64", "203.0.113.71");
			nat_add_pool("198.51.100.1", "198.51.100.1");
			nf_host_start();
			assert_string_equal(nat_pass(port, &craft), "");
			assert_int_equal(stats.dropped[reasons[i]], 1);
			assert_true(nat_world_ends());
		}
}

/* Also those that are INVALID, and that rules accept. */
static void invalid_packets_end_too(void **state)
{
	struct craft craft = TCP4("203.0.113.1", 4000, "203.0.113.70", 80);

	(void)state;
	begin();
	nat_add_pool("203.0.113.64", "203.0.113.71");
	nat_judges_invalid = true;
	nf_host_start();
	craft.tcp_flags = ACK;
	assert_string_equal(nat_pass(WAN, &craft), "");
	assert_int_equal(stats.dropped[DROP_NAT_UNMAPPED], 1);
	assert_true(nat_world_ends());
}

/* Two ways out, wan and dmz. Who comes in by one to an address on the other is no host of ours: filtered, and
 * shown as who it is. */
static void outside_has_more_than_one_port(void **state)
{
	struct craft out = UDP4("192.0.2.10", 4000, "203.0.113.1", 53),
		     in = UDP4("192.0.2.130", 99, "198.51.100.1", 0),
		     to_web = TCP4("192.0.2.130", 4000, "198.51.100.1", 8000);

	(void)state;
	begin();
	nat_add_masquerade(false)->filtering = NAT_FILTERING_ADDRESS_DEPENDENT;
	nat_add_masquerade(false)->out_port = DMZ;
	nat_add_forward(IPPROTO_TCP, 8000, 8000, "192.0.2.11", 80);
	nf_host_start();
	nat_pass(LAN, &out);
	in.destination_port = nat_last_port();
	assert_true(nat_fits(nat_pass(DMZ, &in), "dmz icmp 3/3 *"));
	assert_string_equal(nat_pass(DMZ, &to_web), "lan tcp 192.0.2.130.4000 > 192.0.2.11.80");
	assert_true(nat_world_ends());
}

/* Asks by ARP for an address on a port; returns whether it is answered. */
static bool answers_arp(uint8_t port, const char *address)
{
	uint8_t frame[42] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 1, port, 99, 8,    6,
			     0,	  1,   8,   0,	 6,   4,   0, 1, 2, 0, 0,    1,	 port, 99};
	uint32_t target = htonl(nat_address(address).ipv4), sender = htonl(port == LAN ? DOC1(99) : DOC2(99));

	memcpy(frame + 28, &sender, 4);
	memcpy(frame + 38, &target, 4);
	return strcmp(nat_pass_frame(port, frame, sizeof(frame)), "arp") == 0;
}

static void external_addresses_are_answered_for(void **state)
{
	(void)state;
	begin();
	nat_add_pool("198.51.100.64", "198.51.100.71");
	nat_add_static("198.51.100.80", "192.0.2.8", 30);
	nat_add_forward(IPPROTO_TCP, 80, 80, "192.0.2.10", 0)->any_address = false;
	nat_destinations[0].address = nat_address("198.51.100.90");
	nf_host_start();
	assert_true(answers_arp(WAN, "198.51.100.1"));
	assert_true(answers_arp(WAN, "198.51.100.64"));
	assert_true(answers_arp(WAN, "198.51.100.71"));
	assert_false(answers_arp(WAN, "198.51.100.72"));
	assert_true(answers_arp(WAN, "198.51.100.83"));
	assert_false(answers_arp(WAN, "198.51.100.84"));
	assert_true(answers_arp(WAN, "198.51.100.90"));
	assert_false(answers_arp(LAN, "198.51.100.64"));
	assert_false(answers_arp(LAN, "192.0.2.10"));
	assert_true(nat_world_ends());
}

/* A neighbour solicitation (RFC 4861, section 4.3) for an address from the gateway. */
static bool answers_solicitation(const char *address)
{
	struct craft craft = {.source = "2001:db8:2::2",
			      .destination = address,
			      .protocol = IPPROTO_ICMPV6,
			      .destination_port = 135 << 8,
			      .payload = 16};
	union nat_address target = nat_address(address);
	uint8_t frame[CRAFT_MAX], *ip = frame + ETHERNET;
	uint16_t sum;
	size_t bytes;

	memcpy(craft.mac, port_configs[WAN].mac, 6);
	bytes = craft_frame(&craft, frame);
	ip[7] = 255;
	memcpy(ip + 48, target.ipv6, 16);
	ip[42] = ip[43] = 0;
	sum = ~craft_sum(ip + 40, 24, craft_sum(ip + 8, 32, 24 + IPPROTO_ICMPV6));
	ip[42] = sum >> 8;
	ip[43] = sum;
	return strstr(nat_pass_frame(WAN, frame, bytes), "icmp 136/0") != NULL;
}

static void external_ipv6_addresses_are_answered_for(void **state)
{
	(void)state;
	begin();
	nat_add_pool("2001:db8:2::100", "2001:db8:2::1ff");
	nat_add_static("2001:db8:2::200", "2001:db8:1::", 120);
	nf_host_start();
	assert_true(answers_solicitation("2001:db8:2::1"));
	assert_true(answers_solicitation("2001:db8:2::100"));
	assert_true(answers_solicitation("2001:db8:2::1ff"));
	assert_true(answers_solicitation("2001:db8:2::2ff"));
	assert_false(answers_solicitation("2001:db8:2::99"));
	assert_false(answers_solicitation("2001:db8:2::300"));
	assert_true(nat_world_ends());
}

/* Somebody else has got one of our external addresses: we say so and defend it (RFC 5227). */
static void external_addresses_are_defended(void **state)
{
	uint8_t frame[42] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 1, 1, 99, 8, 6,
			     0,	  1,   8,   0,	 6,   4,   0, 1, 2, 0, 0, 1,  1, 99};
	uint32_t address = htonl(DOC2(64));

	(void)state;
	begin();
	nat_add_pool("198.51.100.64", "198.51.100.71");
	nf_host_start();
	memcpy(frame + 28, &address, 4);
	memcpy(frame + 38, &address, 4);
	nf_host_run((uint64_t)20 * SECOND);
	nf_host_forget();
	nf_host_receive(WAN, frame, sizeof(frame));
	assert_int_equal(nf_host.logged_count, 1);
	assert_non_null(strstr(nf_host.logged[0], "198.51.100.64"));
	assert_true(nat_world_ends());
}

/* A port that is forwarded is given to nobody's mapping; those of other addresses are. */
static void forwarded_ports_are_kept_free(void **state)
{
	struct craft out = TCP4("192.0.2.10", 4000, "203.0.113.1", 80);

	(void)state;
	begin();
	nat_add_masquerade(false)->port_low = 8000;
	nat_sources[0].port_high = 8010;
	nat_add_forward(IPPROTO_TCP, 8000, 8009, "192.0.2.11", 80);
	nf_host_start();
	for (uint16_t i = 0; i < 2; i++, out.source_port++) {
		const char *said = nat_pass(LAN, &out);

		assert_true(nat_fits(said, i ? "*icmp 3/13*" : "wan tcp 198.51.100.1.8010 > *"));
	}
	assert_true(nat_world_ends());
}

static void ports_forwarded_elsewhere_are_free(void **state)
{
	struct craft out = TCP4("192.0.2.10", 4000, "203.0.113.1", 80);

	(void)state;
	begin();
	nat_add_masquerade(false);
	nat_add_forward(IPPROTO_TCP, 1, 65535, "192.0.2.11", 0)->any_address = false;
	nat_destinations[0].address = nat_address("198.51.100.90");
	nf_host_start();
	assert_true(nat_fits(nat_pass(LAN, &out), "wan tcp 198.51.100.1.* > 203.0.113.1.80"));
	assert_true(nat_world_ends());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ports_are_forwarded),
	    cmocka_unit_test(forwarded_flow_is_answered),
	    cmocka_unit_test(sctp_keeps_its_ports),
	    cmocka_unit_test(some_protocols_are_untranslatable),
	    cmocka_unit_test(what_is_signed_is_untranslatable),
	    cmocka_unit_test(one_to_one_goes_both_ways),
	    cmocka_unit_test(one_to_one_is_answered),
	    cmocka_unit_test(one_to_one_of_ipv6),
	    cmocka_unit_test(mapped_hosts_meet_by_hairpin),
	    cmocka_unit_test(forwarded_service_is_reached_by_hairpin),
	    cmocka_unit_test(hairpinning_can_be_turned_off),
	    cmocka_unit_test(unmapped_addresses_end),
	    cmocka_unit_test(invalid_packets_end_too),
	    cmocka_unit_test(outside_has_more_than_one_port),
	    cmocka_unit_test(external_addresses_are_answered_for),
	    cmocka_unit_test(external_ipv6_addresses_are_answered_for),
	    cmocka_unit_test(external_addresses_are_defended),
	    cmocka_unit_test(forwarded_ports_are_kept_free),
	    cmocka_unit_test(ports_forwarded_elsewhere_are_free),
	};

	return cmocka_run_group_tests_name("nat_forward", tests, NULL, NULL);
}
