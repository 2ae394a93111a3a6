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
#include "boot/eal/eal.h"
#include "watched_pool.h"

enum { PAGE_BYTES = 4096, MBUF_OFFSET = PAGE_BYTES - RTE_PKTMBUF_HEADROOM - (int)sizeof(struct rte_mbuf) };

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

static int heap_populate(struct rte_mempool *pool, unsigned int count, void *memory, rte_iova_t iova,
			 size_t bytes, rte_mempool_populate_obj_cb_t *add, void *context)
{
	if (pool->pool_config == NULL)
		return rte_mempool_op_populate_default(pool, count, memory, iova, bytes, add, context);
	for (uint32_t i = 0; i < count; i++) {
		void *object = (uint8_t *)memory + 2 * (size_t)i * PAGE_BYTES + MBUF_OFFSET;

		add(pool, context, object, 0);
		heap_put(pool, &object, 1);
	}
	return (int)count;
}

static const struct rte_mempool_ops heap_ops = {
    .name = "heap",
    .alloc = heap_alloc,
    .free = heap_free,
    .enqueue = heap_put,
    .dequeue = heap_get,
    .get_count = heap_count,
    .populate = heap_populate,
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

struct rte_mempool *watched_page_pool(const char *name, uint32_t mbufs, void **start)
{
	static int paged;
	struct rte_pktmbuf_pool_private about = {.mbuf_data_room_size = RTE_PKTMBUF_HEADROOM + PAGE_BYTES};
	size_t bytes = 2 * (size_t)mbufs * PAGE_BYTES;
	struct rte_mempool *pool =
	    rte_mempool_create_empty(name, mbufs, sizeof(struct rte_mbuf) + about.mbuf_data_room_size, 0,
				     sizeof(about), SOCKET_ID_ANY, 0);
	struct heap *heap;

	*start = eal_pages_map(bytes);
	assert(pool && *start && rte_mempool_set_ops_byname(pool, "heap", &paged) == 0);
	rte_pktmbuf_pool_init(pool, &about);
	assert(rte_mempool_populate_iova(pool, *start, 0, bytes, NULL, NULL) == (int)mbufs);
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	heap = pool->pool_data;
	heap->watched = true;
	for (uint32_t i = 0; i < heap->count; i++)
		ASAN_POISON_MEMORY_REGION(heap->objects[i], pool->elt_size);
	return pool;
}
