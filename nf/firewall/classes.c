/* SPDX-License-Identifier: Apache-2.0
 *
 * Classes of addresses; see classes.h. The tree of IPv6 knows upper halves of addresses only. Nearly all
 * borders lie between two /64; those within one are searched by halving.
 */
#include <errno.h>
#include <string.h>
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "classes.h"
#include "search_tree.h"

enum {
	HALVES = 1 << 16,
	SPARSE = 16, /* entries with one upper half up to which halving is faster than the tree */
};

struct classes_asked classes_asked[2];
static struct search_tree ipv4_tree, ipv6_tree;

/* For each upper half, the last entry that begins at its lowest address or before. */
static uint32_t *ipv4_index;

static inline uint64_t read_half(const uint8_t bytes[8])
{
	rte_be64_t half;

	memcpy(&half, bytes, sizeof(half));
	return rte_be_to_cpu_64(half);
}

static inline uint64_t upper_half(const uint8_t address[16])
{
	return read_half(address);
}

static inline uint64_t lower_half(const uint8_t address[16])
{
	return read_half(address + 8);
}

static uint64_t ipv4_number(uint32_t index)
{
	return ipv4_classes[index].first;
}

static uint64_t ipv6_number(uint32_t index)
{
	return upper_half(ipv6_classes[index].first);
}

static void ask(const struct match_common *common, struct classes_asked *asked)
{
	asked->source |= asks_for_source_class(common);
	asked->destination |= asks_for_destination_class(common);
}

static void find_asked(void)
{
	memset(classes_asked, 0, sizeof(classes_asked));
	for (uint32_t i = 0; i < ipv4_match_count; i++)
		ask(&ipv4_matches[i].common, &classes_asked[false]);
	for (uint32_t i = 0; i < ipv6_match_count; i++)
		ask(&ipv6_matches[i].common, &classes_asked[true]);
}

/* Returns the largest number of entries that have one upper half. */
static uint32_t fill_index(void)
{
	uint32_t entry = 0, most = 0;

	for (uint32_t half = 0; half < HALVES; half++) {
		while (entry + 1 < ipv4_class_count && ipv4_classes[entry + 1].first <= half << 16)
			entry++;
		ipv4_index[half] = entry;
		most = RTE_MAX(most, half ? entry - ipv4_index[half - 1] : 0);
	}
	ipv4_index[HALVES] = ipv4_class_count - 1;
	return RTE_MAX(most, ipv4_class_count - 1 - entry);
}

static int init_ipv4(void)
{
	rte_free(ipv4_index);
	ipv4_index = rte_malloc("classes", (HALVES + 1) * sizeof(*ipv4_index), 0);
	if (ipv4_index == NULL)
		return -ENOMEM;
	return fill_index() > SPARSE ? search_tree_build(&ipv4_tree, ipv4_class_count, ipv4_number) : 0;
}

int classes_init(void)
{
	int error = 0;

	find_asked();
	if (ipv4_class_count)
		error = init_ipv4();
	if (error == 0 && ipv6_class_count)
		error = search_tree_build(&ipv6_tree, ipv6_class_count, ipv6_number);
	if (error)
		host_log("firewall: no memory for named sets");
	return error;
}

uint16_t class_of_ipv4(uint32_t address)
{
	uint32_t low = ipv4_index[address >> 16], high = ipv4_index[(address >> 16) + 1];

	if (unlikely(high - low > SPARSE))
		return ipv4_classes[search_tree_find(&ipv4_tree, address)].number;
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (ipv4_classes[middle].first <= address)
			low = middle;
		else
			high = middle - 1;
	}
	return ipv4_classes[low].number;
}

static inline bool is_behind(uint32_t entry, const uint8_t address[16])
{
	const uint8_t *first = ipv6_classes[entry].first;

	return upper_half(first) > upper_half(address) ||
	       (upper_half(first) == upper_half(address) && lower_half(first) > lower_half(address));
}

/* The last entry that doesn't begin behind an address, of those up to `high`, which does. */
static uint32_t search_within(uint32_t high, const uint8_t address[16])
{
	uint64_t half = upper_half(address);
	uint32_t low = half ? search_tree_find(&ipv6_tree, half - 1) : 0;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (is_behind(middle, address))
			high = middle;
		else
			low = middle;
	}
	return low;
}

uint16_t class_of_ipv6(const uint8_t address[16])
{
	uint32_t entry = search_tree_find(&ipv6_tree, upper_half(address));

	if (unlikely(is_behind(entry, address)))
		entry = search_within(entry, address);
	return ipv6_classes[entry].number;
}
