/* SPDX-License-Identifier: Apache-2.0
 *
 * rte_malloc and its family. Small blocks come from the C heap, large ones are pages of their own: the heap
 * grows by memory that ring 0 has cleared, which takes time that a block need not be worth. Before each block
 * lies what rte_free has to know about it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <rte_common.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include "eal.h"

enum { ALIGN_MIN = RTE_CACHE_LINE_SIZE, LARGE = 20 << 10, HUGE = 2 << 20 };

struct front {
	void *start;  /* of the memory, of which the block is the end */
	size_t pages; /* bytes of the memory, 0: from the C heap */
};

/* Bytes to ask for, 0 when `size` and `align` make no sense together. */
static size_t block_bytes(size_t size, size_t align)
{
	if (size == 0 || !rte_is_power_of_2(align) || size > SIZE_MAX - align - sizeof(struct front))
		return 0;
	return size + align + sizeof(struct front);
}

static void *block_aligned(struct front front, size_t align)
{
	uintptr_t address;

	if (front.start == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	address = RTE_ALIGN_CEIL((uintptr_t)front.start + sizeof(front), align);
	((struct front *)address)[-1] = front;
	return (void *)address;
}

void *rte_malloc(const char *type __rte_unused, size_t size, unsigned int align)
{
	size_t boundary = RTE_MAX(align, (unsigned int)ALIGN_MIN), bytes = block_bytes(size, boundary);

	if (bytes == 0)
		return NULL;
	if (bytes < LARGE)
		return block_aligned((struct front){.start = malloc(bytes)}, boundary);
	return block_aligned((struct front){.start = eal_pages_map(bytes), .pages = bytes}, boundary);
}

/* Of the largest blocks calloc alone knows which pages are fresh from the kernel and need no clearing. */
void *rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	size_t boundary = RTE_MAX(align, (unsigned int)ALIGN_MIN), bytes = block_bytes(size, boundary);
	void *block;

	if (bytes >= HUGE)
		return block_aligned((struct front){.start = calloc(1, bytes)}, boundary);
	block = rte_malloc(type, size, align);
	return block == NULL ? NULL : memset(block, 0, size);
}

void *rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket __rte_unused)
{
	return rte_zmalloc(type, size, align);
}

void rte_free(void *block)
{
	const struct front *front;

	if (block == NULL)
		return;
	front = (const struct front *)block - 1;
	if (front->pages == 0)
		free(front->start);
	else
		eal_pages_unmap(front->start, front->pages);
}

int rte_malloc_heap_socket_is_external(int socket __rte_unused)
{
	return 0;
}
