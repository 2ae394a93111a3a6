/* SPDX-License-Identifier: Apache-2.0
 *
 * Named sets: the class of an address, out of the tables of nf/appliance.h, which are sorted. Where in its
 * table an address belongs, a search tree says (search_tree.h). For IPv4, an index by upper half of the
 * address comes first: where few borders share one, as in most lists, it is faster still.
 *
 * Measured for 100,000 prefixes, sources and destinations at random, on a quiet machine: 45 cycles a lookup
 * of IPv4, 60 where the prefixes are all in a few /16, 65 of IPv6 (halving took 240 and 420). Index and tree
 * are 0.3 and 1.8 MB and take 2 ms to build, whatever the prefixes are; the tables are 1.6 and 3.6 MB.
 * (rte_fib's flat table is 33 MB at least, and rte_fib6's trie takes a table of 512 bytes for each prefix
 * that is longer than /24 and has no neighbours.)
 */
#ifndef NF_FIREWALL_CLASSES_H
#define NF_FIREWALL_CLASSES_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_ip.h>
#include "nf/appliance.h"

/* Returns 0, or -ENOMEM after a host_log line. */
int classes_init(void);

/* IPv4 in host order. There are entries. */
uint16_t class_of_ipv4(uint32_t address);
uint16_t class_of_ipv6(const uint8_t address[16]);

/* Of a packet's addresses; 0 of those whose class no rule asks for. */
struct classes {
	uint16_t source, destination;
};

/* By family: what rules ask for. */
extern struct classes_asked {
	bool source, destination;
} classes_asked[2];

static inline bool asks_for_source_class(const struct match_common *common)
{
	return common->source_class_low > 0 || common->source_class_high < UINT16_MAX;
}

static inline bool asks_for_destination_class(const struct match_common *common)
{
	return common->destination_class_low > 0 || common->destination_class_high < UINT16_MAX;
}

static inline struct classes classes_of_ipv4(const struct rte_ipv4_hdr *ip)
{
	const struct classes_asked *asked = &classes_asked[false];

	if (ipv4_class_count == 0)
		return (struct classes){0};
	return (struct classes){
	    .source = asked->source ? class_of_ipv4(rte_be_to_cpu_32(ip->src_addr)) : 0,
	    .destination = asked->destination ? class_of_ipv4(rte_be_to_cpu_32(ip->dst_addr)) : 0,
	};
}

static inline struct classes classes_of_ipv6(const struct rte_ipv6_hdr *ip)
{
	const struct classes_asked *asked = &classes_asked[true];

	if (ipv6_class_count == 0)
		return (struct classes){0};
	return (struct classes){
	    .source = asked->source ? class_of_ipv6(ip->src_addr) : 0,
	    .destination = asked->destination ? class_of_ipv6(ip->dst_addr) : 0,
	};
}

#endif
