/* SPDX-License-Identifier: Apache-2.0
 *
 * Mempool operations for packet buffers on one core: a stack, so that the buffer freed last, which the cache
 * still has, is the next one given.
 *
 * A buffer is made into an mbuf when it is given for the first time. Until then nothing touches it: its page
 * costs the host nothing, and the start of the image no time. Positions below `fresh` hold such buffers; they
 * lie at the bottom, because what comes back goes on top.
 *
 * In a pool of pages each object lies across the border of two pages, so that its data begins where the
 * second one does. What is before it on the first one, 3776 bytes, is left unused: other objects there would
 * have their data behind it.
 */
#include <errno.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include "eal.h"

enum {
	PAGE_BYTES = 4096,
	PAGE_PAIR_BYTES = 2 * PAGE_BYTES,
	PAGE_OBJECT = PAGE_BYTES - RTE_PKTMBUF_HEADROOM - (int)sizeof(struct rte_mbuf), /* offset in a pair */
};

struct stack {
	uint32_t count, fresh;
	void *objects[];
};

static int stack_alloc(struct rte_mempool *pool)
{
	pool->pool_data = rte_zmalloc(pool->name, sizeof(struct stack) + pool->size * sizeof(void *), 0);
	return pool->pool_data == NULL ? -ENOMEM : 0;
}

static void stack_free(struct rte_mempool *pool)
{
	rte_free(pool->pool_data);
}

/* What rte_mempool and rte_mbuf do for all objects of a pool when it is created. */
static void make_mbuf(struct rte_mempool *pool, void *object, uint32_t number)
{
	struct rte_mempool_objhdr *header = rte_mempool_get_header(object);

	header->mp = pool;
	header->iova = (rte_iova_t)(uintptr_t)object;
	STAILQ_INSERT_TAIL(&pool->elt_list, header, next);
	rte_pktmbuf_init(pool, NULL, object, number);
}

static int stack_enqueue(struct rte_mempool *pool, void *const *objects, unsigned int count)
{
	struct stack *stack = pool->pool_data;

	if (unlikely(count > pool->size - stack->count))
		return -ENOBUFS;
	for (unsigned int i = 0; i < count; i++)
		stack->objects[stack->count++] = objects[i];
	return 0;
}

static int stack_dequeue(struct rte_mempool *pool, void **objects, unsigned int count)
{
	struct stack *stack = pool->pool_data;

	if (unlikely(count > stack->count))
		return -ENOBUFS;
	for (unsigned int i = 0; i < count; i++)
		objects[i] = stack->objects[--stack->count];
	while (unlikely(stack->fresh > stack->count)) {
		stack->fresh--;
		make_mbuf(pool, stack->objects[stack->fresh], stack->fresh);
	}
	return 0;
}

static unsigned int stack_count(const struct rte_mempool *pool)
{
	const struct stack *stack = pool->pool_data;

	return stack->count;
}

/* pool_config of a pool of pages: nothing is asked of it but whether it is one. */
static char is_paged;

/* In place of what would touch each object. */
static void count_object(struct rte_mempool *pool, void *context __rte_unused, void *object __rte_unused,
			 rte_iova_t iova __rte_unused)
{
	pool->populated_size++;
}

/* The library finds the places of objects, and puts each into the pool by the enqueue operation. */
static int stack_populate(struct rte_mempool *pool, unsigned int count, void *memory, rte_iova_t iova,
			  size_t bytes, rte_mempool_populate_obj_cb_t *add __rte_unused,
			  void *context __rte_unused)
{
	struct stack *stack = pool->pool_data;
	int added;

	for (; pool->pool_config != NULL && stack->count < count; stack->count++)
		stack->objects[stack->count] =
		    (uint8_t *)memory + (size_t)stack->count * PAGE_PAIR_BYTES + PAGE_OBJECT;
	if (pool->pool_config != NULL) {
		stack->fresh = pool->populated_size = count;
		return (int)count;
	}
	added = rte_mempool_op_populate_default(pool, count, memory, iova, bytes, count_object, NULL);

	stack->fresh = stack->count;
	return added;
}

static const struct rte_mempool_ops stack_operations = {
    .name = "stack",
    .alloc = stack_alloc,
    .free = stack_free,
    .enqueue = stack_enqueue,
    .dequeue = stack_dequeue,
    .get_count = stack_count,
    .populate = stack_populate,
};

RTE_MEMPOOL_REGISTER_OPS(stack_operations);

/* Without a cache for each core: there is one core, a stack is as fast as a cache, and room for the caches of
 * 128 cores would be a megabyte. */
struct rte_mempool *eal_stack_pool(const char *name, uint32_t count, uint16_t room)
{
	return rte_pktmbuf_pool_create_by_ops(name, count, 0, 0, room, SOCKET_ID_ANY, stack_operations.name);
}

static struct rte_mempool *create_on(const char *name, uint32_t count, void *pages)
{
	struct rte_pktmbuf_pool_private about = {.mbuf_data_room_size = RTE_PKTMBUF_HEADROOM + PAGE_BYTES};
	struct rte_mempool *pool =
	    rte_mempool_create_empty(name, count, sizeof(struct rte_mbuf) + about.mbuf_data_room_size, 0,
				     sizeof(about), SOCKET_ID_ANY, 0);

	if (pool == NULL)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, stack_operations.name, &is_paged) == 0) {
		rte_pktmbuf_pool_init(pool, &about);
		if (rte_mempool_populate_iova(pool, pages, (rte_iova_t)(uintptr_t)pages,
					      (size_t)count * PAGE_PAIR_BYTES, NULL, NULL) == (int)count)
			return pool;
	}
	rte_mempool_free(pool);
	return NULL;
}

struct rte_mempool *eal_page_pool(const char *name, uint32_t count, void **start)
{
	size_t bytes = (size_t)count * PAGE_PAIR_BYTES;
	struct rte_mempool *pool;

	*start = eal_pages_map(bytes);
	if (*start == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	pool = create_on(name, count, *start);
	if (pool == NULL)
		eal_pages_unmap(*start, bytes);
	return pool;
}
