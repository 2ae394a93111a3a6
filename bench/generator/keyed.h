/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers by 64-bit keys: a table of fixed room with open addressing. Keys are digests, and so spread
 * already.
 */
#ifndef GENERATOR_KEYED_H
#define GENERATOR_KEYED_H

#include <stdint.h>
#include <stdlib.h>

struct keyed {
	struct keyed_cell {
		uint64_t key; /* 0: free */
		uint32_t value;
	} * cells;
	uint64_t mask;
};

/* For at most `count` keys. Returns 0, or -1: no memory. */
static inline int keyed_init(struct keyed *keyed, uint64_t count)
{
	keyed->mask = 15;
	while (keyed->mask < 2 * count)
		keyed->mask = 2 * keyed->mask + 1;
	keyed->cells = (struct keyed_cell *)calloc(keyed->mask + 1, sizeof(*keyed->cells));
	return keyed->cells ? 0 : -1;
}

static inline void keyed_free(struct keyed *keyed)
{
	free(keyed->cells);
	keyed->cells = NULL;
}

/* A key's cell, or the free one that it would have. Never for key 0. */
static inline struct keyed_cell *keyed_find(const struct keyed *keyed, uint64_t key)
{
	uint64_t at = key & keyed->mask;

	while (keyed->cells[at].key && keyed->cells[at].key != key)
		at = (at + 1) & keyed->mask;
	return &keyed->cells[at];
}

#endif
