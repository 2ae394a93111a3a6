/* SPDX-License-Identifier: Apache-2.0
 *
 * Temporary memory of rte_acl_build. The library takes it in zeroed blocks of 8 MiB, of which a firewall of a
 * few hundred rules uses a small part; in a VM somebody has to write all those zeroes, and the host to find
 * all those pages. So the linker leads the library's calls here (--wrap, images/link): small blocks, and
 * zeroes where they were asked for.
 *
 * One build runs at a time. The library's own pool stays empty, and is used only to report failure, which it
 * does by a jump of its own.
 */
#include <stdint.h>
#include <string.h>
#include <rte_common.h>
#include "eal.h"

enum { FIRST_BYTES = 128 << 10, BLOCK_BYTES_MAX = 4 << 20, ALIGNMENT = 16 };

struct block {
	struct block *next;
	size_t used, size;
	uint8_t *bytes;
};

/* The first block is always there, and enough for some dozen rules. Each further one is twice as large as the
 * one before, up to a limit: many rules take hundreds of megabytes. */
static _Alignas(ALIGNMENT) uint8_t first_bytes[FIRST_BYTES];
static struct block first = {.size = FIRST_BYTES, .bytes = first_bytes};
static struct block *newest = &first;

static struct block *add_block(size_t bytes)
{
	size_t front = RTE_ALIGN_CEIL(sizeof(struct block), (size_t)ALIGNMENT);
	size_t size = RTE_MIN(2 * newest->size, (size_t)BLOCK_BYTES_MAX - front);
	struct block *block;

	size = RTE_MAX(size, bytes);
	block = eal_pages_map(front + size);
	if (block == NULL)
		return NULL;
	*block = (struct block){.next = newest, .size = size, .bytes = (uint8_t *)block + front};
	newest = block;
	return block;
}

void *__wrap_tb_alloc(struct tb_mem_pool *pool, size_t size)
{
	size_t bytes = RTE_ALIGN_CEIL(size, (size_t)ALIGNMENT);
	struct block *block = newest;
	void *start;

	if (bytes < size)
		return __real_tb_alloc(pool, PTRDIFF_MAX);
	if (block->size - block->used < bytes)
		block = add_block(bytes);
	if (block == NULL)
		return __real_tb_alloc(pool, PTRDIFF_MAX); /* fails, and does not return */
	start = memset(block->bytes + block->used, 0, bytes);
	block->used += bytes;
	return start;
}

void __wrap_tb_free_pool(struct tb_mem_pool *pool)
{
	while (newest != &first) {
		struct block *next = newest->next;

		eal_pages_unmap(newest, newest->bytes + newest->size - (uint8_t *)newest);
		newest = next;
	}
	first.used = 0;
	__real_tb_free_pool(pool);
}
