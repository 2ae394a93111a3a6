/* SPDX-License-Identifier: Apache-2.0
 *
 * A singly linked list of allocations; see blocks.h.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "blocks.h"

struct config_block {
	struct config_block *next;
	_Alignas(16) unsigned char data[];
};

void *blocks_array(struct config_block **blocks, size_t count, size_t size)
{
	struct config_block *block = NULL;
	size_t bytes;

	if (!__builtin_mul_overflow(count, size, &bytes) && bytes < SIZE_MAX / 2)
		block = calloc(1, sizeof(*block) + bytes);
	if (!block) {
		fputs("weir: out of memory\n", stderr);
		exit(1);
	}
	block->next = *blocks;
	*blocks = block;
	return block->data;
}

void blocks_free(struct config_block *blocks)
{
	while (blocks) {
		struct config_block *next = blocks->next;

		free(blocks);
		blocks = next;
	}
}
