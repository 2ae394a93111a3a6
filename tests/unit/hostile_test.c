/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets that are well-formed and hostile all the same, through firewall, NAT and router, beside connections
 * that must not notice: LAND, flags that nobody sends, segments that guess at a connection, addresses that
 * are no host's, ICMP that belongs to nothing, and storms of options and of extension headers.
 * hostile_header_test.c has those that are not well-formed, hostile_fragment_test.c has fragments.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "support/hostile.h"
#include "support/nat_tables.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, FLAG_SETS = 64, IPV4 = 20, IPV6 = 40 };
enum { SCTP_INIT = 1, GRE = 47, ESP = 50, STORM_MAX = 400 };

static int start(void **state)
{
	(void)state;
	hostile_start();
	return 0;
}

/* FIN, SYN, RST and ACK: only these are sent by anybody, and only a SYN begins a connection. */
static int first_outcome(uint8_t flags)
{
	switch (flags & (FIN | SYN | RST | ACK)) {
	case SYN:
		return PASSES;
	case SYN | ACK:
	case ACK:
	case FIN | ACK:
	case RST:
	case RST | ACK:
		return DROP_TCP_STATE;
	default:
		return DROP_TCP_FLAGS;
	}
}

/* Each set, NULL, Xmas (FIN, PSH, URG) and SYN+FIN among them, from both sides, as a first packet. */
static void each_set_of_flags(void **state)
{
	(void)state;
	for (int i = 0; i < 4 * FLAG_SETS; i++) {
		uint8_t flags = i / 4;
		const struct craft craft = {
		    .protocol = IPPROTO_TCP,
		    .tcp_flags = flags,
		    .source_port = 10000 + i,
		    .payload = i % 3,
		};
		struct hostile packet;

		hostile_craft(&packet, i & 2 ? WAN : LAN, i & 1, &craft);
		hostile_meets("flags of a first packet", flags, &packet, first_outcome(flags));
	}
	hostile_end();
}

/* Those that nobody sends, with the right numbers. */
static void impossible_flags_in_a_connection(void **state)
{
	(void)state;
	for (int i = 0; i < 4 * FLAG_SETS; i++) {
		uint8_t flags = i / 4, port = i & 2 ? WAN : LAN;
		struct craft craft = hostile_segment(i & 1, port, flags, 0);
		struct hostile packet;

		if (first_outcome(flags) != DROP_TCP_FLAGS)
			continue;
		craft.acknowledgement = hostile_segment(i & 1, port, ACK, 0).acknowledgement;
		hostile_craft(&packet, port, i & 1, &craft);
		hostile_meets("flags in a connection", flags, &packet, DROP_TCP_FLAGS);
	}
	hostile_end();
}

/* Blind attacks: numbers that are not the connection's. What is in the window and could be believed by its
 * receiver goes on, for that one to challenge (RFC 5961), and changes nothing here. */
static const struct guess {
	const char *name;
	uint8_t flags;
	int32_t sequence, acknowledgement; /* from the right ones */
	int expected;
} guesses[] = {
    {"a reset far ahead", RST, 1000000, 0, DROP_TCP_WINDOW},
    {"a reset far behind", RST, -1000000, 0, DROP_TCP_WINDOW},
    {"a reset half the numbers away", RST, INT32_MIN, 0, DROP_TCP_WINDOW},
    {"a reset in the window, not at its edge", RST, 1000, 0, PASSES},
    {"a reset with ACK, in the window", RST | ACK, 1000, 0, PASSES},
    {"data far ahead", ACK | PSH, 1000000, 0, DROP_TCP_WINDOW},
    {"data far behind", ACK | PSH, -1000000, 0, DROP_TCP_WINDOW},
    {"an ACK of what was not sent", ACK, 0, 1000, DROP_TCP_WINDOW},
    {"an ACK of what is long past", ACK, 0, -1000000, DROP_TCP_WINDOW},
    {"a FIN far ahead", FIN | ACK, 1000000, 0, DROP_TCP_WINDOW},
    {"a SYN in the midst", SYN, 1000, 0, PASSES},
    {"a SYN far ahead", SYN, 1000000, 0, PASSES},
    {"a SYN-ACK with other numbers", SYN | ACK, 1000000, 1000000, DROP_TCP_WINDOW},
};

/* From one side at a time: nobody can be at both. */
static void guesses_at_a_connection(void **state)
{
	(void)state;
	for (uint8_t port = LAN; port <= WAN; port++) {
		hostile_start();
		for (size_t i = 0; i < 2 * RTE_DIM(guesses); i++) {
			const struct guess *guess = &guesses[i / 2];
			struct craft craft = hostile_segment(i & 1, port, guess->flags, guess->sequence);
			struct hostile packet;

			craft.acknowledgement += guess->acknowledgement;
			hostile_craft(&packet, port, i & 1, &craft);
			hostile_meets(guess->name, i & 1 ? 6 : 4, &packet, guess->expected);
		}
		hostile_end();
	}
}

/* To itself: from a host, from a stranger, from the appliance, of every protocol. */
static void land(void **state)
{
	static const struct {
		const char *address[2];
		uint8_t port;
		int expected;
	} rows[] = {
	    {{"192.0.2.11", "2001:db8:1::11"}, LAN, DROP_LAND},
	    {{"203.0.113.9", "2001:db8:f::9"}, LAN, DROP_LAND},
	    {{"203.0.113.9", "2001:db8:f::9"}, WAN, DROP_LAND},
	    {{"192.0.2.130", "2001:db8:3::30"}, WAN, DROP_LAND},
	    {{"192.0.2.10", "2001:db8:1::10"}, WAN, DROP_LAND},
	    {{"192.0.2.1", "2001:db8:1::1"}, LAN, DROP_IP_SOURCE},
	    {{"198.51.100.1", "2001:db8:2::1"}, WAN, DROP_IP_SOURCE},
	    {{"198.51.100.1", "2001:db8:2::1"}, LAN, DROP_IP_SOURCE},
	};
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_SCTP, GRE, ESP};

	(void)state;
	for (size_t i = 0; i < 2 * RTE_DIM(rows) * RTE_DIM(protocols); i++) {
		bool ipv6 = i & 1;
		size_t row = i / 2 % RTE_DIM(rows), protocol = i / 2 / RTE_DIM(rows);
		struct craft craft = {.source = rows[row].address[ipv6],
				      .destination = rows[row].address[ipv6],
				      .protocol = protocols[protocol],
				      .tcp_flags = SYN,
				      .chunk = SCTP_INIT,
				      .source_port = 80,
				      .destination_port = 80};
		struct hostile packet;

		if (craft.protocol == IPPROTO_ICMP) {
			craft.protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
			craft.destination_port = (ipv6 ? 128 : 8) << 8;
		}
		hostile_craft(&packet, rows[row].port, ipv6, &craft);
		hostile_meets("land", i, &packet, rows[row].expected);
	}
	hostile_end();
}

/* Addresses that no host has. */
static const struct address_row {
	const char *source, *destination; /* NULL: a good one */
	uint8_t port;
	int expected;
} addresses[] = {
    {"0.0.0.0", NULL, LAN, DROP_IP_SOURCE},
    {"0.1.2.3", NULL, LAN, DROP_IP_SOURCE},
    {"127.0.0.1", NULL, LAN, DROP_IP_SOURCE},
    {"127.255.255.254", NULL, WAN, DROP_IP_SOURCE},
    {"224.0.0.1", NULL, LAN, DROP_IP_SOURCE},
    {"239.255.255.255", NULL, WAN, DROP_IP_SOURCE},
    {"240.0.0.1", NULL, WAN, DROP_IP_SOURCE},
    {"255.255.255.255", NULL, LAN, DROP_IP_SOURCE},
    {"255.255.255.255", NULL, WAN, DROP_IP_SOURCE},
    {"192.0.2.127", NULL, LAN, DROP_IP_SOURCE},
    {"192.0.2.0", NULL, LAN, DROP_IP_SOURCE},
    {"198.51.100.255", NULL, WAN, DROP_IP_SOURCE},
    {"198.51.100.255", NULL, LAN, DROP_IP_SOURCE},
    {"192.0.2.1", NULL, LAN, DROP_IP_SOURCE},
    {"192.0.2.129", NULL, WAN, DROP_IP_SOURCE},
    {"169.254.1.1", NULL, LAN, DROP_LINK_LOCAL},
    {"169.254.1.1", NULL, WAN, DROP_LINK_LOCAL},
    {NULL, "0.0.0.0", LAN, DROP_IP_DESTINATION},
    {NULL, "127.0.0.1", LAN, DROP_IP_DESTINATION},
    {NULL, "127.0.0.1", WAN, DROP_IP_DESTINATION},
    {NULL, "240.0.0.1", LAN, DROP_IP_DESTINATION},
    {NULL, "255.255.255.255", LAN, DROP_LINK_LOCAL},
    {NULL, "192.0.2.255", WAN, DROP_IP_DESTINATION},
    {NULL, "192.0.2.127", WAN, DROP_IP_DESTINATION},
    {NULL, "198.51.100.255", LAN, DROP_IP_DESTINATION},
    {NULL, "224.0.0.1", WAN, DROP_LINK_LOCAL},
    {NULL, "232.1.2.3", LAN, DROP_LINK_LOCAL},
    {NULL, "169.254.169.254", LAN, DROP_LINK_LOCAL},
    {"::", "2001:db8:f::9", LAN, DROP_IP_SOURCE},
    {"::1", "2001:db8:f::9", LAN, DROP_IP_SOURCE},
    {"::1", "2001:db8:2::1", WAN, DROP_IP_SOURCE},
    {"ff02::1", "2001:db8:f::9", LAN, DROP_IP_SOURCE},
    {"ff0e::1", "2001:db8:2::1", WAN, DROP_IP_SOURCE},
    {"::ffff:127.0.0.1", "2001:db8:f::9", LAN, DROP_IP_SOURCE},
    {"::ffff:203.0.113.9", "2001:db8:2::1", WAN, DROP_IP_SOURCE},
    {"2001:db8:2::1", "2001:db8:f::9", LAN, DROP_IP_SOURCE},
    {"2001:db8:1::1", "2001:db8:2::1", WAN, DROP_IP_SOURCE},
    {"fe80::1", "2001:db8:f::9", LAN, DROP_LINK_LOCAL},
    {"fe80::1", "2001:db8:f::9", WAN, DROP_LINK_LOCAL},
    {"2001:db8:1::11", "::", LAN, DROP_IP_DESTINATION},
    {"2001:db8:1::11", "::1", LAN, DROP_IP_DESTINATION},
    {"2001:db8:f::9", "::ffff:192.0.2.10", WAN, DROP_IP_DESTINATION},
    {"2001:db8:1::11", "ff00::1", LAN, DROP_IP_DESTINATION},
    {"2001:db8:1::11", "ff01::1", LAN, DROP_IP_DESTINATION},
    {"2001:db8:1::11", "ff0e::1", LAN, DROP_LINK_LOCAL},
    {"2001:db8:f::9", "ff05::1:3", WAN, DROP_LINK_LOCAL},
    {"2001:db8:1::11", "fe80::99", LAN, DROP_LINK_LOCAL},
};

static void each_address(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, GRE};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(addresses) * RTE_DIM(protocols); i++) {
		const struct address_row *row = &addresses[i / RTE_DIM(protocols)];
		bool ipv6 = row->source && strchr(row->source, ':');
		struct craft craft = {.source = row->source,
				      .destination = row->destination,
				      .protocol = protocols[i % RTE_DIM(protocols)],
				      .tcp_flags = SYN,
				      .source_port = 10000 + i};
		struct hostile packet;

		if (craft.protocol == IPPROTO_ICMP) {
			craft.protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
			craft.destination_port = (ipv6 ? 128 : 8) << 8;
		}
		hostile_craft(&packet, row->port, ipv6, &craft);
		hostile_meets(row->source ? row->source : row->destination, craft.protocol, &packet,
			      row->expected);
	}
	hostile_end();
}

/* To a station that isn't ours, and to all of them. */
static void frames_for_others(void **state)
{
	const struct craft craft = {.protocol = IPPROTO_TCP, .tcp_flags = SYN};
	struct hostile packet;

	(void)state;
	for (int i = 0; i < 4; i++) {
		hostile_craft(&packet, i & 2 ? WAN : LAN, i & 1, &craft);
		packet.frame[5] ^= 0x40;
		hostile_meets("another station", i, &packet, DROP_NOT_FOR_US);
		memset(packet.frame, 0xff, 6);
		hostile_meets("all stations", i, &packet, DROP_IP_DESTINATION);
		packet.frame[0] = 0x33;
		hostile_meets("some stations", i, &packet, DROP_IP_DESTINATION);
	}
	hostile_end();
}

/* What belongs to no flow: replies that nobody asked for, redirects and the like, unknown types. */
static void each_type_of_icmp(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * 256; i++) {
		bool ipv6 = i & 1;
		uint8_t type = i / 2;
		bool query = ipv6 ? type == 128 : type == 8 || type == 13 || type == 15 || type == 17;
		bool discovery = ipv6 && type >= 133 && type <= 137;
		const struct craft craft = {.protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
					    .destination_port = type << 8 | 1,
					    .source_port = 7,
					    .payload = 48};
		struct hostile packet;

		hostile_craft(&packet, LAN, ipv6, &craft);
		hostile_meets(ipv6 ? "ICMPv6" : "ICMP", type, &packet,
			      query	  ? PASSES
			      : discovery ? DROP_ND_BAD
					  : DROP_ICMP_UNRELATED);
	}
	hostile_end();
}

/* IPv4 options: storms that are well-formed pass, for whoever they are for. */
static const struct {
	const char *name;
	uint8_t options[40], bytes;
	int expected;
} ipv4_rows[] = {
    {"forty no-operations",
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
     40,
     PASSES},
    {"twenty empty ones",
     {7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2,
      7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2, 7, 2},
     40,
     PASSES},
    {"the last one cut off",
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7},
     40,
     DROP_IP_OPTIONS},
    {"of length 0", {68, 0, 0, 0}, 4, DROP_IP_OPTIONS},
    {"of length 1", {68, 1, 0, 0}, 4, DROP_IP_OPTIONS},
    {"longer than there is", {68, 5, 0, 0}, 4, DROP_IP_OPTIONS},
    {"loose source route", {131, 7, 4, 203, 0, 113, 9, 0}, 8, DROP_IP_OPTIONS},
    {"strict source route", {137, 7, 4, 203, 0, 113, 9, 0}, 8, DROP_IP_OPTIONS},
    {"a source route behind others", {1, 7, 3, 4, 1, 131, 3, 4}, 8, DROP_IP_OPTIONS},
    {"a source route of length 255", {137, 255, 4, 0}, 4, DROP_IP_OPTIONS},
    {"all types at once",
     {1, 7, 3, 4, 68, 4, 5, 0, 130, 4, 0, 0, 148, 4, 0, 0, 136, 4, 0, 0, 255, 2, 254, 2, 0, 9, 9, 9},
     28,
     PASSES},
};

static void storms_of_ipv4_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(ipv4_rows); i++) {
		const struct craft craft = {.protocol = IPPROTO_UDP, .payload = 10, .source_port = 10000 + i};
		struct hostile packet;

		hostile_craft(&packet, LAN, false, &craft);
		hostile_insert(&packet, ipv4_rows[i].options, ipv4_rows[i].bytes);
		hostile_meets(ipv4_rows[i].name, 0, &packet, ipv4_rows[i].expected);
	}
	hostile_end();
}

/* TCP's are its ends' to read: whatever they are, a SYN passes, and what is read of them is bounded. */
static void storms_of_tcp_options(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * 256; i++) {
		struct craft craft = {
		    .protocol = IPPROTO_TCP, .tcp_flags = SYN, .source_port = 10000 + i, .option_bytes = 40};
		struct hostile packet;

		for (int at = 0; at < 40; at++)
			craft.options[at] = at % 2 ? i / 2 % 5 : i / 2;
		hostile_craft(&packet, LAN, i & 1, &craft);
		hostile_meets("TCP options", i, &packet, PASSES);
	}
	hostile_end();
}

/* Extension headers of eight bytes, one after the other; `next` of the last is UDP. */
static size_t chain(uint8_t *out, const uint8_t *protocols)
{
	size_t bytes = 0;

	for (; *protocols != IPPROTO_UDP; protocols++, bytes += 8) {
		bool routing = *protocols == IPPROTO_ROUTING, ah = *protocols == IPPROTO_AH;

		memcpy(out + bytes, routing ? "\0\0\2\0\0\0\0" : ah ? "\0\0\0\0\0\0\0" : "\0\0\1\4\0\0\0", 8);
		out[bytes] = protocols[1];
	}
	return bytes;
}

#define OPTS IPPROTO_DSTOPTS
#define HOPS IPPROTO_HOPOPTS
#define FRAG IPPROTO_FRAGMENT
#define ROUT IPPROTO_ROUTING
#define UDP  IPPROTO_UDP
/* HOPOPTS is 0: a row ends with UDP. */
static const struct {
	const char *name;
	uint8_t protocols[12];
	int expected;
} ipv6_rows[] = {
    {"eight", {HOPS, OPTS, OPTS, OPTS, OPTS, OPTS, OPTS, OPTS, UDP}, PASSES},
    {"nine", {HOPS, OPTS, OPTS, OPTS, OPTS, OPTS, OPTS, OPTS, OPTS, UDP}, DROP_IPV6_EXTENSION},
    {"hop-by-hop twice", {HOPS, HOPS, UDP}, DROP_IPV6_EXTENSION},
    {"hop-by-hop not first", {OPTS, HOPS, UDP}, DROP_IPV6_EXTENSION},
    {"hop-by-hop last of many", {OPTS, ROUT, OPTS, HOPS, UDP}, DROP_IPV6_EXTENSION},
    {"routing of type 2", {ROUT, UDP}, PASSES},
    {"all kinds", {HOPS, OPTS, ROUT, FRAG, OPTS, UDP}, PASSES},
    {"fragment headers twice", {FRAG, FRAG, UDP}, DROP_IPV6_EXTENSION},
};

static void storms_of_extension_headers(void **state)
{
	uint8_t headers[STORM_MAX];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(ipv6_rows); i++) {
		const struct craft craft = {.protocol = UDP, .payload = 10, .source_port = 10000 + i};
		size_t bytes = chain(headers, ipv6_rows[i].protocols);
		struct hostile packet;

		/* An atomic fragment (RFC 6946) is none; the header has no options. */
		for (size_t at = 0; at < bytes; at += 8)
			if (ipv6_rows[i].protocols[at / 8] == FRAG)
				memset(headers + at + 1, 0, 7);
		hostile_craft(&packet, LAN, true, &craft);
		hostile_insert(&packet, headers, bytes);
		packet.frame[packet.ip + 6] = ipv6_rows[i].protocols[0];
		hostile_meets(ipv6_rows[i].name, 0, &packet, ipv6_rows[i].expected);
	}
	hostile_end();
}

/* One header with options, in bytes behind its length. */
static const struct {
	const char *name;
	uint8_t protocol, bytes[14], units;
	int expected;
} option_rows[] = {
    {"pads of one byte", OPTS, {0}, 0, PASSES},
    {"a pad over all of it", OPTS, {1, 4}, 0, PASSES},
    {"beyond its header", OPTS, {1, 5}, 0, DROP_IPV6_EXTENSION},
    {"cut off behind its type", HOPS, {0, 0, 0, 0, 0, 5}, 0, DROP_IPV6_EXTENSION},
    {"jumbogram", HOPS, {0xc2, 4, 0, 1, 0, 0}, 0, DROP_IPV6_EXTENSION},
    {"router alert", HOPS, {5, 2, 0, 0, 1, 0}, 0, PASSES},
    {"unknown, to be reported", OPTS, {0xff, 4}, 0, PASSES},
    {"routing of type 0", ROUT, {0, 1}, 0, DROP_IPV6_EXTENSION},
    {"longer than the packet", OPTS, {1, 4}, 200, DROP_IPV6_EXTENSION},
    {"AH longer than the packet", IPPROTO_AH, {0}, 255, DROP_IPV6_EXTENSION},
};

static void each_extension_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(option_rows); i++) {
		const struct craft craft = {.protocol = UDP, .payload = 10, .source_port = 10000 + i};
		uint8_t header[8] = {UDP, option_rows[i].units};
		struct hostile packet;

		memcpy(header + 2, option_rows[i].bytes, 6);
		hostile_craft(&packet, LAN, true, &craft);
		hostile_insert(&packet, header, sizeof(header));
		packet.frame[packet.ip + 6] = option_rows[i].protocol;
		hostile_meets(option_rows[i].name, 0, &packet, option_rows[i].expected);
	}
	hostile_end();
}

/* Few headers, but long ones: 256 bytes of them pass. */
static void the_longest_extension_header(void **state)
{
	(void)state;
	for (int units = 30; units <= 33; units++) {
		const struct craft craft = {.protocol = UDP, .payload = 10, .source_port = 10000 + units};
		uint8_t header[STORM_MAX] = {UDP, units - 1};
		struct hostile packet;

		hostile_craft(&packet, LAN, true, &craft);
		hostile_insert(&packet, header, 8 * units);
		packet.frame[packet.ip + 6] = OPTS;
		hostile_meets("units", units, &packet, units > 32 ? DROP_IPV6_EXTENSION : PASSES);
	}
	hostile_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_set_of_flags, start),
	    cmocka_unit_test_setup(impossible_flags_in_a_connection, start),
	    cmocka_unit_test_setup(guesses_at_a_connection, start),
	    cmocka_unit_test_setup(land, start),
	    cmocka_unit_test_setup(each_address, start),
	    cmocka_unit_test_setup(frames_for_others, start),
	    cmocka_unit_test_setup(each_type_of_icmp, start),
	    cmocka_unit_test_setup(storms_of_ipv4_options, start),
	    cmocka_unit_test_setup(storms_of_tcp_options, start),
	    cmocka_unit_test_setup(storms_of_extension_headers, start),
	    cmocka_unit_test_setup(each_extension_header, start),
	    cmocka_unit_test_setup(the_longest_extension_header, start),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
