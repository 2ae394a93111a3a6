/* SPDX-License-Identifier: Apache-2.0
 *
 * rte_malloc and its family on the C heap. DPDK wants alignment and zeroes at once, which C's aligned_alloc
 * and calloc don't offer together; calloc alone knows which pages are fresh from the kernel and need no
 * clearing. So a block is a calloc block with room to align in, and the word before it points to its true
 * start.
 */
#include <errno.h>
#include <stdlib.h>
#include <rte_common.h>
#include <rte_errno.h>
#include <rte_malloc.h>

enum { ALIGN_MIN = RTE_CACHE_LINE_SIZE };

/* Bytes to ask the C heap for, 0 when `size` and `align` make no sense together. */
static size_t block_bytes(size_t size, size_t align)
{
	if (size == 0 || !rte_is_power_of_2(align) || size > SIZE_MAX - align - sizeof(void *))
		return 0;
	return size + align + sizeof(void *);
}

static void *block_aligned(void *start, size_t align)
{
	uintptr_t address;

	if (start == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	address = RTE_ALIGN_CEIL((uintptr_t)start + sizeof(void *), align);
	((void **)address)[-1] = start;
	return (void *)address;
}

void *rte_malloc(const char *type __rte_unused, size_t size, unsigned int align)
{
	size_t boundary = RTE_MAX(align, (unsigned int)ALIGN_MIN), bytes = block_bytes(size, boundary);

	return bytes == 0 ? NULL : block_aligned(malloc(bytes), boundary);
}

void *rte_zmalloc(const char *type __rte_unused, size_t size, unsigned int align)
{
	size_t boundary = RTE_MAX(align, (unsigned int)ALIGN_MIN), bytes = block_bytes(size, boundary);

	return bytes == 0 ? NULL : block_aligned(calloc(1, bytes), boundary);
}

void *rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket __rte_unused)
{
	return rte_zmalloc(type, size, align);
}

void rte_free(void *block)
{
	if (block != NULL)
		free(((void **)block)[-1]);
}

int rte_malloc_heap_socket_is_external(int socket __rte_unused)
{
	return 0;
}
