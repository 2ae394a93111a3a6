/* SPDX-License-Identifier: Apache-2.0
 *
 * Hostile packets beside honest ones; see hostile.h.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <rte_common.h>
#include "nf/flow/flow.h"
#include "flow_check.h"
#include "hostile.h"
#include "nat_world.h"
#include "sample.h"

enum { IPV4 = 20, IPV6 = 40, CLIENT_PORT = 4242, SERVER_PORT = 80, WINDOW = 30000, DATA = 10 };
enum { SYN = 2, ACK = 16, PSH = 8, FAMILIES = 2, HONEST = FAMILIES, TTL_LEFT = 63 };

static const char *const clients[] = {"192.0.2.10", "2001:db8:1::10"},
			 *const servers[] = {"203.0.113.7", "2001:db8:f::7"},
			 *const hosts[] = {"192.0.2.11", "2001:db8:1::11"},
			 *const strangers[] = {"203.0.113.9", "2001:db8:f::9"},
			 *const externals[] = {"198.51.100.1", "2001:db8:2::1"};

/* As the ends see it: `next` is the number that each sends next. */
static struct connection {
	uint16_t external; /* the client's port, as the server sees it */
	uint32_t next[FLOW_DIRECTIONS];
} connections[FAMILIES];

static unsigned int failures;

static const char *const names[] = {
#define X(identifier, name, meaning) name,
    DROP_REASONS(X)
#undef X
	"passes",
    "consumed",
    "waits",
    "nothing",
};

/* What an end sends, with the addresses that it knows. */
static struct craft arriving(bool ipv6, enum flow_direction direction, uint8_t flags, uint16_t payload)
{
	const struct connection *c = &connections[ipv6];
	bool back = direction == FLOW_REPLY;
	struct craft craft = {
	    .source = back ? servers[ipv6] : clients[ipv6],
	    .destination = back ? externals[ipv6] : servers[ipv6],
	    .protocol = IPPROTO_TCP,
	    .source_port = back ? SERVER_PORT : CLIENT_PORT,
	    .destination_port = back ? c->external : SERVER_PORT,
	    .tcp_flags = flags,
	    .sequence = c->next[direction],
	    .acknowledgement = flags & ACK ? c->next[!direction] : 0,
	    .window = WINDOW,
	    .payload = payload,
	};

	memcpy(craft.mac, port_configs[back ? WAN : LAN].mac, sizeof(craft.mac));
	return craft;
}

/* The same, as the other end gets it: the frame's IP packet, one hop later. Returns the frame's length. */
static size_t leaving(const struct craft *sent, bool ipv6, uint8_t *frame)
{
	struct craft craft = *sent;
	size_t bytes;

	if (craft.source == clients[ipv6]) {
		craft.source = externals[ipv6];
		craft.source_port = connections[ipv6].external;
	} else {
		craft.destination = clients[ipv6];
		craft.destination_port = CLIENT_PORT;
	}
	bytes = craft_frame(&craft, frame);
	frame[ETHERNET + (ipv6 ? 7 : 8)] = TTL_LEFT;
	if (!ipv6)
		sample_fix_ipv4(frame);
	return bytes;
}

/* How many of the packets that left are this one. */
static uint32_t count_sent(const uint8_t *frame, size_t bytes, uint16_t device)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		uint32_t there;
		const uint8_t *sent = nf_host_sent_bytes(i, &there);

		found += nf_host.sent[i].device == device && there == bytes &&
			 memcmp(sent + ETHERNET, frame + ETHERNET, bytes - ETHERNET) == 0;
	}
	return found;
}

static void say(const char *name, int number, const char *what, const char *more)
{
	print_error("%s, %d: %s%s\n", name, number, what, more);
	failures++;
}

/* A burst of one honest segment of each family from a port, `packet` between them. */
static void exchange(const char *name, int number, uint8_t port, struct rte_mbuf *packet)
{
	enum flow_direction direction = port == LAN ? FLOW_ORIGINAL : FLOW_REPLY;
	struct rte_mbuf *burst[HONEST + 1];
	struct craft crafts[FAMILIES];
	uint8_t frame[CRAFT_MAX];
	uint16_t count = 0;

	for (int ipv6 = 0; ipv6 < FAMILIES; ipv6++) {
		crafts[ipv6] = arriving(ipv6, direction, ACK | PSH, DATA);
		burst[count++] = nf_host_frame(frame, craft_frame(&crafts[ipv6], frame), 0);
		if (!ipv6 && packet)
			burst[count++] = packet;
	}
	appliance_chain(port, burst, count);
	for (int ipv6 = 0; ipv6 < FAMILIES; ipv6++) {
		if (count_sent(frame, leaving(&crafts[ipv6], ipv6, frame), port == LAN ? WAN : LAN) != 1)
			say(name, number, "a segment beside it did not leave as it should, IPv",
			    ipv6 ? "6" : "4");
		connections[ipv6].next[direction] += DATA;
	}
}

static uint64_t dropped[DROP_REASON_COUNT], forwarded, consumed, held, created;

static void remember(void)
{
	memcpy(dropped, stats.dropped, sizeof(dropped));
	forwarded = stats.forwarded;
	consumed = stats.consumed;
	held = stats.held;
	created = stats.flow.created;
}

/* What became of the one packet that was no honest one. */
static int outcome(void)
{
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		if (stats.dropped[i] > dropped[i])
			return i;
	if (stats.forwarded > forwarded + HONEST)
		return PASSES;
	if (stats.consumed > consumed)
		return CONSUMED;
	return stats.held > held ? WAITS : WAITS + 1;
}

/* The record of a connection, which nothing here may close. */
static bool is_established(bool ipv6)
{
	struct flow_tuple tuple = {.source_port = htons(CLIENT_PORT),
				   .destination_port = htons(SERVER_PORT),
				   .protocol = IPPROTO_TCP,
				   .zone = port_configs[LAN].zone,
				   .ipv6 = ipv6};
	struct flow_addresses addresses = {{0}, {0}};
	enum flow_direction direction;
	uint32_t flow;

	assert_int_equal(inet_pton(ipv6 ? AF_INET6 : AF_INET, clients[ipv6],
				   ipv6 ? (void *)addresses.source : (void *)&tuple.source),
			 1);
	assert_int_equal(inet_pton(ipv6 ? AF_INET6 : AF_INET, servers[ipv6],
				   ipv6 ? (void *)addresses.destination : (void *)&tuple.destination),
			 1);
	flow = flow_lookup(&tuple, &addresses, &direction);
	return flow && flow_records[flow].state == FLOW_TCP_ESTABLISHED;
}

void hostile_meets(const char *name, int number, const struct hostile *packet, int expected)
{
	char text[80];
	int got;

	remember();
	exchange(name, number, packet->port, nf_host_frame(packet->frame, packet->bytes, 0));
	got = outcome();
	snprintf(text, sizeof(text), "wanted \"%s\", got ", names[expected]);
	if (got != expected)
		say(name, number, text, names[got]);
	if (got < DROP_REASON_COUNT && stats.flow.created != created)
		say(name, number, "it made a flow", "");
	if (got < DROP_REASON_COUNT && got != DROP_LOCAL_UNWANTED && nf_host.sent_count != HONEST)
		say(name, number, "somebody was told", "");
	if (!nf_host_books_balance())
		say(name, number, "books", "");
	nf_host_forget();
	exchange(name, number, packet->port == LAN ? WAN : LAN, NULL);
	nf_host_forget();
	if (!is_established(false) || !is_established(true))
		say(name, number, "a connection beside it was closed", "");
	flow_check();
}

static void open_connection(bool ipv6)
{
	struct connection *c = &connections[ipv6];
	struct craft craft;

	*c = (struct connection){.next = {0xfffff000, 0x7ffff800}};
	craft = arriving(ipv6, FLOW_ORIGINAL, SYN, 0);
	assert_true(nat_fits(nat_pass(LAN, &craft), "wan tcp *"));
	c->external = nat_last_port();
	c->next[FLOW_ORIGINAL]++;
	craft = arriving(ipv6, FLOW_REPLY, SYN | ACK, 0);
	assert_true(nat_fits(nat_pass(WAN, &craft), "lan tcp *"));
	c->next[FLOW_REPLY]++;
	craft = arriving(ipv6, FLOW_ORIGINAL, ACK, 0);
	assert_true(nat_fits(nat_pass(LAN, &craft), "wan tcp *"));
	nf_host_forget();
}

void hostile_start(void)
{
	failures = 0;
	nat_world_clear();
	for (int ipv6 = 0; ipv6 < FAMILIES; ipv6++) {
		const char *inside = ipv6 ? "2001:db8:3::30" : "192.0.2.130";

		nat_add_masquerade(ipv6);
		nat_add_forward(IPPROTO_TCP, 80, 80, inside, 0);
		nat_add_forward(IPPROTO_UDP, 53, 53, inside, 0);
	}
	nf_host_start();
	for (int ipv6 = 0; ipv6 < FAMILIES; ipv6++)
		open_connection(ipv6);
}

void hostile_end(void)
{
	assert_int_equal(failures, 0);
	flow_check_ends();
}

void hostile_craft(struct hostile *to, uint8_t port, bool ipv6, const struct craft *described)
{
	struct craft craft = *described;

	if (!craft.source)
		craft.source = port == LAN ? hosts[ipv6] : strangers[ipv6];
	if (!craft.destination)
		craft.destination = port == LAN ? strangers[ipv6] : externals[ipv6];
	if (!craft.source_port)
		craft.source_port = 5353;
	if (!craft.destination_port)
		craft.destination_port = craft.protocol == IPPROTO_UDP ? 53 : 80;
	memcpy(craft.mac, port_configs[port].mac, sizeof(craft.mac));
	*to = (struct hostile){.ip = ETHERNET, .ipv6 = ipv6, .port = port};
	to->bytes = craft_frame(&craft, to->frame);
	to->transport = ETHERNET + (ipv6 ? IPV6 + (craft.fragment || craft.more_fragments ? 8 : 0) : IPV4);
}

void hostile_error(struct hostile *to, bool ipv6, uint16_t type_and_code, size_t bytes)
{
	struct craft sent = arriving(ipv6, FLOW_ORIGINAL, ACK | PSH, DATA);
	uint8_t about[CRAFT_MAX];

	sent.sequence -= DATA;
	leaving(&sent, ipv6, about);
	*to = (struct hostile){.ip = ETHERNET, .ipv6 = ipv6, .port = WAN};
	to->bytes = nat_error(to->frame, strangers[ipv6], externals[ipv6], type_and_code, about, bytes);
	to->transport = ETHERNET + (ipv6 ? IPV6 : IPV4);
	memcpy(to->frame, port_configs[WAN].mac, 6);
}

struct craft hostile_segment(bool ipv6, uint8_t port, uint8_t flags, int32_t offset)
{
	struct craft craft = arriving(ipv6, port == LAN ? FLOW_ORIGINAL : FLOW_REPLY, flags, 0);

	craft.sequence += offset;
	return craft;
}

static void set_lengths(struct hostile *to)
{
	uint8_t *ip = to->frame + to->ip;
	size_t there = to->bytes - to->ip;

	if (!to->ipv6) {
		hostile_put16(ip + 2, there);
		hostile_fix_ip(to);
	} else if (there >= IPV6) {
		hostile_put16(ip + 4, there - IPV6);
	}
}

void hostile_insert(struct hostile *to, const uint8_t *what, size_t bytes)
{
	uint8_t *at = to->frame + to->ip + (to->ipv6 ? IPV6 : IPV4), *ip = to->frame + to->ip;

	assert_true(to->bytes + bytes <= FRAME_MAX);
	memmove(at + bytes, at, to->frame + to->bytes - at);
	memcpy(at, what, bytes);
	to->bytes += bytes;
	to->transport += bytes;
	if (!to->ipv6)
		ip[0] = 0x40 | (IPV4 + bytes) / 4;
	set_lengths(to);
}

void hostile_cut(struct hostile *to, size_t bytes)
{
	to->bytes = bytes;
	set_lengths(to);
}

void hostile_fix_ip(struct hostile *to)
{
	uint8_t *ip = to->frame + to->ip;
	size_t header = (ip[0] & 15) * 4;

	if (to->ipv6 || header < IPV4 || to->bytes < to->ip + IPV4)
		return;
	hostile_put16(ip + 10, 0);
	hostile_put16(ip + 10, ~craft_sum(ip, header, 0));
}

void hostile_fix_transport(struct hostile *to, uint8_t protocol)
{
	uint8_t *ip = to->frame + to->ip, *l4 = to->frame + to->transport;
	size_t bytes = to->bytes - to->transport, field = protocol == IPPROTO_TCP   ? 16
							  : protocol == IPPROTO_UDP ? 6
										    : 2;
	uint32_t sum = to->ipv6 ? craft_sum(ip + 8, 32, 0) : craft_sum(ip + 12, 8, 0);

	if (bytes < field + 2)
		return;
	sum = protocol == IPPROTO_ICMP ? 0 : sum + protocol + bytes;
	hostile_put16(l4 + field, 0);
	hostile_put16(l4 + field, ~craft_sum(l4, bytes, sum));
}

void hostile_identify(struct hostile *to, uint16_t identification)
{
	uint8_t *ip = to->frame + to->ip;

	if (to->ipv6) {
		hostile_put16(ip + IPV6 + 6, identification);
		return;
	}
	hostile_put16(ip + 4, identification);
	hostile_fix_ip(to);
}
