/* SPDX-License-Identifier: Apache-2.0
 *
 * How many packet buffers the appliance has where the configuration doesn't say, and how much memory it
 * needs: an estimate from above, of what the image's parts allocate at start.
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
	BUFFER_OVERHEAD_BYTES = 64 + 16, /* mempool object header, its place in the stack */
	INDIRECT_BYTES = 128 + 64 + 16,	 /* an mbuf without data, for fragments: one for each buffer */
	ROUTE_BYTES = KIB,		 /* two trie nodes of rte_fib, in pools made for twice as many */
	ENTRIES_OF_ADDRESS = 4,
	MANY_ROUTES = 1000, /* above, lookup is indexed by 24 bits, of 2 bytes, and 32 Ki groups of 256 */
	WIDE_TABLE_BYTES = 64 * MIB,
	/* In the chain, waiting for next hops, made by the appliance. */
	SPARE_BUFFERS = 1024,
	/* Both rings of a card full, 512 entries each, and as many more to refill them. A super-frame takes
	 * 33 entries: with rings of 256, bursts of them find the way out full, and TCP over tap halves. */
	DEVICE_BUFFERS = 1536,
	NEIGHBOUR_BYTES = 256,
	FLOW_BYTES = sizeof(struct flow_record) + 32, /* its share of the hash table */
	BINDING_BYTES = 2 * 3 * 4,	/* two tables of NAT's mappings, 1.5 to 3 times as large */
	SOURCE_BYTES = 24,		/* nf/firewall/rates.c */
	CONNECTIONS_BYTES = 16 * 3 / 2, /* of a flow, where they are limited: nf/firewall/connections.c */
	CLASS_BYTES = 32,		/* nf/firewall/classes.c: entries, and the tree over them */
	CLASSES_BYTES = MIB,		/* ... and the index */
	PEER_BYTES = 6 * KIB, /* nf/wireguard: four sessions with their replay windows, timers, statistics */
	ALLOWED_BYTES = 128,  /* of a trie, both ways */
	/* rte_acl: rule, share of the trie and of what building it takes. IPv6 takes most. */
	MATCH_BYTES = 32 * KIB,
};

/* Entries of a family's lookup table: routes, and for each address its network, itself and its broadcasts. */
static uint64_t count_entries(const struct config *config, bool ipv6)
{
	uint64_t count = 0;

	for (size_t i = 0; i < config->route_count; i++)
		count += config->routes[i].prefix.address.ipv6 == ipv6;
	for (size_t i = 0; i < config->port_count; i++)
		count += ENTRIES_OF_ADDRESS * config->ports[i].address_count + config->ports[i].gateway_count;
	return count;
}

static uint64_t route_bytes(const struct config *config, bool ipv6)
{
	uint64_t count = count_entries(config, ipv6);

	return count * ROUTE_BYTES + (count > MANY_ROUTES ? WIDE_TABLE_BYTES : 0);
}

bool limits_sources(const struct config *config)
{
	for (size_t i = 0; i < config->rule_count; i++)
		if (config->rules[i].rate.per_source)
			return true;
	return false;
}

static bool limits_connections(const struct config *config)
{
	for (size_t i = 0; i < config->rule_count; i++)
		if (config->rules[i].connections)
			return true;
	return false;
}

static uint64_t class_bytes(const struct config *config)
{
	uint64_t count = config->classes[false].class_count + config->classes[true].class_count;

	return count ? CLASSES_BYTES + count * CLASS_BYTES : 0;
}

void compute_memory(struct config *config)
{
	uint64_t need = IMAGE_BYTES + SLACK_BYTES;

	if (config->buffers == 0)
		config->buffers = SPARE_BUFFERS + DEVICE_BUFFERS * (uint32_t)config->device_count;
	need += (uint64_t)config->buffers * (BUFFER_BYTES + BUFFER_OVERHEAD_BYTES + INDIRECT_BYTES);
	need += route_bytes(config, false) + route_bytes(config, true);
	need += (uint64_t)config->neighbour_capacity * NEIGHBOUR_BYTES;
	need += config->match_count * MATCH_BYTES;
	need += (uint64_t)config->flows * (FLOW_BYTES + (config->has_nat ? BINDING_BYTES : 0));
	need += limits_sources(config) ? (uint64_t)config->sources * SOURCE_BYTES : 0;
	need += limits_connections(config) ? (uint64_t)config->flows * CONNECTIONS_BYTES : 0;
	need += class_bytes(config);
	need += (uint64_t)config->peer_count * PEER_BYTES + (uint64_t)config->allowed_count * ALLOWED_BYTES;
	need = (need + GRANULE_BYTES - 1) / GRANULE_BYTES * GRANULE_BYTES;
	config->memory_need = need < SMALLEST_BYTES ? SMALLEST_BYTES : need;
	if (!config->memory_given)
		config->memory = config->memory_need;
}
