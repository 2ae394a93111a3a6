/* SPDX-License-Identifier: Apache-2.0
 *
 * Allowed IPs as ranges; see allowed.h. Prefixes either contain each other or are apart, so a sorted list is
 * walked with a stack of those that are open: a range begins where a prefix begins, and where one ends that
 * another one goes on behind.
 *
 * A tunnel has a table for each family. Its tree knows the upper halves of addresses (all of an IPv4
 * address). Ranges of one upper half, as peers that are hosts of the same /64 have them, form a group: a
 * small one is walked, a larger one has a tree of lower halves.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include "nf/firewall/search_tree.h"
#include "nf/host.h"
#include "allowed.h"
#include "config.h"

enum {
	SPARSE = 8,	 /* ranges of one upper half up to which walking will do */
	DEPTH_MAX = 129, /* prefixes that contain each other */
};

typedef unsigned __int128 position; /* IPv4: the address is the upper half */

struct range {
	uint64_t upper, lower; /* where it begins; it ends where the next begins */
};

/* Ranges with one upper half. */
struct group {
	uint64_t upper;
	uint32_t first, count;
	struct search_tree tree; /* of lower halves; its number 0 is the range before the group */
};

struct table {
	struct search_tree tree;
	struct range *ranges;
	uint32_t *peers; /* by range */
	uint32_t count;
	struct group *groups; /* those with more ranges than SPARSE, in order */
	uint32_t group_count;
};

struct prefix {
	position first, last;
	uint32_t peer;
};

static struct table *tables; /* by tunnel: IPv4, IPv6 */
static uint32_t table_count;

/* What search_tree_build asks about. */
static const struct range *building;

static uint64_t upper_of(uint32_t index)
{
	return building[index].upper;
}

static uint64_t lower_in_group(uint32_t index)
{
	return index ? building[index - 1].lower : 0;
}

static position position_of(const uint8_t address[16])
{
	rte_be64_t halves[2];

	memcpy(halves, address, sizeof(halves));
	return (position)rte_be_to_cpu_64(halves[0]) << 64 | rte_be_to_cpu_64(halves[1]);
}

static struct prefix prefix_ipv4(uint32_t index)
{
	const struct wireguard_allowed_ipv4 *allowed = &wireguard_allowed_ipv4[index];
	uint64_t hosts = (uint64_t)UINT32_MAX >> allowed->prefix.length;

	return (struct prefix){(position)allowed->prefix.address << 64,
			       (position)(allowed->prefix.address | hosts) << 64 | UINT64_MAX, allowed->peer};
}

static struct prefix prefix_ipv6(uint32_t index)
{
	const struct wireguard_allowed_ipv6 *allowed = &wireguard_allowed_ipv6[index];
	position first = position_of(allowed->prefix.address);
	position hosts = allowed->prefix.length == 128 ? 0 : ~(position)0 >> allowed->prefix.length;

	return (struct prefix){first, first | hosts, allowed->peer};
}

/* From `first` on it is that peer's. What began in the same place belongs to a shorter prefix. */
static void begin_range(struct table *table, position first, uint32_t peer)
{
	struct range range = {first >> 64, first};

	if (table->count && memcmp(&table->ranges[table->count - 1], &range, sizeof(range)) == 0)
		table->count--;
	table->ranges[table->count] = range;
	table->peers[table->count++] = peer;
}

struct open {
	struct prefix stack[DEPTH_MAX];
	uint32_t depth;
};

static void close_last(struct table *table, struct open *open)
{
	position last = open->stack[--open->depth].last;
	uint32_t peer = open->depth ? open->stack[open->depth - 1].peer : ALLOWED_NONE;

	/* The highest upper half of IPv4 is below the end, and nobody asks for what is behind. */
	if (last != ~(position)0)
		begin_range(table, last + 1, peer);
}

static void cut(struct table *table, struct prefix (*prefix)(uint32_t index), uint32_t from, uint32_t to)
{
	struct open open = {.depth = 0};

	begin_range(table, 0, ALLOWED_NONE);
	for (uint32_t i = from; i < to; i++) {
		struct prefix next = prefix(i);

		while (open.depth && open.stack[open.depth - 1].last < next.first)
			close_last(table, &open);
		assert(open.depth < DEPTH_MAX);
		open.stack[open.depth++] = next;
		begin_range(table, next.first, next.peer);
	}
	while (open.depth)
		close_last(table, &open);
}

/* How many ranges from `first` on have its upper half. */
static uint32_t group_size(const struct table *table, uint32_t first)
{
	uint32_t size = 1;

	while (first + size < table->count && table->ranges[first + size].upper == table->ranges[first].upper)
		size++;
	return size;
}

static int add_group(struct table *table, uint32_t first, uint32_t size)
{
	struct group *group = &table->groups[table->group_count++];

	*group = (struct group){.upper = table->ranges[first].upper, .first = first, .count = size};
	building = table->ranges + first;
	return search_tree_build(&group->tree, size + 1, lower_in_group);
}

static int find_groups(struct table *table)
{
	int error = 0;

	table->groups =
	    rte_zmalloc("groups", (table->count / SPARSE + 1) * sizeof(*table->groups), RTE_CACHE_LINE_SIZE);
	if (table->groups == NULL)
		return -ENOMEM;
	for (uint32_t i = 0, size; i < table->count && !error; i += size) {
		size = group_size(table, i);
		if (size > SPARSE)
			error = add_group(table, i, size);
	}
	return error;
}

static int fill(struct table *table, struct prefix (*prefix)(uint32_t index), uint32_t from, uint32_t to)
{
	uint32_t room = 2 * (to - from) + 1;

	table->ranges = rte_malloc("ranges", room * sizeof(*table->ranges), RTE_CACHE_LINE_SIZE);
	table->peers = rte_malloc("ranges' peers", room * sizeof(*table->peers), RTE_CACHE_LINE_SIZE);
	if (!table->ranges || !table->peers)
		return -ENOMEM;
	cut(table, prefix, from, to);
	building = table->ranges;
	if (search_tree_build(&table->tree, table->count, upper_of))
		return -ENOMEM;
	return find_groups(table);
}

static void free_table(struct table *table)
{
	for (uint32_t i = 0; i < table->group_count; i++)
		rte_free(table->groups[i].tree.numbers);
	rte_free(table->groups);
	rte_free(table->tree.numbers);
	rte_free(table->ranges);
	rte_free(table->peers);
}

static int make_tables(void)
{
	for (uint32_t i = 0; i < table_count; i++)
		free_table(&tables[i]);
	rte_free(tables);
	table_count = 2 * wireguard_tunnel_count;
	tables = rte_zmalloc("allowed", RTE_MAX(table_count, 1u) * sizeof(*tables), RTE_CACHE_LINE_SIZE);
	if (tables)
		return 0;
	table_count = 0;
	return -ENOMEM;
}

/* The first entry behind `from` of a later tunnel. */
static uint32_t end_ipv4(uint32_t from, uint8_t tunnel)
{
	while (from < wireguard_allowed_ipv4_count &&
	       wireguard_peers[wireguard_allowed_ipv4[from].peer].tunnel == tunnel)
		from++;
	return from;
}

static uint32_t end_ipv6(uint32_t from, uint8_t tunnel)
{
	while (from < wireguard_allowed_ipv6_count &&
	       wireguard_peers[wireguard_allowed_ipv6[from].peer].tunnel == tunnel)
		from++;
	return from;
}

int allowed_init(void)
{
	int error = make_tables();
	uint32_t ipv4 = 0, ipv6 = 0, end;

	for (uint32_t tunnel = 0; tunnel < wireguard_tunnel_count && !error; tunnel++) {
		end = end_ipv4(ipv4, tunnel);
		error = fill(&tables[2 * tunnel], prefix_ipv4, ipv4, end);
		ipv4 = end;
		end = end_ipv6(ipv6, tunnel);
		if (!error)
			error = fill(&tables[2 * tunnel + 1], prefix_ipv6, ipv6, end);
		ipv6 = end;
	}
	if (error)
		host_log("wireguard: no memory for allowed IPs");
	return error;
}

uint32_t allowed_ipv4(uint8_t tunnel, uint32_t address)
{
	const struct table *table = &tables[2 * tunnel];

	return table->peers[search_tree_find(&table->tree, address)];
}

static const struct group *find_group(const struct table *table, uint64_t upper)
{
	uint32_t low = 0, high = table->group_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (table->groups[middle].upper == upper)
			return &table->groups[middle];
		if (table->groups[middle].upper < upper)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The last range that begins at an address or before, whose upper half is that of `range` and of those
 * before it. */
static uint32_t find_within(const struct table *table, uint32_t range, uint64_t lower)
{
	const struct group *group = find_group(table, table->ranges[range].upper);

	if (group)
		return group->first + search_tree_find(&group->tree, lower) - 1;
	while (table->ranges[range].lower > lower &&
	       table->ranges[range].upper == table->ranges[range - 1].upper)
		range--;
	return table->ranges[range].lower > lower ? range - 1 : range;
}

uint32_t allowed_ipv6(uint8_t tunnel, const uint8_t address[16])
{
	const struct table *table = &tables[2 * tunnel + 1];
	position at = position_of(address);
	uint32_t range = search_tree_find(&table->tree, at >> 64);

	if (table->ranges[range].upper == (uint64_t)(at >> 64) && table->ranges[range].lower > (uint64_t)at)
		range = find_within(table, range, at);
	return table->peers[range];
}

static void prefetch(const struct table *table, uint64_t upper)
{
	rte_prefetch0(&table->peers[search_tree_prefetch(&table->tree, upper)]);
}

void allowed_prefetch_ipv4(uint8_t tunnel, uint32_t address)
{
	prefetch(&tables[2 * tunnel], address);
}

void allowed_prefetch_ipv6(uint8_t tunnel, const uint8_t address[16])
{
	prefetch(&tables[2 * tunnel + 1], position_of(address) >> 64);
}
