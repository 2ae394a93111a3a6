/* SPDX-License-Identifier: Apache-2.0
 *
 * Headers that are cut off, or lie, or whose checksums are wrong, through firewall, NAT and router, beside
 * connections that must not notice: each ends under the reason that the tables here say.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "support/hostile.h"
#include "support/nat_tables.h"
#include "support/sample.h"

enum { IPV4 = 20, IPV6 = 40, SYN = 2, INIT = 1, ECHO4 = 8 << 8, ECHO6 = 128 << 8, GRE = 47, SPANS = 4 };

/* What is put between the IP header and what a description says. */
enum variant { PLAIN, TAGGED, OPTIONS, EXTENDED, FIRST, ERROR };

static const uint8_t ipv4_options[] = {7, 7, 4, 0, 0, 0, 0, 0},
		     extensions[] = {60, 0, 1, 4, 0, 0, 0, 0, IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0};

/* Packets that pass when they are whole. `cut`: from so many bytes behind the fixed IP header on, a packet
 * that ends there and says so has this outcome. */
enum kind {
	TCP4,
	TCP6,
	UDP4,
	UDP6,
	ICMP4,
	ICMP6,
	ERROR4,
	ERROR6,
	SCTP4,
	SCTP6,
	GRE4,
	GRE6,
	TAGGED4,
	TAGGED6,
	OPTIONS4,
	EXTENDED6,
	FIRST4,
	FIRST6,
	KINDS
};
#define TCP \
	.protocol = IPPROTO_TCP, .tcp_flags = SYN, .options = {2, 4, 5, 180}, .option_bytes = 4, .payload = 10
#define UDP  .protocol = IPPROTO_UDP, .payload = 10
#define SCTP .protocol = IPPROTO_SCTP, .chunk = INIT, .payload = 16
static const struct {
	const char *name;
	bool ipv6;
	uint8_t port, variant;
	struct craft craft;
	struct {
		uint8_t from, to;
	} cut[SPANS];
} kinds[KINDS] = {
    [TCP4] = {"TCP", false, WAN, PLAIN, {TCP}, {{0, DROP_L4_TRUNCATED}, {24, DROP_L4_CHECKSUM}}},
    [TCP6] = {"TCP, IPv6", true, WAN, PLAIN, {TCP}, {{0, DROP_L4_TRUNCATED}, {24, DROP_L4_CHECKSUM}}},
    [UDP4] = {"UDP", false, LAN, PLAIN, {UDP}, {{0, DROP_L4_TRUNCATED}}},
    [UDP6] = {"UDP, IPv6", true, LAN, PLAIN, {UDP}, {{0, DROP_L4_TRUNCATED}}},
    [ICMP4] = {"echo",
	       false,
	       LAN,
	       PLAIN,
	       {.protocol = IPPROTO_ICMP, .destination_port = ECHO4, .payload = 10},
	       {{0, DROP_L4_TRUNCATED}, {8, DROP_L4_CHECKSUM}}},
    [ICMP6] = {"echo, IPv6",
	       true,
	       LAN,
	       PLAIN,
	       {.protocol = IPPROTO_ICMPV6, .destination_port = ECHO6, .payload = 10},
	       {{0, DROP_L4_TRUNCATED}, {8, DROP_L4_CHECKSUM}}},
    [ERROR4] = {"ICMP error", false, WAN, ERROR, {0}, {{0, DROP_L4_TRUNCATED}, {8, DROP_L4_CHECKSUM}}},
    [ERROR6] = {"ICMPv6 error", true, WAN, ERROR, {0}, {{0, DROP_L4_TRUNCATED}, {8, DROP_L4_CHECKSUM}}},
    [SCTP4] = {"SCTP", false, LAN, PLAIN, {SCTP}, {{0, DROP_L4_TRUNCATED}}},
    [SCTP6] = {"SCTP, IPv6", true, LAN, PLAIN, {SCTP}, {{0, DROP_L4_TRUNCATED}}},
    [GRE4] = {"GRE", false, LAN, PLAIN, {.protocol = GRE, .payload = 10}, {{0, PASSES}}},
    [GRE6] = {"GRE, IPv6", true, LAN, PLAIN, {.protocol = GRE, .payload = 10}, {{0, PASSES}}},
    [TAGGED4] = {"UDP in a tag", false, LAN, TAGGED, {UDP}, {{0, DROP_L4_TRUNCATED}}},
    [TAGGED6] = {"UDP in a tag, IPv6", true, LAN, TAGGED, {UDP}, {{0, DROP_L4_TRUNCATED}}},
    [OPTIONS4] =
	{"UDP behind options", false, LAN, OPTIONS, {UDP}, {{0, DROP_IP_HEADER}, {8, DROP_L4_TRUNCATED}}},
    [EXTENDED6] = {"UDP behind extension headers",
		   true,
		   LAN,
		   EXTENDED,
		   {UDP},
		   {{0, DROP_IPV6_EXTENSION}, {16, DROP_L4_TRUNCATED}}},
    [FIRST4] = {"first fragment",
		false,
		LAN,
		FIRST,
		{.protocol = IPPROTO_UDP, .payload = 16, .more_fragments = true},
		{{0, DROP_FRAGMENT_BAD}}},
    [FIRST6] = {"first fragment, IPv6",
		true,
		LAN,
		FIRST,
		{.protocol = IPPROTO_UDP, .payload = 16, .more_fragments = true},
		{{0, DROP_IPV6_EXTENSION}, {8, DROP_FRAGMENT_BAD}}},
};

/* Each packet begins a flow of its own: later ones of a flow are their receivers' to check. */
static uint16_t number;

static void make(enum kind kind, struct hostile *packet)
{
	bool ipv6 = kinds[kind].ipv6;
	struct craft craft = kinds[kind].craft;

	if (kinds[kind].variant == ERROR) {
		hostile_error(packet, ipv6, (ipv6 ? 1 : 3) << 8, (ipv6 ? IPV6 : IPV4) + 24);
		return;
	}
	craft.source_port = 10000 + ++number;
	hostile_craft(packet, kinds[kind].port, ipv6, &craft);
	if (kinds[kind].variant == OPTIONS) {
		hostile_insert(packet, ipv4_options, sizeof(ipv4_options));
	} else if (kinds[kind].variant == EXTENDED) {
		hostile_insert(packet, extensions, sizeof(extensions));
		packet->frame[packet->ip + 6] = IPPROTO_HOPOPTS;
	} else if (kinds[kind].variant == FIRST) {
		hostile_identify(packet, number);
	} else if (kinds[kind].variant == TAGGED) {
		packet->bytes = sample_tag(packet->frame, packet->bytes, 0x8100, 0);
		packet->ip += TAG;
		packet->transport += TAG;
	}
}

static int start(void **state)
{
	(void)state;
	hostile_start();
	return 0;
}

static void each_passes_when_it_is_whole(void **state)
{
	struct hostile packet;

	(void)state;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		make(kind, &packet);
		hostile_meets(kinds[kind].name, -1, &packet, PASSES);
	}
	hostile_end();
}

/* The frame ends, and its lengths say that there is more. */
static void frames_cut_at_each_byte(void **state)
{
	struct hostile packet;

	(void)state;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		make(kind, &packet);
		for (size_t left = packet.bytes; left-- > 0;) {
			packet.bytes = left;
			hostile_meets(kinds[kind].name, left, &packet,
				      left < packet.ip ? DROP_RUNT : DROP_IP_TRUNCATED);
		}
	}
	hostile_end();
}

/* A fragment that isn't the last one is a multiple of eight bytes long, or it is none. */
static int cut_outcome(enum kind kind, size_t left)
{
	bool ipv6 = kinds[kind].ipv6;
	int found = 0;

	if (kinds[kind].variant == FIRST && left >= (ipv6 ? 16 : 8) && left % 8 == 0)
		return PASSES;
	for (int i = 1; i < SPANS && kinds[kind].cut[i].from && left >= kinds[kind].cut[i].from; i++)
		found = i;
	return kinds[kind].cut[found].to;
}

/* The packet ends, and IP's length and checksum agree with that. */
static void packets_cut_at_each_byte(void **state)
{
	struct hostile packet;

	(void)state;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		size_t fixed = kinds[kind].ipv6 ? IPV6 : IPV4, whole;

		make(kind, &packet);
		whole = packet.bytes - packet.ip - fixed;
		for (size_t left = 0; left < whole; left++) {
			make(kind, &packet);
			hostile_cut(&packet, packet.ip + fixed + left);
			hostile_meets(kinds[kind].name, left, &packet, cut_outcome(kind, left));
		}
	}
	hostile_end();
}

/* A quote needs the header that was sent, and the ports and number behind it. */
static void quotes_cut_at_each_byte(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		size_t fixed = ipv6 ? IPV6 : IPV4;

		for (size_t left = 0; left <= fixed + 20; left++) {
			struct hostile packet;

			hostile_error(&packet, ipv6, (ipv6 ? 1 : 3) << 8, left);
			hostile_meets("quote", left, &packet,
				      left < fixed + 8 ? DROP_ICMP_UNRELATED : PASSES);
		}
	}
	hostile_end();
}

/* Fields that lie: `at` is an offset from the IP header, or, where it is negative, -1 - at from the
 * transport's. Lengths that are a word in two bytes are written as such. Unless a row says so, no checksum is
 * made right but that of the IPv4 header. */
enum { FIX = 1 << 0, INNER = 1 << 1, WORD = 1 << 2 };
#define TRANSPORT(at) (-1 - (at))
static const struct lie {
	const char *name;
	enum kind kind;
	int at, flags, value, expected;
} lies[] = {
    {"version 0", TCP4, 0, 0, 0x05, DROP_IP_VERSION},
    {"version 6 as IPv4", TCP4, 0, 0, 0x65, DROP_IP_VERSION},
    {"version 15", TCP4, 0, 0, 0xf5, DROP_IP_VERSION},
    {"header of 0 bytes", TCP4, 0, 0, 0x40, DROP_IP_HEADER},
    {"header of 4 bytes", TCP4, 0, 0, 0x41, DROP_IP_HEADER},
    {"header of 16 bytes", TCP4, 0, 0, 0x44, DROP_IP_HEADER},
    {"header of 24 bytes", TCP4, 0, 0, 0x46, DROP_IP_OPTIONS},
    {"header of 60 bytes", TCP4, 0, 0, 0x4f, DROP_IP_HEADER},
    {"total length 0", TCP4, 2, WORD, 0, DROP_IP_HEADER},
    {"total length 1", TCP4, 2, WORD, 1, DROP_IP_HEADER},
    {"total length 19", TCP4, 2, WORD, 19, DROP_IP_HEADER},
    {"total length 20", TCP4, 2, WORD, 20, DROP_L4_TRUNCATED},
    {"total length of one less", TCP4, 2, WORD, 53, DROP_L4_CHECKSUM},
    {"total length of one more", TCP4, 2, WORD, 55, DROP_IP_TRUNCATED},
    {"total length 65535", TCP4, 2, WORD, 65535, DROP_IP_TRUNCATED},
    {"options of length 0", OPTIONS4, 21, 0, 0, DROP_IP_OPTIONS},
    {"options of length 1", OPTIONS4, 21, 0, 1, DROP_IP_OPTIONS},
    {"options to the end", OPTIONS4, 21, 0, 8, PASSES},
    {"options one beyond the end", OPTIONS4, 21, 0, 9, DROP_IP_OPTIONS},
    {"options of length 255", OPTIONS4, 21, 0, 255, DROP_IP_OPTIONS},
    {"data offset 0", TCP4, TRANSPORT(12), FIX, 0x00, DROP_L4_TRUNCATED},
    {"data offset 1", TCP4, TRANSPORT(12), FIX, 0x10, DROP_L4_TRUNCATED},
    {"data offset 4", TCP4, TRANSPORT(12), FIX, 0x40, DROP_L4_TRUNCATED},
    {"data offset one less", TCP4, TRANSPORT(12), FIX, 0x50, PASSES},
    {"data offset one more", TCP4, TRANSPORT(12), FIX, 0x70, PASSES},
    {"data offset one more, unsummed", TCP4, TRANSPORT(12), 0, 0x70, DROP_L4_CHECKSUM},
    {"data offset one beyond the end", TCP4, TRANSPORT(12), FIX, 0x90, DROP_L4_TRUNCATED},
    {"data offset 15", TCP4, TRANSPORT(12), FIX, 0xf0, DROP_L4_TRUNCATED},
    {"UDP length 0", UDP4, TRANSPORT(4), WORD, 0, DROP_L4_TRUNCATED},
    {"UDP length 1", UDP4, TRANSPORT(4), WORD, 1, DROP_L4_TRUNCATED},
    {"UDP length 7", UDP4, TRANSPORT(4), WORD, 7, DROP_L4_TRUNCATED},
    {"UDP length 8", UDP4, TRANSPORT(4), WORD, 8, DROP_L4_CHECKSUM},
    {"UDP length one less", UDP4, TRANSPORT(4), WORD, 17, DROP_L4_CHECKSUM},
    {"UDP length one more", UDP4, TRANSPORT(4), WORD, 19, DROP_L4_TRUNCATED},
    {"UDP length 65535", UDP4, TRANSPORT(4), WORD, 65535, DROP_L4_TRUNCATED},
    {"UDP length 65535, first fragment", FIRST4, TRANSPORT(4), WORD, 65535, PASSES},
    {"UDP length 7, first fragment", FIRST4, TRANSPORT(4), WORD, 7, DROP_FRAGMENT_BAD},
    {"chunk of length 0", SCTP4, TRANSPORT(14), WORD, 0, DROP_L4_TRUNCATED},
    {"chunk of length 1", SCTP4, TRANSPORT(14), WORD, 1, DROP_L4_TRUNCATED},
    {"chunk of length 3", SCTP4, TRANSPORT(14), WORD, 3, DROP_L4_TRUNCATED},
    {"chunk one beyond the end", SCTP4, TRANSPORT(14), WORD, 21, DROP_L4_TRUNCATED},
    {"chunk of length 65535", SCTP4, TRANSPORT(14), WORD, 65535, DROP_L4_TRUNCATED},
    {"quoted header of 0 bytes", ERROR4, TRANSPORT(8), FIX, 0x40, DROP_ICMP_UNRELATED},
    {"quoted header of 16 bytes", ERROR4, TRANSPORT(8), FIX, 0x44, DROP_ICMP_UNRELATED},
    {"quoted header of 24 bytes", ERROR4, TRANSPORT(8), FIX | INNER, 0x46, DROP_ICMP_UNRELATED},
    {"quoted header of 60 bytes", ERROR4, TRANSPORT(8), FIX, 0x4f, DROP_ICMP_UNRELATED},
    {"quoted version 6", ERROR4, TRANSPORT(8), FIX, 0x65, DROP_ICMP_UNRELATED},
    {"quoted total length 0", ERROR4, TRANSPORT(10), FIX | INNER | WORD, 0, PASSES},
    {"quoted total length 65535", ERROR4, TRANSPORT(10), FIX | INNER | WORD, 65535, PASSES},
    {"quoted protocol", ERROR4, TRANSPORT(17), FIX | INNER, IPPROTO_UDP, DROP_ICMP_UNRELATED},
    {"quoted later fragment", ERROR4, TRANSPORT(14), FIX | INNER | WORD, 1, DROP_ICMP_UNRELATED},
    {"quoted header's checksum", ERROR4, TRANSPORT(18), FIX | WORD, 1, DROP_ICMP_UNRELATED},
    {"quoted number", ERROR4, TRANSPORT(32), FIX | WORD, 0x1234, DROP_ICMP_UNRELATED},
    {"IPv6 version 0", TCP6, 0, 0, 0x00, DROP_IP_VERSION},
    {"IPv6 version 4", TCP6, 0, 0, 0x45, DROP_IP_VERSION},
    {"payload length 0", TCP6, 4, WORD, 0, DROP_L4_TRUNCATED},
    {"payload length 1", TCP6, 4, WORD, 1, DROP_L4_TRUNCATED},
    {"payload length of one less", TCP6, 4, WORD, 33, DROP_L4_CHECKSUM},
    {"payload length of one more", TCP6, 4, WORD, 35, DROP_IP_TRUNCATED},
    {"payload length 65535", TCP6, 4, WORD, 65535, DROP_IP_TRUNCATED},
    {"payload length 0 before extension headers", EXTENDED6, 4, WORD, 0, DROP_IPV6_EXTENSION},
    {"extension header one longer", EXTENDED6, 41, 0, 1, DROP_IPV6_EXTENSION},
    {"extension header over the transport", EXTENDED6, 49, 0, 2, DROP_IPV6_EXTENSION},
    {"extension header of 2048 bytes", EXTENDED6, 41, 0, 255, DROP_IPV6_EXTENSION},
    {"option of length 0", EXTENDED6, 43, 0, 0, PASSES},
    {"option one beyond its header", EXTENDED6, 43, 0, 5, DROP_IPV6_EXTENSION},
    {"option of length 255", EXTENDED6, 51, 0, 255, DROP_IPV6_EXTENSION},
    {"UDP length 0, IPv6", UDP6, TRANSPORT(4), WORD, 0, DROP_L4_TRUNCATED},
    {"UDP length one more, IPv6", UDP6, TRANSPORT(4), WORD, 19, DROP_L4_TRUNCATED},
    {"UDP length one less, IPv6", UDP6, TRANSPORT(4), WORD, 17, DROP_L4_CHECKSUM},
    {"data offset 4, IPv6", TCP6, TRANSPORT(12), FIX, 0x40, DROP_L4_TRUNCATED},
    {"data offset 15, IPv6", TCP6, TRANSPORT(12), FIX, 0xf0, DROP_L4_TRUNCATED},
    {"chunk of length 3, IPv6", SCTP6, TRANSPORT(14), WORD, 3, DROP_L4_TRUNCATED},
    {"chunk one beyond the end, IPv6", SCTP6, TRANSPORT(14), WORD, 21, DROP_L4_TRUNCATED},
    {"quoted version 4", ERROR6, TRANSPORT(8), FIX, 0x45, DROP_ICMP_UNRELATED},
    {"quoted payload length 0", ERROR6, TRANSPORT(12), FIX | WORD, 0, PASSES},
    {"quoted payload length 65535", ERROR6, TRANSPORT(12), FIX | WORD, 65535, PASSES},
    {"quoted next header", ERROR6, TRANSPORT(14), FIX, IPPROTO_UDP, DROP_ICMP_UNRELATED},
    {"quoted extension header that isn't there", ERROR6, TRANSPORT(14), FIX, IPPROTO_DSTOPTS,
     DROP_ICMP_UNRELATED},
    {"quoted number, IPv6", ERROR6, TRANSPORT(52), FIX | WORD, 0x1234, DROP_ICMP_UNRELATED},
};

static uint8_t protocol_of(enum kind kind)
{
	if (kinds[kind].variant == ERROR)
		return kinds[kind].ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	return kinds[kind].craft.protocol;
}

static void fix_quote(struct hostile *packet)
{
	uint8_t *ip = packet->frame + packet->transport + 8;

	hostile_put16(ip + 10, 0);
	hostile_put16(ip + 10, ~craft_sum(ip, (ip[0] & 15) * 4, 0));
}

static void each_length_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(lies); i++) {
		const struct lie *lie = &lies[i];
		struct hostile packet;
		uint8_t *at;

		make(lie->kind, &packet);
		at = packet.frame + (lie->at < 0 ? packet.transport - 1 - lie->at : packet.ip + lie->at);
		if (lie->flags & WORD)
			hostile_put16(at, lie->value);
		else
			*at = lie->value;
		if (lie->flags & INNER)
			fix_quote(&packet);
		if (lie->flags & FIX)
			hostile_fix_transport(&packet, protocol_of(lie->kind));
		hostile_fix_ip(&packet);
		hostile_meets(lie->name, lie->value, &packet, lie->expected);
	}
	hostile_end();
}

/* Checksum fields, each with each of its bits the other way, none and all of them set. */
static const struct {
	enum kind kind;
	int at, expected;
} sums[] = {
    {TCP4, 10, DROP_IP_CHECKSUM},
    {UDP4, 10, DROP_IP_CHECKSUM},
    {ICMP4, 10, DROP_IP_CHECKSUM},
    {ERROR4, 10, DROP_IP_CHECKSUM},
    {SCTP4, 10, DROP_IP_CHECKSUM},
    {GRE4, 10, DROP_IP_CHECKSUM},
    {TAGGED4, 10, DROP_IP_CHECKSUM},
    {OPTIONS4, 10, DROP_IP_CHECKSUM},
    {FIRST4, 10, DROP_IP_CHECKSUM},
    {TCP4, TRANSPORT(16), DROP_L4_CHECKSUM},
    {UDP4, TRANSPORT(6), DROP_L4_CHECKSUM},
    {ICMP4, TRANSPORT(2), DROP_L4_CHECKSUM},
    {ERROR4, TRANSPORT(2), DROP_L4_CHECKSUM},
    {TCP6, TRANSPORT(16), DROP_L4_CHECKSUM},
    {UDP6, TRANSPORT(6), DROP_L4_CHECKSUM},
    {ICMP6, TRANSPORT(2), DROP_L4_CHECKSUM},
    {ERROR6, TRANSPORT(2), DROP_L4_CHECKSUM},
    {EXTENDED6, TRANSPORT(6), DROP_L4_CHECKSUM},
    {TAGGED6, TRANSPORT(6), DROP_L4_CHECKSUM},
    {OPTIONS4, TRANSPORT(6), DROP_L4_CHECKSUM},
};

static void each_checksum_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(sums); i++) {
		bool udp4 = protocol_of(sums[i].kind) == IPPROTO_UDP && !kinds[sums[i].kind].ipv6;

		for (int bit = 0; bit < 18; bit++) {
			struct hostile packet;
			uint8_t *at;

			make(sums[i].kind, &packet);
			at = packet.frame +
			     (sums[i].at < 0 ? packet.transport - 1 - sums[i].at : packet.ip + sums[i].at);
			hostile_put16(at, bit == 16 ? 0 : bit == 17 ? 0xffff : hostile_get16(at) ^ 1 << bit);
			/* UDP over IPv4 may have no checksum at all. */
			hostile_meets(kinds[sums[i].kind].name, bit, &packet,
				      bit == 16 && udp4 && sums[i].at < 0 ? PASSES : sums[i].expected);
		}
	}
	hostile_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_passes_when_it_is_whole, start),
	    cmocka_unit_test_setup(frames_cut_at_each_byte, start),
	    cmocka_unit_test_setup(packets_cut_at_each_byte, start),
	    cmocka_unit_test_setup(quotes_cut_at_each_byte, start),
	    cmocka_unit_test_setup(each_length_lies, start),
	    cmocka_unit_test_setup(each_checksum_is_wrong, start),
	};

	return cmocka_run_group_tests_name("hostile_header", tests, NULL, NULL);
}
