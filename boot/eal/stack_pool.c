/* SPDX-License-Identifier: Apache-2.0
 *
 * Mempool operations for packet buffers on one core: a stack, so that the buffer freed last, which the cache
 * still has, is the next one given.
 *
 * A buffer is made into an mbuf when it is given for the first time. Until then nothing touches it: its page
 * costs the host nothing, and the start of the image no time. Positions below `fresh` hold such buffers; they
 * lie at the bottom, because what comes back goes on top.
 */
#include <errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include "eal.h"

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
	int added = rte_mempool_op_populate_default(pool, count, memory, iova, bytes, count_object, NULL);

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
