/* SPDX-License-Identifier: Apache-2.0
 *
 * The generated chain alone: cycles a packet, by the TSC. Built and run by bench/chain.py, upon bench/bed.h.
 *
 *     chain.elf [rounds=N]
 *
 * What makes the figure honest. FLOWS different flows, each of which goes by a random route and a random
 * accepting rule, and was seen to be forwarded; a round takes IN_FLIGHT of them, as many as a receive ring of
 * that length would have around, in mbufs from a real mempool. Before each round, untimed, headers are
 * written anew and the mbufs reset, as a driver does it; that is measured apart ("refill"). Every packet of a
 * timed round must leave, or the program fails.
 */
#include <stdio.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "bench/bed.h"
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/firewall/firewall.h"
#include "nf/host.h"
#include "nf/input/input.h"
#include "nf/packet.h"
#include "nf/router/router.h"

enum { FLOWS = 4096, ROUNDS = 2000 };

static uint8_t frames[FLOWS][FRAME];
static struct rte_mbuf *packets[IN_FLIGHT];

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

/* Fills frames[] with flows that the chain forwards, by trying. */
static void find_flows(void)
{
	uint32_t tries = 0;

	for (uint32_t flow = 0; flow < FLOWS; tries++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);

		if (m == NULL || tries > 100 * FLOWS)
			bed_fail("cannot find enough flows that are forwarded");
		make_frame(frames[flow]);
		bed_refill(m, frames[flow]);
		bed_forwarded();
		appliance_chain(0, &m, 1);
		if (bed_forwarded() == 0)
			continue;
		rte_pktmbuf_free(m);
		flow++;
	}
}

static uint64_t refill_round(uint32_t round)
{
	const uint8_t(*from)[FRAME] = &frames[round * IN_FLIGHT % FLOWS];
	uint64_t start = bed_now();

	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		bed_refill(packets[i], from[i]);
	bed_forwarded();
	return bed_now() - start;
}

static uint64_t chain_round(void)
{
	struct rte_mbuf *burst[BURST_MAX];
	uint64_t start = bed_now();

	for (uint32_t i = 0; i < IN_FLIGHT; i += BURST_MAX) {
		memcpy(burst, packets + i, sizeof(burst));
		appliance_chain(0, burst, BURST_MAX);
	}
	return bed_now() - start;
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
		at[0] = bed_now();
		count = input(0, burst, BURST_MAX);
		at[1] = bed_now();
		count = router_lookup(burst, count);
		at[2] = bed_now();
		count = firewall(burst, count);
		at[3] = bed_now();
		router_forward(burst, count);
		at[4] = bed_now();
		for (int stage = 0; stage < STAGES; stage++)
			cycles[stage] += at[stage + 1] - at[stage];
	}
}

static struct samples stages[STAGES], refills, chain;

static void measure(uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		bed_add(&refills, refill_round(round));
		bed_add(&chain, chain_round());
		if (bed_forwarded() != IN_FLIGHT)
			bed_fail("not every packet was forwarded");
	}
	for (uint32_t round = 0; round < rounds; round++) {
		uint64_t cycles[STAGES];

		refill_round(round);
		stages_round(cycles);
		if (bed_forwarded() != IN_FLIGHT)
			bed_fail("not every packet was forwarded, stage by stage");
		for (int stage = 0; stage < STAGES; stage++)
			bed_add(&stages[stage], cycles[stage]);
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

int main(int argc, char **argv)
{
	static const char *const names[STAGES] = {"input", "lookup", "firewall", "forward"};
	uint64_t rounds;

	bed_start(argc, argv);
	rounds = bed_word("rounds", ROUNDS);
	if (rounds == 0 || rounds > SAMPLES_MAX)
		bed_fail("rounds must be from 1 to 20000");
	find_flows();
	memset(rule_stats, 0,
	       firewall_rule_count * sizeof(rule_stats[0])); /* finding them tried more rules */
	if (rte_pktmbuf_alloc_bulk(host_packet_pool, packets, IN_FLIGHT))
		bed_fail("no packets");
	measure(rounds);
	bed_print("chain", &chain, IN_FLIGHT);
	for (int stage = 0; stage < STAGES; stage++)
		bed_print(names[stage], &stages[stage], IN_FLIGHT);
	bed_print("refill", &refills, IN_FLIGHT);
	print_coverage();
	return IMAGE_EXIT_DONE;
}
