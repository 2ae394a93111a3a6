/* SPDX-License-Identifier: Apache-2.0
 *
 * The generated chain alone: takes the place of boot/ring3 and pktio/ in an image, feeds it packets from
 * memory and prints cycles a packet. Built and run by bench/chain.py, as a process and in a VM: the same ELF.
 *
 *     chain.elf [rounds=N]      prints lines of "name median least p90", cycles by the TSC
 *
 * What makes the figure honest. FLOWS different flows, each of which goes by a random route and a random
 * accepting rule, and was seen to be forwarded; a round takes IN_FLIGHT of them, as many as a receive ring of
 * that length would have around, in mbufs from a real mempool. Before each round, untimed, headers are
 * written anew and the mbufs reset, as a driver does it; that is measured apart ("refill"). Every packet of a
 * timed round must leave, or the program fails.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mempool.h>
#include <rte_udp.h>
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/firewall/firewall.h"
#include "nf/host.h"
#include "nf/input/input.h"
#include "nf/packet.h"
#include "nf/router/router.h"

enum { FLOWS = 4096, IN_FLIGHT = 512, FRAME = 60 /* 64 with its FCS */, ROUNDS = 2000, ROUNDS_MAX = 20000 };

#define COUNTERS __attribute__((section(".weir.stats")))

COUNTERS struct stats_page stats;
COUNTERS volatile struct boot_progress boot_progress;
uint64_t host_now_ns;
struct rte_mempool *host_packet_pool, *host_indirect_pool;

static uint8_t frames[FLOWS][FRAME];
static struct rte_mbuf *packets[IN_FLIGHT];
static uint32_t sent;
static uint64_t random_state = 1;

uint16_t host_transmit(uint16_t device, struct rte_mbuf **burst, uint16_t count)
{
	(void)device;
	(void)burst;
	sent += count;
	return count;
}

bool host_link_is_up(uint16_t device)
{
	return device < device_count;
}

const uint8_t *host_mac_address(uint16_t device)
{
	return port_configs[device].mac;
}

/* splitmix64 */
uint64_t host_random(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void *host_shared_memory(size_t bytes)
{
	void *memory = aligned_alloc(2 << 20, RTE_ALIGN_CEIL(bytes, (size_t)2 << 20));

	return memory ? memset(memory, 0, bytes) : NULL;
}

void host_log(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

static void fail(const char *what)
{
	fprintf(stderr, "chain: %s\n", what);
	exit(IMAGE_EXIT_FAILED);
}

static uint32_t mask(uint8_t length)
{
	return length ? UINT32_MAX << (32 - length) : 0;
}

static uint32_t address_in(const struct ipv4_prefix *prefix)
{
	return (prefix->address & mask(prefix->length)) | (host_random() & ~mask(prefix->length));
}

static uint16_t number_in(uint16_t low, uint16_t high)
{
	return low + host_random() % (high - low + 1u);
}

/* An address that a random route out of `destination` leads to, 0 if that has none. */
static uint32_t routed_address_in(const struct ipv4_prefix *destination)
{
	uint32_t start = host_random() % ipv4_route_count;

	for (uint32_t i = 0; i < ipv4_route_count; i++) {
		const struct ipv4_route *route = &ipv4_routes[(start + i) % ipv4_route_count];

		if (route->kind == ROUTE_GATEWAY && route->prefix.length >= destination->length &&
		    ((route->prefix.address ^ destination->address) & mask(destination->length)) == 0)
			return address_in(&route->prefix);
	}
	return 0;
}

/* A UDP or TCP packet that a random match of the firewall wants, to a place that has a route. */
static void make_frame(uint8_t *frame)
{
	const struct ipv4_match *match = &ipv4_matches[host_random() % ipv4_match_count];
	const struct match_common *common = &match->common;
	struct rte_ether_hdr *ether = (void *)frame;
	struct rte_ipv4_hdr *ip = (void *)(ether + 1);
	struct rte_udp_hdr *ports = (void *)(ip + 1);

	memset(frame, 0, FRAME);
	memcpy(&ether->dst_addr, port_configs[0].mac, sizeof(ether->dst_addr));
	ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	*ip = (struct rte_ipv4_hdr){
	    .version_ihl = RTE_IPV4_VHL_DEF,
	    .total_length = rte_cpu_to_be_16(FRAME - sizeof(*ether)),
	    .time_to_live = 64,
	    .next_proto_id = common->protocol_mask ? common->protocol : IPPROTO_UDP,
	    .src_addr = rte_cpu_to_be_32(address_in(&match->source)),
	    .dst_addr = rte_cpu_to_be_32(routed_address_in(&match->destination)),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	ports->src_port = rte_cpu_to_be_16(number_in(common->source_port_low, common->source_port_high));
	ports->dst_port =
	    rte_cpu_to_be_16(number_in(common->destination_port_low, common->destination_port_high));
	if (ip->next_proto_id == IPPROTO_TCP)
		frame[sizeof(*ether) + sizeof(*ip) + 12] = 5 << 4;
	else
		ports->dgram_len = rte_cpu_to_be_16(FRAME - sizeof(*ether) - sizeof(*ip));
}

/* What a driver writes when it hands a packet over. */
static void refill(struct rte_mbuf *m, const uint8_t *frame)
{
	rte_pktmbuf_reset(m);
	m->data_len = m->pkt_len = FRAME;
	memcpy(rte_pktmbuf_mtod(m, void *), frame, FRAME);
}

/* Fills frames[] with flows that the chain forwards, by trying. */
static void find_flows(void)
{
	uint32_t tries = 0;

	for (uint32_t flow = 0; flow < FLOWS; tries++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);

		if (m == NULL || tries > 100 * FLOWS)
			fail("cannot find enough flows that are forwarded");
		make_frame(frames[flow]);
		refill(m, frames[flow]);
		sent = 0;
		appliance_chain(0, &m, 1);
		if (sent == 0)
			continue;
		rte_pktmbuf_free(m);
		flow++;
	}
}

static uint64_t now(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

static uint64_t refill_round(uint32_t round)
{
	const uint8_t(*from)[FRAME] = &frames[round * IN_FLIGHT % FLOWS];
	uint64_t start = now();

	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		refill(packets[i], from[i]);
	sent = 0;
	return now() - start;
}

static uint64_t chain_round(void)
{
	struct rte_mbuf *burst[BURST_MAX];
	uint64_t start = now();

	for (uint32_t i = 0; i < IN_FLIGHT; i += BURST_MAX) {
		memcpy(burst, packets + i, sizeof(burst));
		appliance_chain(0, burst, BURST_MAX);
	}
	return now() - start;
}

enum stage { STAGE_INPUT, STAGE_LOOKUP, STAGE_FIREWALL, STAGE_FORWARD, STAGES };

/* The stages of the chain one by one, with a time stamp between; adds up the bursts of a round. */
static void stages_round(uint64_t cycles[STAGES])
{
	struct rte_mbuf *burst[BURST_MAX];

	memset(cycles, 0, STAGES * sizeof(cycles[0]));
	for (uint32_t i = 0; i < IN_FLIGHT; i += BURST_MAX) {
		uint64_t at[STAGES + 1];
		uint16_t count;

		memcpy(burst, packets + i, sizeof(burst));
		at[0] = now();
		count = input(0, burst, BURST_MAX);
		at[1] = now();
		count = router_lookup(burst, count);
		at[2] = now();
		count = firewall(burst, count);
		at[3] = now();
		router_forward(burst, count);
		at[4] = now();
		for (int stage = 0; stage < STAGES; stage++)
			cycles[stage] += at[stage + 1] - at[stage];
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_row(const char *name, uint64_t *samples, uint32_t count)
{
	qsort(samples, count, sizeof(samples[0]), by_size);
	printf("%s %.2f %.2f %.2f\n", name, (double)samples[count / 2] / IN_FLIGHT,
	       (double)samples[0] / IN_FLIGHT, (double)samples[count * 9 / 10] / IN_FLIGHT);
}

static uint64_t samples[STAGES][ROUNDS_MAX], refills[ROUNDS_MAX], chain[ROUNDS_MAX];

static void measure(uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		refills[round] = refill_round(round);
		chain[round] = chain_round();
		if (sent != IN_FLIGHT)
			fail("not every packet was forwarded");
	}
	for (uint32_t round = 0; round < rounds; round++) {
		uint64_t cycles[STAGES];

		refill_round(round);
		stages_round(cycles);
		if (sent != IN_FLIGHT)
			fail("not every packet was forwarded, stage by stage");
		for (int stage = 0; stage < STAGES; stage++)
			samples[stage][round] = cycles[stage];
	}
}

static void print_coverage(void)
{
	uint32_t rules = 0;

	for (uint32_t i = 0; i < firewall_rule_count; i++)
		rules += rule_stats[i].packets > 0;
	printf("rules %u %u %u\n", rules, firewall_rule_count, firewall_rule_count);
	printf("routes %u %u %u\n", ipv4_route_count, ipv4_route_count, ipv4_route_count);
}

static void start(void)
{
	host_packet_pool =
	    rte_pktmbuf_pool_create("packets", 4096 - 1, 256, 0, RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	host_indirect_pool = rte_pktmbuf_pool_create("indirect", 64 - 1, 0, 0, 0, SOCKET_ID_ANY);
	if (host_packet_pool == NULL || host_indirect_pool == NULL)
		fail("no memory for packets");
	if (appliance_init())
		fail("the appliance did not start");
	host_now_ns = UINT64_C(1000000000);
	appliance_tick();
}

int main(int argc, char **argv)
{
	uint32_t rounds = ROUNDS;
	bool only_memory = false; /* `weir build` asks how much the start takes */

	for (int i = 1; i < argc; i++) {
		sscanf(argv[i], "rounds=%u", &rounds);
		only_memory |= strcmp(argv[i], "measure") == 0;
	}
	if (rounds == 0 || rounds > ROUNDS_MAX)
		fail("rounds must be from 1 to 20000");
	start();
	if (only_memory)
		return raise(SIGSTOP);
	find_flows();
	memset(rule_stats, 0,
	       firewall_rule_count * sizeof(rule_stats[0])); /* finding them tried more rules */
	if (rte_pktmbuf_alloc_bulk(host_packet_pool, packets, IN_FLIGHT))
		fail("no packets");
	measure(rounds);
	print_row("chain", chain, rounds);
	print_row("input", samples[STAGE_INPUT], rounds);
	print_row("lookup", samples[STAGE_LOOKUP], rounds);
	print_row("firewall", samples[STAGE_FIREWALL], rounds);
	print_row("forward", samples[STAGE_FORWARD], rounds);
	print_row("refill", refills, rounds);
	print_coverage();
	return IMAGE_EXIT_DONE;
}
