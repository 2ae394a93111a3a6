/* SPDX-License-Identifier: Apache-2.0
 *
 * Building search trees; see search_tree.h.
 */
#include <assert.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include "search_tree.h"

enum { NODE_BYTES = SEARCH_NODE_NUMBERS * sizeof(uint64_t), CHILDREN = SEARCH_NODE_NUMBERS + 1 };
_Static_assert(NODE_BYTES == RTE_CACHE_LINE_SIZE, "a node is a cache line");

static uint32_t nodes_over(uint32_t items, uint32_t items_per_node)
{
	return items / items_per_node + (items % items_per_node > 0);
}

/* Counts the nodes of each level, and says where each begins, the root's first. Returns how many there are.
 */
static uint32_t lay_out(struct search_tree *tree, uint32_t nodes[SEARCH_LEVELS_MAX])
{
	uint32_t total = 0;

	nodes[0] = nodes_over(tree->count, SEARCH_NODE_NUMBERS);
	for (tree->levels = 1; nodes[tree->levels - 1] > 1; tree->levels++) {
		assert(tree->levels < SEARCH_LEVELS_MAX);
		nodes[tree->levels] = nodes_over(nodes[tree->levels - 1], CHILDREN);
	}
	for (uint32_t level = tree->levels; level-- > 0;) {
		tree->first_node[level] = total;
		total += nodes[level];
	}
	return total;
}

/* Index of the lowest number below a child: the one in place `i` of a node, counted from 0, whose own lowest
 * stands nowhere in the node when i is 0. */
static uint64_t lowest_below(uint32_t level, uint32_t node, uint32_t i)
{
	uint64_t leaf = (uint64_t)node * CHILDREN + i;

	while (--level > 0)
		leaf *= CHILDREN;
	return leaf * SEARCH_NODE_NUMBERS;
}

static void fill_level(struct search_tree *tree, uint32_t level, uint32_t nodes,
		       uint64_t (*number)(uint32_t index))
{
	uint64_t *place = tree->numbers + (uint64_t)tree->first_node[level] * SEARCH_NODE_NUMBERS;

	for (uint32_t node = 0; node < nodes; node++)
		for (uint32_t i = 0; i < SEARCH_NODE_NUMBERS; i++) {
			uint64_t index = level ? lowest_below(level, node, i + 1)
					       : (uint64_t)node * SEARCH_NODE_NUMBERS + i;

			*place++ = search_order(index < tree->count ? number(index) : UINT64_MAX);
		}
}

int search_tree_build(struct search_tree *tree, uint32_t count, uint64_t (*number)(uint32_t index))
{
	uint32_t nodes[SEARCH_LEVELS_MAX], total;

	assert(count > 0 && number(0) == 0);
	rte_free(tree->numbers);
	tree->count = count;
	total = lay_out(tree, nodes);
	tree->numbers = rte_malloc("search", (size_t)total * NODE_BYTES, NODE_BYTES);
	if (tree->numbers == NULL)
		return -ENOMEM;
	for (uint32_t level = 0; level < tree->levels; level++)
		fill_level(tree, level, nodes[level], number);
	return 0;
}
