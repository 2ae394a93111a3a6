/* SPDX-License-Identifier: Apache-2.0
 *
 * How much memory the appliance needs: an estimate from above, of what the image's parts allocate at start.
 */
#include "stages.h"

enum {
	KIB = 1024,
	MIB = 1024 * KIB,
	IMAGE_BYTES = 10 * MIB, /* code, data and stacks, each in 2 MiB pages, and the page tables */
	SLACK_BYTES = 4 * MIB,	/* virtqueues, allocator overhead, rounding */
	SMALLEST_BYTES = 32 * MIB,
	GRANULE_BYTES = 8 * MIB,
	BUFFER_BYTES = 2048 + 128 + 128, /* data room, headroom, struct rte_mbuf */
	BUFFER_OVERHEAD_BYTES = 64 + 16, /* mempool object header, its places in ring and cache */
	INDIRECT_BYTES = 128 + 64 + 16,	 /* an mbuf without data, for fragments: one for each buffer */
	ROUTE_BYTES = 256,		 /* rule, table group share; small tables are tries */
	MANY_ROUTES = 1000,		 /* above, lookup tables are indexed by 24 bits: */
	WIDE_TABLE_BYTES = 64 * MIB,
	NEIGHBOUR_BYTES = 256,
	MATCH_BYTES = 4 * KIB, /* rte_acl: rule, share of the trie while it is built */
};

static uint64_t route_bytes(const struct config *config, bool ipv6)
{
	uint64_t count = 0;

	for (size_t i = 0; i < config->route_count; i++)
		count += config->routes[i].prefix.address.ipv6 == ipv6;
	return count * ROUTE_BYTES + (count > MANY_ROUTES ? WIDE_TABLE_BYTES : 0);
}

void compute_memory(struct config *config)
{
	uint64_t need = IMAGE_BYTES + SLACK_BYTES;

	need += (uint64_t)config->buffers * (BUFFER_BYTES + BUFFER_OVERHEAD_BYTES + INDIRECT_BYTES);
	need += route_bytes(config, false) + route_bytes(config, true);
	need += (uint64_t)config->neighbour_capacity * NEIGHBOUR_BYTES;
	need += config->match_count * MATCH_BYTES;
	need = (need + GRANULE_BYTES - 1) / GRANULE_BYTES * GRANULE_BYTES;
	config->memory_need = need < SMALLEST_BYTES ? SMALLEST_BYTES : need;
	if (!config->memory_given)
		config->memory = config->memory_need;
}
