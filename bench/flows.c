/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows, from inside an image: what an established connection's packets cost among many, how fast connections
 * are made, and whether a SYN flood disturbs any. Built and run by bench/flows.py, upon bench/bed.h.
 *
 *     flows.elf flows=N [rounds=N] [connections=N] [flood=SECONDS] [rate=SYNS_A_SECOND]
 *
 * Connections are TCP, opened by all three segments of a handshake, from hosts of 10.0.0.0/8 behind port 0 to
 * hosts of 20.0.0.0/8 behind port 1, and may be translated: the program reads from what left how its replies
 * have to look. Each packet of a timed round must leave, or the program fails. The packets of a round go by
 * random flows, bursts in alternate directions.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "bench/bed.h"
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"

enum {
	LAN,
	WAN,
	ROUNDS = 2000,
	DATA_BYTES = 6, /* of TCP payload: what fills a frame of 64 bytes; a SYN has padding instead */
	WINDOW = 0xffff,
	FLOOD_FLOWS = 1000,
	FLOOD_EVERY = 11, /* one packet in so many belongs to a connection, the others are SYNs */
	FLOOD_RATE = 1000000,
	RING = 1024, /* packets that wait while the appliance is busy; what is beyond is lost */
	FLOOD_PORT = 80,
	REST_SECONDS = 5, /* from the appliance's start to the first packet */
};

/* What replies are addressed to. */
struct external {
	rte_be32_t address;
	rte_be16_t port;
};

struct frame {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	uint8_t data[DATA_BYTES];
};
_Static_assert(sizeof(struct frame) == FRAME, "64 bytes with FCS");

struct segment {
	uint8_t flags;
	uint32_t sequence, acknowledgement;
};

static struct external *externals;
static uint64_t flow_count;
static struct rte_mbuf *packets[IN_FLIGHT];

/* Distinct endpoints inside for all flows, and a remote one for each. */
static rte_be32_t inside_address(uint64_t flow)
{
	return rte_cpu_to_be_32(0x0a010000 + (flow & 0xffff));
}

static rte_be16_t inside_port(uint64_t flow)
{
	return rte_cpu_to_be_16(1024 + (flow >> 16) * 331 % 64000);
}

static rte_be32_t outside_address(uint64_t flow)
{
	return rte_cpu_to_be_32(0x14000000 | (flow * 0x9e3779b97f4a7c15 >> 44) << 2 | 1);
}

static uint32_t first_sequence(uint64_t flow, uint16_t device)
{
	return (flow * 2 + device) * 0x9e3779b1;
}

static struct frame make_frame(uint16_t device, struct segment segment)
{
	uint16_t bytes = segment.flags & RTE_TCP_SYN_FLAG ? 0 : DATA_BYTES;
	struct frame frame = {
	    .ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
	    .ip = {.version_ihl = RTE_IPV4_VHL_DEF,
		   .total_length = rte_cpu_to_be_16(sizeof(frame.ip) + sizeof(frame.tcp) + bytes),
		   .time_to_live = 64,
		   .next_proto_id = IPPROTO_TCP},
	    .tcp = {.sent_seq = rte_cpu_to_be_32(segment.sequence),
		    .recv_ack = rte_cpu_to_be_32(segment.acknowledgement),
		    .data_off = sizeof(frame.tcp) / 4 << 4,
		    .tcp_flags = segment.flags,
		    .rx_win = WINDOW},
	};

	memcpy(&frame.ether.dst_addr, port_configs[device].mac, sizeof(frame.ether.dst_addr));
	return frame;
}

static void finish(struct frame *frame)
{
	frame->ip.hdr_checksum = rte_ipv4_cksum(&frame->ip);
	frame->tcp.cksum = rte_ipv4_udptcp_cksum(&frame->ip, &frame->tcp);
}

/* A segment of a flow, from port `device`. */
static struct frame segment_of(uint64_t flow, uint16_t device, struct segment segment)
{
	struct frame frame = make_frame(device, segment);

	if (device == LAN) {
		frame.ip.src_addr = inside_address(flow);
		frame.ip.dst_addr = outside_address(flow);
		frame.tcp.src_port = inside_port(flow);
		frame.tcp.dst_port = rte_cpu_to_be_16(443);
	} else {
		frame.ip.src_addr = outside_address(flow);
		frame.ip.dst_addr = externals[flow].address;
		frame.tcp.src_port = rte_cpu_to_be_16(443);
		frame.tcp.dst_port = externals[flow].port;
	}
	finish(&frame);
	return frame;
}

/* The handshake's first two segments. */
static struct frame opening_of(uint64_t flow, uint16_t device)
{
	uint32_t own = first_sequence(flow, device), other = first_sequence(flow, !device);

	if (device == LAN)
		return segment_of(flow, LAN, (struct segment){RTE_TCP_SYN_FLAG, own, 0});
	return segment_of(flow, WAN, (struct segment){RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG, own, other + 1});
}

/* The third, and every later one: the same few bytes again and again. */
static struct frame data_of(uint64_t flow, uint16_t device)
{
	uint32_t own = first_sequence(flow, device), other = first_sequence(flow, !device);

	return segment_of(flow, device, (struct segment){RTE_TCP_ACK_FLAG, own + 1, other + 1});
}

static void pass(uint16_t device, struct rte_mbuf **from, uint32_t count)
{
	struct rte_mbuf *burst[BURST_MAX];

	memcpy(burst, from, count * sizeof(burst[0]));
	appliance_chain(device, burst, count);
}

/* All packets of a round. Returns the cycles that it took. */
static uint64_t pass_round(uint16_t even, uint16_t odd)
{
	uint64_t start = bed_now();

	for (uint32_t i = 0; i < IN_FLIGHT; i += BURST_MAX)
		pass(i / BURST_MAX % 2 ? odd : even, packets + i, BURST_MAX);
	return bed_now() - start;
}

static void must_have_left(uint32_t count, const char *what)
{
	if (bed_forwarded() != count)
		bed_fail(what);
}

static void learn(uint64_t flow, struct rte_mbuf *sent)
{
	const struct frame *frame = rte_pktmbuf_mtod(sent, const struct frame *);

	externals[flow] = (struct external){frame->ip.src_addr, frame->tcp.src_port};
}

/* Opens IN_FLIGHT connections from `first` on. Returns the cycles that the appliance took. */
static uint64_t open_flows(uint64_t first)
{
	uint64_t cycles;
	struct frame frame;

	for (uint32_t i = 0; i < IN_FLIGHT; i++) {
		frame = opening_of(first + i, LAN);
		bed_refill(packets[i], (const uint8_t *)&frame);
	}
	cycles = pass_round(LAN, LAN);
	must_have_left(IN_FLIGHT, "not every SYN was forwarded");
	for (uint32_t i = 0; i < IN_FLIGHT; i++) {
		learn(first + i, packets[i]);
		frame = opening_of(first + i, WAN);
		bed_refill(packets[i], (const uint8_t *)&frame);
	}
	cycles += pass_round(WAN, WAN);
	must_have_left(IN_FLIGHT, "not every SYN-ACK was forwarded");
	for (uint32_t i = 0; i < IN_FLIGHT; i++) {
		frame = data_of(first + i, LAN);
		bed_refill(packets[i], (const uint8_t *)&frame);
	}
	cycles += pass_round(LAN, LAN);
	must_have_left(IN_FLIGHT, "not every ACK was forwarded");
	return cycles;
}

/* Established flows at random. */
static void measure_established(uint32_t rounds)
{
	static struct samples chain;

	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < IN_FLIGHT; i++) {
			struct frame frame =
			    data_of(host_random() % flow_count, i / BURST_MAX % 2 ? WAN : LAN);

			bed_refill(packets[i], (const uint8_t *)&frame);
		}
		bed_tick();
		bed_add(&chain, pass_round(LAN, WAN));
		must_have_left(IN_FLIGHT, "not every packet of an established flow was forwarded");
	}
	bed_print("established", &chain, IN_FLIGHT);
}

/* More flows beside those that are open. */
static void measure_connections(uint64_t connections)
{
	static struct samples opening;

	for (uint64_t flow = flow_count; flow < flow_count + connections; flow += IN_FLIGHT) {
		bed_add(&opening, open_flows(flow));
		bed_tick();
	}
	if (opening.count)
		bed_print("connection", &opening, IN_FLIGHT);
}

/* A SYN from anybody to a server inside. */
static void make_syn(struct rte_mbuf *m)
{
	struct frame frame = make_frame(WAN, (struct segment){RTE_TCP_SYN_FLAG, host_random(), 0});

	frame.ip.src_addr = rte_cpu_to_be_32(0x1e000000 | (host_random() & 0xffffff));
	frame.ip.dst_addr = inside_address(0);
	frame.tcp.src_port = host_random();
	frame.tcp.dst_port = rte_cpu_to_be_16(FLOOD_PORT);
	finish(&frame);
	bed_refill(m, (const uint8_t *)&frame);
}

/* Counts of a flood: of connections' packets and of SYNs. */
struct flood {
	uint64_t taken; /* packets of the schedule that are past */
	uint64_t connections, lost, dropped, syns, syns_lost;
	uint64_t longest; /* cycles from one look at the ring to the next */
};

static bool is_of_connection(uint64_t packet)
{
	return packet % FLOOD_EVERY == 0;
}

/* What the ring had no room for. */
static void lose(struct flood *flood, uint64_t until)
{
	for (; flood->taken < until; flood->taken++) {
		flood->lost += is_of_connection(flood->taken);
		flood->syns_lost += !is_of_connection(flood->taken);
	}
}

/* Takes up to a burst of what has arrived, as two ports would. */
static void take(struct flood *flood, uint32_t count)
{
	struct rte_mbuf *lan[BURST_MAX], *wan[BURST_MAX];
	uint32_t lan_count = 0, wan_count = 0;

	for (uint32_t i = 0; i < count; i++, flood->taken++) {
		if (is_of_connection(flood->taken)) {
			struct frame frame = data_of(flood->taken / FLOOD_EVERY % FLOOD_FLOWS, LAN);

			bed_refill(packets[i], (const uint8_t *)&frame);
			lan[lan_count++] = packets[i];
		} else {
			packets[i] = packets[i] ? packets[i] : rte_pktmbuf_alloc(host_packet_pool);
			make_syn(packets[i]);
			wan[wan_count++] = packets[i];
		}
	}
	bed_forwarded();
	pass(LAN, lan, lan_count);
	flood->connections += lan_count;
	flood->dropped += lan_count - bed_forwarded();
	flood->syns += wan_count;
	pass(WAN, wan, wan_count);
}

/* The longest that this machine has kept the program from running, in cycles: of a loop that does nothing. */
static uint64_t longest_pause(double seconds)
{
	uint64_t start = bed_now(), end = start + (uint64_t)(seconds * bed_tsc_hz()), longest = 0;

	for (uint64_t last = start, now; (now = bed_now()) < end; last = now)
		longest = RTE_MAX(longest, now - last);
	return longest;
}

/* Packets arrive by the clock, whatever the appliance does; what they cost to make is on its bill too. */
static void measure_flood(uint64_t seconds, uint64_t rate)
{
	struct flood flood = {0};
	double a_cycle = (double)rate * FLOOD_EVERY / (FLOOD_EVERY - 1) / bed_tsc_hz();
	uint64_t pause = longest_pause((double)seconds / 5);
	uint64_t start = bed_now(), end = start + (uint64_t)((double)seconds * bed_tsc_hz()), now,
		 last = start;

	while ((now = bed_now()) < end) {
		uint64_t arrived = (uint64_t)((double)(now - start) * a_cycle);

		flood.longest = RTE_MAX(flood.longest, now - last);
		last = now;
		bed_tick();
		if (arrived - flood.taken > RING)
			lose(&flood, arrived - RING);
		if (arrived > flood.taken)
			take(&flood, RTE_MIN(arrived - flood.taken, (uint64_t)BURST_MAX));
	}
	printf("flood_packets %ju\nflood_lost %ju\nflood_dropped %ju\nflood_syns %ju\nflood_syns_lost %ju\n",
	       (uintmax_t)flood.connections, (uintmax_t)flood.lost, (uintmax_t)flood.dropped,
	       (uintmax_t)flood.syns, (uintmax_t)flood.syns_lost);
	printf("flood_longest_us %.1f\npause_us %.1f\n", (double)flood.longest * 1e6 / bed_tsc_hz(),
	       (double)pause * 1e6 / bed_tsc_hz());
}

int main(int argc, char **argv)
{
	uint64_t connections, flood, rounds;

	bed_start(argc, argv);
	flow_count = RTE_ALIGN_CEIL(bed_word("flows", 1024), IN_FLIGHT);
	connections = RTE_ALIGN_CEIL(bed_word("connections", 0), IN_FLIGHT);
	flood = bed_word("flood", 0);
	rounds = bed_word("rounds", ROUNDS);
	externals = calloc(flow_count + connections, sizeof(externals[0]));
	if (externals == NULL || rounds > SAMPLES_MAX ||
	    rte_pktmbuf_alloc_bulk(host_packet_pool, packets, IN_FLIGHT))
		bed_fail("no memory, or more than 20000 rounds");
	bed_rest(REST_SECONDS);
	for (uint64_t flow = 0; flow < flow_count; flow += IN_FLIGHT)
		open_flows(flow);
	if (rounds)
		measure_established(rounds);
	measure_connections(connections);
	if (flood)
		measure_flood(flood, bed_word("rate", FLOOD_RATE));
	printf("tsc_hz %.0f\nflows %ju\n", bed_tsc_hz(), (uintmax_t)stats.flow.flows);
	return IMAGE_EXIT_DONE;
}
