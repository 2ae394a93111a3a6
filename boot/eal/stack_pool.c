/* SPDX-License-Identifier: Apache-2.0
 *
 * Mempool operations for packet buffers on one core: a stack, so that the buffer freed last, which the cache
 * still has, is the next one given.
 *
 * A buffer is made into an mbuf when it is given for the first time. Until then nothing touches it: its page
 * costs the host nothing, and the start of the image no time. Positions below `fresh` hold such buffers; they
 * lie at the bottom, because what comes back goes on top.
 *
 * In a pool of pages (pool_config is a struct eal_page_run) the mbufs of PAGE_GROUP buffers share a page, and
 * the pages of their data follow it. DPDK finds the mbuf of a buffer, when another mbuf points into it, by
 * buf_addr - priv_size - sizeof(struct rte_mbuf): so the distance is what the mbuf says is private, and is
 * another one for each. It must fit 16 bits, which bounds the group.
 */
#include <errno.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include "eal.h"

enum {
	PAGE_BYTES = 4096,
	PAGE_GROUP = 16,
	PAGE_STRIDE = PAGE_GROUP + 1,
	PAGE_HEADER_BYTES = RTE_CACHE_LINE_SIZE, /* of an object; its end is its struct rte_mempool_objhdr */
	PAGE_OBJECT_BYTES = PAGE_HEADER_BYTES + sizeof(struct rte_mbuf),
};
_Static_assert(PAGE_GROUP *PAGE_OBJECT_BYTES <= PAGE_BYTES && PAGE_GROUP * PAGE_BYTES - 1 <= UINT16_MAX &&
		   sizeof(struct rte_mempool_objhdr) <= PAGE_HEADER_BYTES,
	       "a group's mbufs fit a page, and are not too far from their data");

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

static uint8_t *group_start(const struct eal_page_run *run, uint32_t number)
{
	return run->start + (size_t)(number / PAGE_GROUP) * PAGE_STRIDE * PAGE_BYTES;
}

static struct rte_mbuf *page_mbuf(const struct eal_page_run *run, uint32_t number)
{
	return (struct rte_mbuf *)(group_start(run, number) + number % PAGE_GROUP * PAGE_OBJECT_BYTES +
				   PAGE_HEADER_BYTES);
}

static void give_page(const struct eal_page_run *run, struct rte_mbuf *m, uint32_t number)
{
	uint8_t *page = group_start(run, number) + (1 + number % PAGE_GROUP) * PAGE_BYTES;

	m->priv_size = (uint16_t)(page - (uint8_t *)(m + 1));
	m->buf_addr = page;
	rte_mbuf_iova_set(m, (rte_iova_t)(uintptr_t)page);
}

/* What rte_mempool and rte_mbuf do for all objects of a pool when it is created. `number`: of the object. */
static void make_mbuf(struct rte_mempool *pool, void *object, uint32_t number)
{
	struct rte_mempool_objhdr *header = rte_mempool_get_header(object);

	header->mp = pool;
	header->iova = (rte_iova_t)(uintptr_t)object;
	STAILQ_INSERT_TAIL(&pool->elt_list, header, next);
	rte_pktmbuf_init(pool, NULL, object, number);
	if (pool->pool_config != NULL)
		give_page(pool->pool_config, object, number);
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
	const struct eal_page_run *run = pool->pool_config;
	int added;

	for (; run != NULL && stack->count < count; stack->count++)
		stack->objects[stack->count] = page_mbuf(run, stack->count);
	if (run != NULL) {
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

uint32_t eal_page_pool_count(uint64_t pages)
{
	return (uint32_t)RTE_MIN(pages / PAGE_STRIDE * PAGE_GROUP, (uint64_t)UINT32_MAX);
}

static struct rte_mempool *create_on(const char *name, uint32_t count, struct eal_page_run *run)
{
	struct rte_pktmbuf_pool_private about = {.mbuf_data_room_size = PAGE_BYTES};
	struct rte_mempool *pool = rte_mempool_create_empty(name, count, sizeof(struct rte_mbuf), 0,
							    sizeof(about), SOCKET_ID_ANY, 0);
	size_t bytes = (size_t)run->pages * PAGE_BYTES;

	if (pool == NULL)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, stack_operations.name, run) != 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_pktmbuf_pool_init(pool, &about);
	if (rte_mempool_populate_iova(pool, (char *)run->start, (rte_iova_t)(uintptr_t)run->start, bytes,
				      NULL, NULL) == (int)count)
		return pool;
	rte_mempool_free(pool);
	return NULL;
}

struct rte_mempool *eal_page_pool(const char *name, uint32_t count, struct eal_page_run *run)
{
	uint32_t groups = (count + PAGE_GROUP - 1) / PAGE_GROUP;
	struct rte_mempool *pool;

	run->stride = PAGE_STRIDE;
	run->pages = groups * PAGE_STRIDE;
	run->start = eal_pages_map((size_t)run->pages * PAGE_BYTES);
	if (run->start == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	pool = create_on(name, count, run);
	if (pool == NULL)
		eal_pages_unmap(run->start, (size_t)run->pages * PAGE_BYTES);
	return pool;
}
