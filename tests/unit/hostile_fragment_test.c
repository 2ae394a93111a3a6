/* SPDX-License-Identifier: Apache-2.0
 *
 * Fragments that attacks are made of, through firewall, NAT and router, beside connections that must not
 * notice: tiny ones (RFC 1858, RFC 3128), overlaps (RFC 5722), datagrams beyond 65535 bytes ("ping of
 * death"), such as never end, and floods. reassembly_test.c has the orders in which honest ones may arrive.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "nf/input/datagram.h"
#include "support/hostile.h"
#include "support/nat_tables.h"

enum { IPV6 = 40, SYN = 2, PIECES_MAX = 5, ECHO = 1, LAST = 1, LONGEST = 65535 };

/* Bytes [start, start + bytes) of a datagram, headers included; LAST: no more follow. */
struct piece {
	uint32_t start;
	uint16_t bytes;
	uint8_t flags;
	int expected;
};

static const struct sequence {
	const char *name;
	uint8_t protocol; /* ECHO stands for ICMP's or ICMPv6's */
	struct piece pieces[PIECES_MAX];
} sequences[] = {
    {"whole, in order", IPPROTO_UDP, {{0, 24, 0, PASSES}, {24, 24, 0, PASSES}, {48, 5, LAST, PASSES}}},
    {"whole echo", ECHO, {{0, 24, 0, PASSES}, {24, 24, LAST, PASSES}}},
    {"whole TCP", IPPROTO_TCP, {{0, 24, 0, PASSES}, {24, 24, LAST, PASSES}}},
    {"tiny, eight bytes of TCP",
     IPPROTO_TCP,
     {{0, 8, 0, DROP_FRAGMENT_BAD}, {8, 16, LAST, DROP_FRAGMENT_BAD}}},
    {"tiny, sixteen bytes of TCP",
     IPPROTO_TCP,
     {{0, 16, 0, DROP_FRAGMENT_BAD}, {16, 16, LAST, DROP_FRAGMENT_BAD}}},
    {"TCP's flags behind the first one", IPPROTO_TCP, {{0, 24, 0, PASSES}, {8, 24, LAST, DROP_FRAGMENT_BAD}}},
    {"tiny and alone", IPPROTO_TCP, {{8, 8, 0, DROP_FRAGMENT_BAD}}},
    {"empty",
     IPPROTO_UDP,
     {{0, 0, 0, DROP_FRAGMENT_BAD}, {8, 0, 0, DROP_FRAGMENT_BAD}, {8, 0, LAST, DROP_FRAGMENT_BAD}}},
    {"not a multiple of eight", IPPROTO_UDP, {{0, 23, 0, DROP_FRAGMENT_BAD}, {24, 9, 0, DROP_FRAGMENT_BAD}}},
    {"the same twice",
     IPPROTO_UDP,
     {{0, 24, 0, PASSES}, {24, 24, 0, PASSES}, {24, 24, 0, DROP_FRAGMENT_OVERLAP}, {48, 8, LAST, PASSES}}},
    {"the first one twice",
     IPPROTO_UDP,
     {{0, 24, 0, PASSES}, {0, 24, 0, DROP_FRAGMENT_OVERLAP}, {24, 8, LAST, PASSES}}},
    {"over the first one's end",
     IPPROTO_UDP,
     {{0, 24, 0, PASSES}, {16, 24, 0, DROP_FRAGMENT_OVERLAP}, {40, 8, LAST, DROP_FRAGMENT_OVERLAP}}},
    {"over the transport header",
     IPPROTO_UDP,
     {{0, 24, 0, PASSES}, {0, 8, 0, DROP_FRAGMENT_OVERLAP}, {24, 8, LAST, DROP_FRAGMENT_OVERLAP}}},
    {"within another (teardrop)",
     IPPROTO_UDP,
     {{0, 48, 0, PASSES}, {24, 4, LAST, DROP_FRAGMENT_OVERLAP}, {48, 8, LAST, DROP_FRAGMENT_OVERLAP}}},
    {"around another",
     IPPROTO_UDP,
     {{0, 16, 0, PASSES},
      {24, 8, 0, PASSES},
      {16, 32, 0, DROP_FRAGMENT_OVERLAP},
      {48, 8, LAST, DROP_FRAGMENT_OVERLAP}}},
    {"beyond the last one",
     IPPROTO_UDP,
     {{0, 16, 0, PASSES}, {24, 8, LAST, PASSES}, {32, 8, 0, DROP_FRAGMENT_BAD}}},
    {"two ends", IPPROTO_UDP, {{0, 16, 0, PASSES}, {32, 8, LAST, PASSES}, {16, 8, LAST, DROP_FRAGMENT_BAD}}},
    {"ping of death", ECHO, {{0, 24, 0, PASSES}, {65528, 16, LAST, DROP_FRAGMENT_BAD}}},
    {"ping of death, not the last one", ECHO, {{0, 24, 0, PASSES}, {65528, 8, 0, DROP_FRAGMENT_BAD}}},
    {"far beyond the longest", IPPROTO_UDP, {{0, 24, 0, PASSES}, {65528, 1000, LAST, DROP_FRAGMENT_BAD}}},
};

static uint16_t identification;

static void make(const struct sequence *sequence, const struct piece *piece, bool ipv6,
		 struct hostile *packet)
{
	uint8_t protocol = sequence->protocol;
	struct craft craft = {
	    .source_port = 20000 + identification,
	    .fragment = piece->start,
	    .more_fragments = !(piece->flags & LAST),
	};
	size_t headers;

	if (protocol == ECHO) {
		protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		craft.destination_port = (ipv6 ? 128 : 8) << 8;
	}
	craft.protocol = protocol;
	craft.tcp_flags = SYN;
	headers = piece->start ? 0 : protocol == IPPROTO_TCP ? 20 : 8;
	craft.payload = piece->bytes > headers ? piece->bytes - headers : 0;
	hostile_craft(packet, LAN, ipv6, &craft);
	if (piece->bytes < headers)
		hostile_cut(packet, packet->transport + piece->bytes);
	hostile_identify(packet, identification);
}

static int start(void **state)
{
	(void)state;
	hostile_start();
	return 0;
}

static void each_sequence(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * RTE_DIM(sequences); i++) {
		const struct sequence *sequence = &sequences[i / 2];

		identification++;
		for (int p = 0; p < PIECES_MAX; p++) {
			struct hostile packet;

			if (!sequence->pieces[p].bytes && !sequence->pieces[p].expected)
				break;
			make(sequence, &sequence->pieces[p], i & 1, &packet);
			hostile_meets(sequence->name, 10 * p + (i & 1 ? 6 : 4), &packet,
				      sequence->pieces[p].expected);
		}
	}
	hostile_end();
}

/* The longest datagram that there may be, to the byte: headers count, but for IPv6's own. */
static void the_longest_datagram(void **state)
{
	static const struct sequence udp = {"longest", IPPROTO_UDP, {{0}}};

	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		uint32_t most = LONGEST - (ipv6 ? 0 : 20), offset = most / 8 * 8;

		for (uint16_t bytes = most - offset; bytes <= most - offset + 1; bytes++) {
			const struct piece first = {0, 24, 0, PASSES}, last = {offset, bytes, LAST, PASSES};
			struct hostile packet;

			identification++;
			make(&udp, &first, ipv6, &packet);
			hostile_meets("longest, first", bytes, &packet, PASSES);
			make(&udp, &last, ipv6, &packet);
			hostile_meets("longest, last", bytes, &packet,
				      offset + bytes > most ? DROP_FRAGMENT_BAD : PASSES);
		}
	}
	hostile_end();
}

/* Behind a destination options header in the fragmentable part: the transport's place in the first one. */
static void what_later_ones_belong_to(void **state)
{
	static const struct sequence udp = {"options", IPPROTO_UDP, {{0}}};
	static const uint8_t options[] = {IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0};
	const struct piece first = {0, 24, 0, PASSES}, last = {32, 8, LAST, PASSES};
	struct hostile packet;
	uint64_t created;

	(void)state;
	identification++;
	make(&udp, &first, true, &packet);
	memmove(packet.frame + packet.transport + 8, packet.frame + packet.transport, 24);
	memcpy(packet.frame + packet.transport, options, 8);
	hostile_cut(&packet, packet.bytes + 8);
	packet.frame[packet.ip + IPV6] = IPPROTO_DSTOPTS;
	hostile_meets("options, first", 0, &packet, PASSES);
	created = stats.flow.created;
	make(&udp, &last, true, &packet);
	packet.frame[packet.ip + IPV6] = IPPROTO_DSTOPTS;
	hostile_meets("options, last", 0, &packet, PASSES);
	assert_int_equal(stats.flow.created, created);
	hostile_end();
}

/* Fragments of fragments (RFC 8200, section 4.5, knows none): neither is what it says. */
static void fragment_headers_in_each_other(void **state)
{
	static const uint16_t fields[] = {0, 1, 8, 9, 65528};
	static const struct sequence udp = {"nested", IPPROTO_UDP, {{0}}};
	const struct piece first = {0, 24, 0, PASSES};

	(void)state;
	for (size_t outer = 0; outer < 2; outer++) {
		for (size_t i = 0; i < RTE_DIM(fields); i++) {
			uint8_t header[8] = {IPPROTO_FRAGMENT, 0, 0, outer, 0, 0, 0, i};
			struct hostile packet;

			identification++;
			make(&udp, &first, true, &packet);
			hostile_put16(packet.frame + packet.ip + IPV6 + 2, fields[i]);
			hostile_insert(&packet, header, sizeof(header));
			packet.frame[packet.ip + 6] = IPPROTO_FRAGMENT;
			hostile_meets("nested", 10 * outer + i, &packet,
				      outer ? DROP_FRAGMENT_BAD : DROP_IPV6_EXTENSION);
		}
	}
	hostile_end();
}

/* Without a first one: they wait, and end when their time is over. */
static void datagrams_that_never_begin(void **state)
{
	static const struct sequence udp = {"no first one", IPPROTO_UDP, {{0}}};
	const struct piece later = {24, 24, 0, WAITS};
	uint32_t sent = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct hostile packet;

		identification++;
		make(&udp, &later, i & 1, &packet);
		hostile_meets(udp.name, i, &packet, WAITS);
		sent++;
	}
	assert_int_equal(stats.held, sent);
	nf_host_run(DATAGRAM_TIMEOUT_NS);
	assert_int_equal(stats.held, 0);
	assert_int_equal(stats.dropped[DROP_FRAGMENT_TIMEOUT], sent);
	hostile_end();
}

/* Without an end: the first ones pass, until there are more than there may be. */
static void datagrams_that_never_end(void **state)
{
	static const struct sequence udp = {"no last one", IPPROTO_UDP, {{0}}};

	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		identification++;
		for (uint32_t i = 0; i < FRAGMENTS_MAX + 4; i++) {
			const struct piece piece = {8 * i, 8, 0, PASSES};
			struct hostile packet;

			make(&udp, &piece, ipv6, &packet);
			hostile_meets(udp.name, i, &packet,
				      i < FRAGMENTS_MAX ? PASSES : DROP_FRAGMENT_TABLE_FULL);
		}
	}
	hostile_end();
}

/* More of them than the table has room for, some of which never begin and some never end. */
static void a_flood_of_pieces(void **state)
{
	static const struct sequence udp = {"flood", IPPROTO_UDP, {{0}}};

	(void)state;
	for (uint32_t i = 0; i < 3 * DATAGRAMS_MAX; i++) {
		const struct piece piece = {i % 3 ? 24 : 0, 24, i % 3 && i % 5 == 0 ? LAST : 0, 0};
		uint64_t full = stats.dropped[DROP_FRAGMENT_TABLE_FULL];
		struct hostile packet;

		identification++;
		make(&udp, &piece, i & 1, &packet);
		if (i < 300 || i % 3 == 0)
			hostile_meets(udp.name, i, &packet, piece.start ? WAITS : PASSES);
		else
			nf_host_receive(LAN, packet.frame, packet.bytes);
		if (i > 1000 && i % 3)
			assert_int_equal(stats.dropped[DROP_FRAGMENT_TABLE_FULL], full + 1);
		nf_host_forget();
	}
	assert_true(stats.held <= HELD_MAX);
	assert_true(nf_host_books_balance());
	hostile_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_sequence, start),
	    cmocka_unit_test_setup(the_longest_datagram, start),
	    cmocka_unit_test_setup(what_later_ones_belong_to, start),
	    cmocka_unit_test_setup(fragment_headers_in_each_other, start),
	    cmocka_unit_test_setup(datagrams_that_never_begin, start),
	    cmocka_unit_test_setup(datagrams_that_never_end, start),
	    cmocka_unit_test_setup(a_flood_of_pieces, start),
	};

	return cmocka_run_group_tests_name("hostile_fragment", tests, NULL, NULL);
}
