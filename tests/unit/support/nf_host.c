/* SPDX-License-Identifier: Apache-2.0
 *
 * The fake host of the network functions' tests; see nf_host.h. Its mempools hand out mbufs last in, first
 * out, and poison each mbuf while it is free, so that a touch after packet_drop is an AddressSanitizer
 * report.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>
#include <sanitizer/asan_interface.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/stats.h"
#include "nf_host.h"

enum { POOL_MBUFS = 1023, RULES_MAX = 256 };

struct nf_host nf_host;
struct stats_page stats;
struct rule_stats rule_stats[RULES_MAX];
uint64_t host_now_ns;
struct rte_mempool *host_packet_pool, *host_indirect_pool;
static uint64_t random_state;

const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

/* Pools keep what they own in pages that LeakSanitizer doesn't look at. */
const char *__lsan_default_suppressions(void)
{
	return "leak:rte_mempool_populate\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

struct stack {
	uint32_t count;
	bool watched; /* from when the pool has written into all of its objects */
	void *objects[];
};

static int stack_alloc(struct rte_mempool *pool)
{
	pool->pool_data = calloc(1, sizeof(struct stack) + pool->size * sizeof(void *));
	return pool->pool_data ? 0 : -1;
}

static void stack_free(struct rte_mempool *pool)
{
	free(pool->pool_data);
}

static int stack_put(struct rte_mempool *pool, void *const *objects, unsigned int count)
{
	struct stack *stack = pool->pool_data;

	for (unsigned int i = 0; i < count; i++) {
		if (stack->watched)
			ASAN_POISON_MEMORY_REGION(objects[i], pool->elt_size);
		stack->objects[stack->count++] = objects[i];
	}
	return 0;
}

static int stack_get(struct rte_mempool *pool, void **objects, unsigned int count)
{
	struct stack *stack = pool->pool_data;

	if (count > stack->count)
		return -1;
	for (unsigned int i = 0; i < count; i++) {
		objects[i] = stack->objects[--stack->count];
		ASAN_UNPOISON_MEMORY_REGION(objects[i], pool->elt_size);
	}
	return 0;
}

static unsigned int stack_count(const struct rte_mempool *pool)
{
	return ((struct stack *)pool->pool_data)->count;
}

static const struct rte_mempool_ops watched_ops = {
    .name = "watched",
    .alloc = stack_alloc,
    .free = stack_free,
    .enqueue = stack_put,
    .dequeue = stack_get,
    .get_count = stack_count,
};
RTE_MEMPOOL_REGISTER_OPS(watched_ops)

static struct rte_mempool *make_pool(const char *name, uint16_t room)
{
	struct stack *stack;
	struct rte_mempool *pool =
	    rte_pktmbuf_pool_create_by_ops(name, POOL_MBUFS, 0, 0, room, SOCKET_ID_ANY, "watched");

	assert(pool);
	stack = pool->pool_data;
	stack->watched = true;
	for (uint32_t i = 0; i < stack->count; i++)
		ASAN_POISON_MEMORY_REGION(stack->objects[i], pool->elt_size);
	return pool;
}

uint16_t host_transmit(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t taken = 0;

	assert(device < device_count);
	while (taken < count && nf_host.room[device] && nf_host.sent_count < SENT_MAX) {
		nf_host.sent[nf_host.sent_count++] = (struct sent_packet){device, packets[taken++]};
		nf_host.room[device]--;
	}
	return taken;
}

bool host_link_is_up(uint16_t device)
{
	return nf_host.link_up[device];
}

const uint8_t *host_mac_address(uint16_t device)
{
	return port_configs[device].mac;
}

uint64_t host_random(void)
{
	/* splitmix64: repeatable is all that tests need. */
	uint64_t z = (random_state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void host_log(const char *line)
{
	if (nf_host.logged_count < LOGGED_MAX)
		snprintf(nf_host.logged[nf_host.logged_count++], sizeof(nf_host.logged[0]), "%s", line);
}

void nf_host_forget(void)
{
	for (uint32_t i = 0; i < nf_host.sent_count; i++)
		rte_pktmbuf_free(nf_host.sent[i].packet);
	nf_host.sent_count = 0;
	nf_host.logged_count = 0;
	for (uint32_t i = 0; i < 64; i++) {
		nf_host.link_up[i] = true;
		nf_host.room[i] = UINT16_MAX;
	}
}

void nf_host_run(uint64_t nanoseconds)
{
	uint64_t end = host_now_ns + nanoseconds;

	for (;;) {
		uint64_t next = appliance_tick();

		if (next > end)
			break;
		if (next > host_now_ns)
			host_now_ns = next;
	}
	host_now_ns = end;
}

void nf_host_start(void)
{
	if (!host_packet_pool) {
		host_packet_pool = make_pool("packets", 2048 + RTE_PKTMBUF_HEADROOM);
		host_indirect_pool = make_pool("indirect", 0);
	}
	if (host_now_ns)
		assert(nf_host_settles());
	random_state = 1;
	host_now_ns = (uint64_t)1000 * SECOND;
	nf_host_forget();
	if (appliance_init())
		abort();
	nf_host_run((uint64_t)10 * SECOND);
	nf_host_forget();
	memset(&stats, 0, sizeof(stats));
	memset(rule_stats, 0, sizeof(rule_stats));
}

static void append(struct rte_mbuf *segment, const uint8_t *bytes, uint16_t count)
{
	char *tail = rte_pktmbuf_append(segment, count);

	assert(tail);
	memcpy(tail, bytes, count);
}

struct rte_mbuf *nf_host_frame(const void *bytes, size_t count, uint16_t segment)
{
	struct rte_mbuf *head = NULL;
	size_t done = 0;

	if (segment == 0)
		segment = 2048;
	do {
		uint16_t piece = RTE_MIN((size_t)segment, count - done);
		struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);

		assert(m);
		append(m, (const uint8_t *)bytes + done, piece);
		done += piece;
		if (!head)
			head = m;
		else
			assert(rte_pktmbuf_chain(head, m) == 0);
	} while (done < count);
	return head;
}

void nf_host_receive(uint16_t device, const void *bytes, size_t count)
{
	struct rte_mbuf *m = nf_host_frame(bytes, count, 0);

	m->port = device;
	appliance_chain(device, &m, 1);
}

const uint8_t *nf_host_sent_bytes(uint32_t index, uint32_t *count)
{
	static uint8_t copy[65536 + 64];
	struct rte_mbuf *m;

	assert(index < nf_host.sent_count);
	m = nf_host.sent[index].packet;
	*count = m->pkt_len;
	assert(m->pkt_len <= sizeof(copy));
	return rte_pktmbuf_read(m, 0, m->pkt_len, copy);
}

/* Answers of the appliance that wait for an address are in use too, and not counted: so this is a lower
 * bound. */
static bool pools_balance(void)
{
	uint32_t out = 0;

	for (uint32_t i = 0; i < nf_host.sent_count; i++)
		out += nf_host.sent[i].packet->nb_segs;
	return rte_mempool_in_use_count(host_packet_pool) + rte_mempool_in_use_count(host_indirect_pool) >=
	       out + stats.held;
}

bool nf_host_settles(void)
{
	nf_host_forget();
	nf_host_run((uint64_t)60 * SECOND);
	if (!nf_host_books_balance())
		return false;
	nf_host_forget();
	return stats.held == 0 && rte_mempool_full(host_packet_pool) && rte_mempool_full(host_indirect_pool);
}

bool nf_host_books_balance(void)
{
	uint64_t in = 0, out = 0, ended = stats.forwarded + stats.consumed + stats.held;

	for (uint16_t i = 0; i < port_count; i++) {
		in += stats.port[i].rx_packets;
		out += stats.port[i].tx_packets;
	}
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		ended += stats.dropped[i];
	if (in != ended)
		fprintf(stderr, "books: %lu packets came in, %lu ended or wait\n", in, ended);
	if (out != stats.forwarded - stats.fragmented + stats.fragments + stats.originated)
		fprintf(
		    stderr,
		    "books: %lu packets left; forwarded %lu, fragmented %lu, fragments %lu, originated %lu\n",
		    out, stats.forwarded, stats.fragmented, stats.fragments, stats.originated);
	if (!pools_balance())
		fprintf(stderr, "books: mbufs in use %u and %u, held %lu\n",
			rte_mempool_in_use_count(host_packet_pool),
			rte_mempool_in_use_count(host_indirect_pool), stats.held);
	return in == ended &&
	       out == stats.forwarded - stats.fragmented + stats.fragments + stats.originated &&
	       pools_balance();
}
