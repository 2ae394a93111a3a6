/* SPDX-License-Identifier: Apache-2.0
 *
 * A soak, from inside an image: some hundred TCP connections, every segment of which must leave as it should,
 * among floods (floods.h), for as long as it is told. Built and run by tests/soak/soak, upon bench/bed.h.
 *
 *     soak.elf seconds=N [seed=N]
 *
 * Each burst has some segments of connections, and frames of a flood. What leaves is looked at and freed
 * where it leaves. Afterwards all timers run out, in a clock that is only the program's. It prints sample
 * SECOND FREE FREE_INDIRECT FLOWS each second, and in the end lines of "name value".
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mempool.h>
#include <rte_tcp.h>
#include "bench/bed.h"
#include "boot/handover.h"
#include "floods.h"
#include "nf/appliance.h"
#include "nf/flow/record.h"
#include "nf/host.h"
#include "nf/packet.h"

enum {
	CONNECTIONS = 400,
	BEFORE = 8, /* one packet in so many is a connection's */
	PAYLOAD_MAX = 1200,
	FRAME_BYTES_MAX = 1400,
	WINDOW = 0xffff,
	CLIENT_PORT = 20000,
	SERVER_PORT = 443,
	TTL_LEFT = 63,
};
#define MAGIC	   UINT32_C(0x736f616b)
#define SECOND	   UINT64_C(1000000000)
#define LONGEST_NS (3 * 3600 * SECOND)

/* In front of each segment's data: which it is. */
struct label {
	uint32_t magic, number, direction, sequence;
};

/* `sequence`: what each end sends next. */
static struct connection {
	uint32_t sequence[FLOW_DIRECTIONS];
	uint16_t external;		 /* the client's port as the server sees it, network order */
	bool awaits[FLOW_DIRECTIONS];	 /* a segment is on its way */
	uint16_t bytes[FLOW_DIRECTIONS]; /* of its data */
} connections[CONNECTIONS];

static struct {
	uint64_t sent, arrived, wrong, left, opened;
} counts;
static uint32_t pool_size, indirect_size;

static bool is_ipv6(uint32_t number)
{
	return number & 1;
}

static void put_addresses(uint32_t number, uint8_t *client, uint8_t *server)
{
	static const uint8_t clients[16] = {0x20, 1, 0xd, 0xb8, 0, 0xa, 0, 2},
			     servers[16] = {0x20, 1, 0, 2, 0, 0, 0, 0x19};
	bool ipv6 = is_ipv6(number);
	size_t low = ipv6 ? 14 : 2;

	memcpy(client, ipv6 ? clients : (uint8_t[16]){10, 2}, ipv6 ? 16 : 4);
	memcpy(server, ipv6 ? servers : (uint8_t[16]){198, 19}, ipv6 ? 16 : 4);
	client[low] = server[low] = number >> 8;
	client[low + 1] = server[low + 1] = number;
}

/* The appliance's address on wan, which stands for all clients. */
static void put_external(bool ipv6, uint8_t *address)
{
	rte_be32_t ipv4 = rte_cpu_to_be_32(port_configs[WAN].ipv4[0].address);

	if (ipv6)
		memcpy(address, port_configs[WAN].ipv6[0].address, 16);
	else
		memcpy(address, &ipv4, sizeof(ipv4));
}

/* The headers of a segment from one of the ends, as it sends them, or (`leaves`) as the other end gets them.
 * Returns where the data begins. */
static size_t put_headers(uint8_t *frame, uint32_t number, enum flow_direction direction, uint8_t flags,
			  uint16_t data, bool leaves)
{
	const struct connection *c = &connections[number];
	struct rte_ether_hdr *ether = (void *)frame;
	struct rte_ipv4_hdr *ip4 = (void *)(ether + 1);
	struct rte_ipv6_hdr *ip6 = (void *)(ether + 1);
	bool ipv6 = is_ipv6(number), back = direction == FLOW_REPLY, outside = back != leaves;
	size_t l3 = ipv6 ? sizeof(*ip6) : sizeof(*ip4);
	uint8_t *source = ipv6 ? ip6->src_addr : (uint8_t *)&ip4->src_addr;
	uint8_t *destination = ipv6 ? ip6->dst_addr : (uint8_t *)&ip4->dst_addr;
	struct rte_tcp_hdr *tcp = (void *)((uint8_t *)(ether + 1) + l3);
	rte_be16_t client_port = outside ? c->external : rte_cpu_to_be_16(CLIENT_PORT + number);

	memset(frame, 0, sizeof(*ether) + l3);
	memcpy(&ether->dst_addr, port_configs[back ? WAN : LAN].mac, sizeof(ether->dst_addr));
	ether->ether_type = rte_cpu_to_be_16(ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	put_addresses(number, back ? destination : source, back ? source : destination);
	if (outside)
		put_external(ipv6, back ? destination : source);
	if (ipv6) {
		ip6->vtc_flow = rte_cpu_to_be_32(6u << 28);
		ip6->payload_len = rte_cpu_to_be_16(sizeof(*tcp) + data);
		ip6->proto = IPPROTO_TCP;
		ip6->hop_limits = leaves ? TTL_LEFT : TTL_LEFT + 1;
	} else {
		ip4->version_ihl = RTE_IPV4_VHL_DEF;
		ip4->total_length = rte_cpu_to_be_16(l3 + sizeof(*tcp) + data);
		ip4->time_to_live = leaves ? TTL_LEFT : TTL_LEFT + 1;
		ip4->next_proto_id = IPPROTO_TCP;
		ip4->hdr_checksum = rte_ipv4_cksum(ip4);
	}
	*tcp = (struct rte_tcp_hdr){
	    .src_port = back ? rte_cpu_to_be_16(SERVER_PORT) : client_port,
	    .dst_port = back ? client_port : rte_cpu_to_be_16(SERVER_PORT),
	    .sent_seq = rte_cpu_to_be_32(c->sequence[direction]),
	    .recv_ack = flags & RTE_TCP_ACK_FLAG ? rte_cpu_to_be_32(c->sequence[!direction]) : 0,
	    .data_off = sizeof(*tcp) / 4 << 4,
	    .tcp_flags = flags,
	    .rx_win = WINDOW,
	};
	return sizeof(*ether) + l3 + sizeof(*tcp);
}

/* Data that follows from who sends it and when. */
static void put_data(uint8_t *at, uint32_t number, enum flow_direction direction, uint16_t bytes)
{
	uint64_t state =
	    (uint64_t)number << 33 | (uint64_t)direction << 32 | connections[number].sequence[direction];
	const struct label label = {MAGIC, number, direction, connections[number].sequence[direction]};

	for (uint16_t i = 0; i < bytes; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		at[i] = state >> 56;
	}
	if (bytes)
		memcpy(at, &label, sizeof(label));
}

/* A whole frame; its checksum is computed over all of it. Returns its length. */
static size_t make_segment(uint8_t *frame, uint32_t number, enum flow_direction direction, uint8_t flags,
			   uint16_t data, bool leaves)
{
	size_t at = put_headers(frame, number, direction, flags, data, leaves);
	void *ip = frame + sizeof(struct rte_ether_hdr);
	struct rte_tcp_hdr *tcp = (void *)(frame + at - sizeof(*tcp));

	put_data(frame + at, number, direction, data);
	tcp->cksum = is_ipv6(number) ? rte_ipv6_udptcp_cksum(ip, tcp) : rte_ipv4_udptcp_cksum(ip, tcp);
	return at + data;
}

/* What a frame that leaves says it is; NULL: nothing of ours. */
static const struct label *label_of(const uint8_t *frame, size_t bytes)
{
	size_t at = sizeof(struct rte_ether_hdr) + sizeof(struct rte_tcp_hdr);
	const struct label *label;

	at += frame[12] == 0x86 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	label = (const void *)(frame + at);
	return bytes >= at + sizeof(*label) && label->magic == MAGIC && label->number < CONNECTIONS &&
		       label->direction < FLOW_DIRECTIONS
		   ? label
		   : NULL;
}

/* A segment must leave once, by the other port, and be to the byte what it should be. */
static void check_segment(uint16_t device, const uint8_t *frame, size_t bytes, const struct label *label)
{
	static uint8_t expected[FRAME_BYTES_MAX];
	struct connection *c = &connections[label->number];
	uint32_t number = label->number, direction = label->direction;
	size_t from = sizeof(struct rte_ether_hdr), whole;

	whole = make_segment(expected, number, direction, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG,
			     c->bytes[direction], true);
	if (!c->awaits[direction] || device != (direction == FLOW_ORIGINAL ? WAN : LAN) || bytes != whole ||
	    memcmp(frame + from, expected + from, whole - from) != 0) {
		counts.wrong++;
		return;
	}
	c->awaits[direction] = false;
	counts.arrived++;
}

/* While connections are opened there is nothing else that could leave. */
static struct rte_tcp_hdr opened;
static bool opens;

static void look_at(uint16_t device, struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct label *label = m->nb_segs == 1 ? label_of(frame, m->data_len) : NULL;

	counts.left++;
	if (label)
		check_segment(device, frame, m->data_len, label);
	else if (opens && m->data_len >= sizeof(opened))
		memcpy(&opened, frame + m->data_len - sizeof(opened), sizeof(opened));
}

uint16_t host_transmit(uint16_t device, struct rte_mbuf **burst, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		look_at(device, burst[i]);
		rte_pktmbuf_free(burst[i]);
	}
	return count;
}

static struct rte_mbuf *packet_of(const uint8_t *frame, size_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);

	if (m == NULL)
		bed_fail("the packet pool is empty");
	memcpy(rte_pktmbuf_append(m, bytes), frame, bytes);
	return m;
}

static void open_step(uint32_t number, enum flow_direction direction, uint8_t flags)
{
	uint8_t frame[FRAME_BYTES_MAX];
	uint64_t before = stats.forwarded;
	struct rte_mbuf *m = packet_of(frame, make_segment(frame, number, direction, flags, 0, false));

	appliance_chain(direction == FLOW_ORIGINAL ? LAN : WAN, &m, 1);
	if (stats.forwarded != before + 1)
		bed_fail("a connection was not let open");
	connections[number].sequence[direction] += flags & RTE_TCP_SYN_FLAG ? 1 : 0;
}

static void open_connections(void)
{
	opens = true;
	for (uint32_t number = 0; number < CONNECTIONS; number++) {
		connections[number].sequence[FLOW_ORIGINAL] = host_random();
		connections[number].sequence[FLOW_REPLY] = host_random();
		open_step(number, FLOW_ORIGINAL, RTE_TCP_SYN_FLAG);
		connections[number].external = opened.src_port;
		open_step(number, FLOW_REPLY, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG);
		open_step(number, FLOW_ORIGINAL, RTE_TCP_ACK_FLAG);
		counts.opened++;
	}
	opens = false;
}

static struct rte_mbuf *segment_of(uint32_t number, enum flow_direction direction)
{
	struct connection *c = &connections[number];
	uint8_t frame[FRAME_BYTES_MAX];
	size_t bytes;

	c->bytes[direction] = sizeof(struct label) + host_random() % (PAYLOAD_MAX - sizeof(struct label));
	c->awaits[direction] = true;
	counts.sent++;
	bytes = make_segment(frame, number, direction, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG,
			     c->bytes[direction], false);
	return packet_of(frame, bytes);
}

/* A burst on one port: a few segments, of consecutive connections, among a flood. Those that have not left
 * are lost, and stay in `awaits` no longer. */
static void pass_burst(uint16_t port, enum flood kind, uint32_t first)
{
	enum flow_direction direction = port == LAN ? FLOW_ORIGINAL : FLOW_REPLY;
	struct rte_mbuf *burst[BURST_MAX];
	uint8_t frame[FLOOD_BYTES_MAX];

	for (uint32_t i = 0; i < BURST_MAX; i++)
		burst[i] = i % BEFORE ? packet_of(frame, flood_frame(kind, port, frame))
				      : segment_of((first + i / BEFORE) % CONNECTIONS, direction);
	appliance_chain(port, burst, BURST_MAX);
	for (uint32_t i = 0; i < BURST_MAX / BEFORE; i++) {
		struct connection *c = &connections[(first + i) % CONNECTIONS];

		c->awaits[direction] = false;
		c->sequence[direction] += c->bytes[direction];
	}
}

static void sample(uint64_t second)
{
	printf("sample %ju %u %u %ju\n", (uintmax_t)second, rte_mempool_avail_count(host_packet_pool),
	       rte_mempool_avail_count(host_indirect_pool), (uintmax_t)stats.flow.flows);
	fflush(stdout);
}

static void soak(uint64_t seconds)
{
	uint64_t start_ns = host_now_ns, second = 0;

	for (uint64_t turn = 0; host_now_ns < start_ns + seconds * SECOND; turn++) {
		uint32_t first = turn * (BURST_MAX / BEFORE) % CONNECTIONS;

		pass_burst(LAN, turn % FLOODS, first);
		pass_burst(WAN, (turn / FLOODS + turn) % FLOODS, first);
		bed_tick();
		if (host_now_ns >= start_ns + (second + 1) * SECOND)
			sample(++second);
	}
}

/* All timers, one after the other; bounded, should one never come to rest. */
static void run_out(void)
{
	uint64_t end = host_now_ns + LONGEST_NS;

	for (uint32_t i = 0; i < 100000000 && host_now_ns < end; i++) {
		uint64_t next = appliance_tick();

		host_now_ns = RTE_MIN(RTE_MAX(next, host_now_ns + 1), end);
	}
}

static bool books_balance(void)
{
	uint64_t in = 0, out = 0, ended = stats.forwarded + stats.consumed + stats.held;

	for (uint16_t i = 0; i < port_count; i++) {
		in += stats.port[i].rx_packets;
		out += stats.port[i].tx_packets;
	}
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		ended += stats.dropped[i];
	return in == ended && out == stats.forwarded - stats.fragmented + stats.fragments + stats.originated;
}

static void tell(const char *name, uint64_t value)
{
	printf("%s %ju\n", name, (uintmax_t)value);
}

int main(int argc, char **argv)
{
	bed_start(argc, argv);
	pool_size = rte_mempool_avail_count(host_packet_pool);
	indirect_size = rte_mempool_avail_count(host_indirect_pool);
	open_connections();
	sample(0);
	soak(bed_word("seconds", 10));
	tell("balanced_before", books_balance());
	tell("segments", counts.sent);
	tell("segments_arrived", counts.arrived);
	tell("segments_wrong", counts.wrong);
	tell("flows_before", stats.flow.flows);
	run_out();
	tell("balanced", books_balance());
	tell("flows", stats.flow.flows);
	tell("half_open", stats.flow.half_open);
	tell("bindings", stats.flow.bindings);
	tell("held", stats.held);
	tell("buffers", pool_size + indirect_size);
	tell("buffers_back",
	     rte_mempool_avail_count(host_packet_pool) + rte_mempool_avail_count(host_indirect_pool));
	tell("end", 1);
	return IMAGE_EXIT_DONE;
}
