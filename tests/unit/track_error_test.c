/* SPDX-License-Identifier: Apache-2.0
 *
 * ICMP errors and the flows that they quote: what is related, and what only says so (RFC 792; RFC 4443; RFC
 * 5508, section 4; RFC 5927, section 4). Each row is an error about a packet of one of a few flows, on its
 * way to whoever sent that packet.
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
#include "support/sample.h"
#include "support/tcp_script.h"

enum { ETHERNET = 14, ICMP_HEADER = 8, ALL = 0, RELATED = -1 };

/* What is wrong with an error. */
enum fault {
	RIGHT,
	ITS_CHECKSUM,
	QUOTED_CHECKSUM, /* of the IPv4 header */
	QUOTED_VERSION,
	QUOTED_LENGTH,	/* of the IPv4 header: less than there must be */
	QUOTED_LONGER,	/* ... more than there is */
	LATER_FRAGMENT, /* is what it quotes */
	TO_ANOTHER,	/* goes to a host that did not send what it quotes */
	SIDE,		/* comes from where the quoted packet came from */
	EXTENSIONS,	/* before the quoted transport header */
	EXTENSIONS_MANY,
	EXTENSION_CUT,
	NESTED,	   /* about an error */
	IN_PIECES, /* is the first fragment of itself */
	OTHER_FAMILY,
};

/* The flows. TCP: the client has sent up to 101, the server up to 201, windows are 1000. */
static const char tcp_lines[] = "> S 0\n< S. 0 ack 1\n> . 1 ack 1\n> . 1:101 ack 1\n< . 1:201 ack 101\n";
enum { CLIENT_FIRST = 1000, SERVER_FIRST = 5000 };
static const struct craft flows[] = {
    {.protocol = IPPROTO_UDP, .source_port = 7000, .destination_port = 53, .payload = 8},
    {.protocol = IPPROTO_ICMP, .source_port = 7, .destination_port = 8 << 8, .payload = 8},
    {.protocol = IPPROTO_SCTP, .source_port = 7, .destination_port = 9, .chunk = 1},
    {.protocol = IPPROTO_GRE, .payload = 16},
};

#define TCP_SENT(seq) \
	{ \
		.protocol = IPPROTO_TCP, .source_port = 4242, .destination_port = 80, .tcp_flags = 16, \
		.sequence = CLIENT_FIRST + (seq), .payload = 8 \
	}
#define TCP_CAME(seq) \
	{ \
		.protocol = IPPROTO_TCP, .source_port = 80, .destination_port = 4242, .tcp_flags = 16, \
		.sequence = SERVER_FIRST + (seq), .payload = 8 \
	}
#define UDP(from, to) \
	{ \
		.protocol = IPPROTO_UDP, .source_port = from, .destination_port = to, .payload = 8 \
	}
#define ECHO(type, id) \
	{ \
		.protocol = IPPROTO_ICMP, .source_port = id, .destination_port = (type) << 8, .payload = 8 \
	}
#define SCTP(from, to) \
	{ \
		.protocol = IPPROTO_SCTP, .source_port = from, .destination_port = to \
	}
#define OTHER(number) \
	{ \
		.protocol = number, .payload = 16 \
	}

enum { UNREACHABLE = 3 << 8 | 1, TOO_BIG = 3 << 8 | 4, TIME = 11 << 8, PARAMETER = 12 << 8 };

static const struct row {
	const char *name;
	char about; /* '>': a packet that the client sent, '<': one that the server sent */
	struct craft quoted;
	uint16_t type;	/* as over IPv4 */
	uint16_t bytes; /* quoted after the IP header; ALL: everything */
	enum fault fault;
	int expected; /* RELATED, or enum drop_reason */
} rows[] = {
    {"UDP out", '>', UDP(7000, 53), UNREACHABLE, ALL, RIGHT, RELATED},
    {"UDP back", '<', UDP(53, 7000), UNREACHABLE, ALL, RIGHT, RELATED},
    {"UDP, time exceeded", '>', UDP(7000, 53), TIME, ALL, RIGHT, RELATED},
    {"UDP, parameter problem", '>', UDP(7000, 53), PARAMETER, ALL, RIGHT, RELATED},
    {"UDP, too big", '>', UDP(7000, 53), TOO_BIG, ALL, RIGHT, RELATED},
    {"UDP, eight bytes (RFC 792)", '>', UDP(7000, 53), UNREACHABLE, 8, RIGHT, RELATED},
    {"UDP, less than the ports", '>', UDP(7000, 53), UNREACHABLE, 3, RIGHT, DROP_ICMP_UNRELATED},
    {"UDP, no such flow", '>', UDP(7001, 53), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},
    {"UDP, the flow's ports exchanged", '>', UDP(53, 7000), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},

    {"TCP out, in flight", '>', TCP_SENT(50), TOO_BIG, ALL, RIGHT, RELATED},
    {"TCP out, eight bytes", '>', TCP_SENT(50), TOO_BIG, 8, RIGHT, RELATED},
    {"TCP back", '<', TCP_CAME(1), TIME, ALL, RIGHT, RELATED},
    {"TCP, what comes next", '>', TCP_SENT(101), UNREACHABLE, ALL, RIGHT, RELATED},
    {"TCP, what was never sent", '>', TCP_SENT(102), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},
    {"TCP, a window ago", '>', TCP_SENT(101 - 1000), UNREACHABLE, ALL, RIGHT, RELATED},
    {"TCP, longer ago", '>', TCP_SENT(101 - 1002), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},
    {"TCP, anywhere", '>', TCP_SENT(1u << 31), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},
    {"TCP back, the client's number", '<', TCP_CAME(50 - SERVER_FIRST + CLIENT_FIRST), TIME, ALL, RIGHT,
     DROP_ICMP_UNRELATED},
    {"TCP, ports only: its number could be anything", '>', TCP_SENT(50), TOO_BIG, 4, RIGHT,
     DROP_ICMP_UNRELATED},
    {"TCP, a byte short of the number", '>', TCP_SENT(50), TOO_BIG, 7, RIGHT, DROP_ICMP_UNRELATED},

    {"echo out", '>', ECHO(8, 7), UNREACHABLE, ALL, RIGHT, RELATED},
    {"echo, eight bytes", '>', ECHO(8, 7), UNREACHABLE, 8, RIGHT, RELATED},
    {"echo, without its identifier", '>', ECHO(8, 7), UNREACHABLE, 5, RIGHT, DROP_ICMP_UNRELATED},
    {"echo reply, back", '<', ECHO(0, 7), UNREACHABLE, ALL, RIGHT, RELATED},
    {"echo, another identifier", '>', ECHO(8, 8), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},
    {"echo reply that was not sent", '>', ECHO(0, 7), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},
    {"SCTP out", '>', SCTP(7, 9), UNREACHABLE, ALL, RIGHT, RELATED},
    {"SCTP back", '<', SCTP(9, 7), UNREACHABLE, 8, RIGHT, RELATED},
    {"GRE out", '>', OTHER(IPPROTO_GRE), UNREACHABLE, ALL, RIGHT, RELATED},
    {"GRE back", '<', OTHER(IPPROTO_GRE), UNREACHABLE, 1, RIGHT, RELATED},
    {"ESP, which is not there", '>', OTHER(IPPROTO_ESP), UNREACHABLE, ALL, RIGHT, DROP_ICMP_UNRELATED},

    {"its own checksum is wrong", '>', UDP(7000, 53), UNREACHABLE, ALL, ITS_CHECKSUM, DROP_L4_CHECKSUM},
    {"the quoted checksum is wrong", '>', UDP(7000, 53), UNREACHABLE, ALL, QUOTED_CHECKSUM,
     DROP_ICMP_UNRELATED},
    {"the quoted version is", '>', UDP(7000, 53), UNREACHABLE, ALL, QUOTED_VERSION, DROP_ICMP_UNRELATED},
    {"the quoted header is too short", '>', UDP(7000, 53), UNREACHABLE, ALL, QUOTED_LENGTH,
     DROP_ICMP_UNRELATED},
    {"... too long", '>', UDP(7000, 53), UNREACHABLE, ALL, QUOTED_LONGER, DROP_ICMP_UNRELATED},
    {"a later fragment is quoted", '>', UDP(7000, 53), TIME, ALL, LATER_FRAGMENT, DROP_ICMP_UNRELATED},
    {"it goes to another host", '>', UDP(7000, 53), UNREACHABLE, ALL, TO_ANOTHER, DROP_ICMP_UNRELATED},
    {"an error about an error", '>', UDP(7000, 53), UNREACHABLE, ALL, NESTED, DROP_ICMP_UNRELATED},
    {"it is in pieces", '>', UDP(7000, 53), UNREACHABLE, ALL, IN_PIECES, DROP_ICMP_UNRELATED},
    {"it quotes the other family", '>', UDP(7000, 53), UNREACHABLE, ALL, OTHER_FAMILY, DROP_ICMP_UNRELATED},
    {"extension headers in the quote", '>', UDP(7000, 53), TOO_BIG, ALL, EXTENSIONS, RELATED},
    {"... with TCP behind them", '>', TCP_SENT(50), TOO_BIG, ALL, EXTENSIONS, RELATED},
    {"... with TCP behind them, never sent", '>', TCP_SENT(500), TOO_BIG, ALL, EXTENSIONS,
     DROP_ICMP_UNRELATED},
    {"... more than there may be", '>', UDP(7000, 53), TOO_BIG, ALL, EXTENSIONS_MANY, DROP_ICMP_UNRELATED},
    {"... cut off", '>', UDP(7000, 53), TOO_BIG, ALL, EXTENSION_CUT, DROP_ICMP_UNRELATED},
};

static const char *const clients[] = {"192.0.2.10", "2001:db8:1::10"};
static const char *const servers[] = {"203.0.113.7", "2001:db8:99::7"};
static const char *const routers[] = {"203.0.113.99", "2001:db8:99::99"};
static const char *const others[] = {"192.0.2.11", "2001:db8:1::11"};

static void address(struct craft *craft, char from, bool ipv6)
{
	craft->source = (from == '>' ? clients : servers)[ipv6];
	craft->destination = (from == '>' ? servers : clients)[ipv6];
	memcpy(craft->mac, (uint8_t[6]){2, 0, 0, 0, 0, from == '>' ? 1 : 2}, 6);
	if (ipv6 && craft->protocol == IPPROTO_ICMP) {
		craft->destination_port = (craft->destination_port ? 128 : 129) << 8;
		craft->protocol = IPPROTO_ICMPV6;
	}
}

static void open_flows(bool ipv6)
{
	const struct tcp_script_ends ends = {ipv6, 4242, CLIENT_FIRST, SERVER_FIRST};
	uint8_t frame[CRAFT_MAX];

	tcp_script_lines(&ends, "errors", tcp_lines);
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		struct craft craft = flows[i];

		address(&craft, '>', ipv6);
		nf_host_receive(0, frame, craft_frame(&craft, frame));
	}
	assert_int_equal(stats.flow.flows, 5);
	nf_host_forget();
}

/* The quoted packet from its IP header on; returns its length. */
static size_t quote(const struct row *row, bool ipv6, uint8_t *out)
{
	/* Hop-by-hop options, a routing header of type 3, a fragment header of a whole packet, destination
	   options. */
	static const uint8_t extensions[32] = {43, 0, 1,  4, 0, 0, 0, 0, 44, 0, 3, 0, 0, 0,
					       0,  0, 60, 0, 0, 0, 0, 0, 0,  7, 0, 0, 1, 4};
	struct craft craft = row->quoted;
	uint8_t frame[CRAFT_MAX];
	size_t header = ipv6 ? 40 : 20, extra = 0, bytes;

	address(&craft, row->about, ipv6);
	if (row->fault == LATER_FRAGMENT)
		craft.fragment = 64;
	bytes = craft_frame(&craft, frame) - ETHERNET;
	memcpy(out, frame + ETHERNET, bytes);
	if (ipv6 && (row->fault == EXTENSIONS || row->fault == EXTENSION_CUT)) {
		extra = sizeof(extensions);
		memmove(out + header + extra, out + header, bytes - header);
		memcpy(out + header, extensions, extra);
		out[header + 24] = out[6];
		out[6] = 0;
	}
	if (row->fault == EXTENSION_CUT)
		return header + 12;
	return row->bytes ? header + extra + row->bytes : bytes + extra;
}

/* Nine headers of destination options, and then nothing. */
static size_t quote_many(uint8_t *out)
{
	for (int i = 0; i < 9; i++)
		memcpy(out + 40 + 8 * i, (uint8_t[8]){60, 0, 1, 4}, 8);
	out[40 + 64] = IPPROTO_UDP;
	memcpy(out + 40 + 72, (uint8_t[8]){7000 >> 8, 7000 & 0xff, 0, 53}, 8);
	out[6] = 60;
	return 40 + 72 + 8;
}

static void spoil_quote(enum fault fault, uint8_t *ip)
{
	if (fault == QUOTED_CHECKSUM)
		ip[10] ^= 0xff;
	if (fault == QUOTED_VERSION)
		ip[0] ^= 0x20;
	if (fault == QUOTED_LENGTH)
		ip[0] = 0x44;
	if (fault == QUOTED_LONGER)
		ip[0] = 0x4f;
}

/* Type and code of the IPv6 error that is the same as an IPv4 one. */
static uint16_t type_of(uint16_t type, bool ipv6)
{
	if (!ipv6)
		return type;
	return type == TOO_BIG ? 2 << 8 : type == TIME ? 3 << 8 : type == PARAMETER ? 4 << 8 : 1 << 8;
}

static size_t error_frame(const struct row *row, bool ipv6, uint8_t *frame)
{
	uint8_t quoted[CRAFT_MAX];
	size_t bytes = quote(row, ipv6 != (row->fault == OTHER_FAMILY), quoted), length;
	bool to_client = row->about == '>';
	struct craft craft = {
	    .source = to_client ? routers[ipv6] : others[ipv6],
	    .destination = to_client ? clients[ipv6] : servers[ipv6],
	    .protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
	    .destination_port = type_of(row->type, ipv6),
	    .more_fragments = row->fault == IN_PIECES,
	    .mac = {2, 0, 0, 0, 0, to_client ? 2 : 1},
	};
	uint8_t *icmp;

	if (row->fault == TO_ANOTHER)
		craft.destination = others[ipv6];
	if (row->fault == EXTENSIONS_MANY)
		bytes = quote_many(quoted);
	spoil_quote(row->fault, quoted);
	if (row->fault == NESTED)
		quoted[ipv6 ? 6 : 9] = craft.protocol;
	craft.payload = row->fault == IN_PIECES ? bytes & ~7 : bytes;
	length = craft_frame(&craft, frame);
	icmp = frame + length - craft.payload - ICMP_HEADER;
	memcpy(icmp + ICMP_HEADER, quoted, craft.payload);
	return length;
}

/* The quote came after craft_frame summed. */
static void fix_checksum(uint8_t *frame, size_t length, bool ipv6, bool right)
{
	uint8_t *ip = frame + ETHERNET, *icmp = ip + (ipv6 ? 40 : 20);
	size_t bytes = frame + length - icmp;
	uint16_t sum;

	icmp[2] = icmp[3] = 0;
	sum = ~craft_sum(icmp, bytes, ipv6 ? craft_sum(ip + 8, 32, IPPROTO_ICMPV6 + bytes) : 0);
	icmp[2] = sum >> 8;
	icmp[3] = sum ^ !right;
}

static void run(const struct row *row, bool ipv6)
{
	static struct flow_record before[6];
	uint8_t frame[CRAFT_MAX];
	size_t length;

	nf_host_start();
	open_flows(ipv6);
	nf_host_run(5 * (uint64_t)SECOND);
	length = error_frame(row, ipv6, frame);
	if (row->fault != IN_PIECES)
		fix_checksum(frame, length, ipv6, row->fault != ITS_CHECKSUM);
	memcpy(before, flow_records, sizeof(before));
	nf_host_receive(row->about == '>', frame, length);
	if (row->expected == RELATED)
		assert_int_equal(rule_stats[RULE_RELATED].packets, 1);
	else
		assert_int_equal(stats.dropped[row->expected], 1);
	/* Whatever it says, the connection goes on as if it had not been there. */
	for (int i = 1; i <= 5; i++) {
		memcpy(before[i].neighbour, flow_records[i].neighbour, sizeof(before[i].neighbour));
		assert_memory_equal(&before[i], &flow_records[i], sizeof(before[i]));
	}
	assert_int_equal(stats.flow.flows, 5);
	assert_true(nf_host_settles());
}

static void error(void **state)
{
	const struct row *row = *state;
	bool only_ipv4 =
	    row->fault == QUOTED_CHECKSUM || row->fault == QUOTED_LENGTH || row->fault == QUOTED_LONGER;
	bool only_ipv6 = row->fault >= EXTENSIONS && row->fault <= EXTENSION_CUT;

	if (!only_ipv6)
		run(row, false);
	if (!only_ipv4)
		run(row, true);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];
	size_t count = sizeof(rows) / sizeof(rows[0]);

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){rows[i].name, error, NULL, NULL, (void *)&rows[i]};
	return _cmocka_run_group_tests("track_error", tests, count, NULL, NULL);
}
