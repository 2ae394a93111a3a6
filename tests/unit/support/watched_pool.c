/* SPDX-License-Identifier: Apache-2.0
 *
 * The mempool operations behind watched_pool.h.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>
#include <sanitizer/asan_interface.h>
#include "watched_pool.h"

struct heap {
	bool watched; /* not before the mbufs have been initialised */
	uint32_t count;
	void *objects[];
};

static int heap_alloc(struct rte_mempool *pool)
{
	pool->pool_data = calloc(1, sizeof(struct heap) + pool->size * sizeof(void *));
	return pool->pool_data ? 0 : -1;
}

static void heap_free(struct rte_mempool *pool)
{
	free(pool->pool_data);
}

static int heap_put(struct rte_mempool *pool, void *const *objects, unsigned int count)
{
	struct heap *heap = pool->pool_data;

	for (unsigned int i = 0; i < count; i++) {
		assert(heap->count < pool->size && !__asan_address_is_poisoned(objects[i]));
		if (heap->watched)
			ASAN_POISON_MEMORY_REGION(objects[i], pool->elt_size);
		heap->objects[heap->count++] = objects[i];
	}
	return 0;
}

static int heap_get(struct rte_mempool *pool, void **objects, unsigned int count)
{
	struct heap *heap = pool->pool_data;

	if (count > heap->count)
		return -1;
	for (unsigned int i = 0; i < count; i++) {
		objects[i] = heap->objects[--heap->count];
		ASAN_UNPOISON_MEMORY_REGION(objects[i], pool->elt_size);
	}
	return 0;
}

static unsigned int heap_count(const struct rte_mempool *pool)
{
	return ((struct heap *)pool->pool_data)->count;
}

static const struct rte_mempool_ops heap_ops = {
    .name = "heap",
    .alloc = heap_alloc,
    .free = heap_free,
    .enqueue = heap_put,
    .dequeue = heap_get,
    .get_count = heap_count,
};
RTE_MEMPOOL_REGISTER_OPS(heap_ops)

struct rte_mempool *watched_pool(const char *name, uint32_t mbufs, uint16_t room)
{
	struct rte_mempool *pool;
	struct heap *heap;

	pool = rte_pktmbuf_pool_create_by_ops(name, mbufs, 0, 0, room ? RTE_PKTMBUF_HEADROOM + room : 0,
					      SOCKET_ID_ANY, "heap");
	assert(pool);
	heap = pool->pool_data;
	heap->watched = true;
	for (uint32_t i = 0; i < heap->count; i++)
		ASAN_POISON_MEMORY_REGION(heap->objects[i], pool->elt_size);
	return pool;
}
