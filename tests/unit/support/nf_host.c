/* SPDX-License-Identifier: Apache-2.0
 *
 * The fake host of the network functions' tests; see nf_host.h.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_mempool.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/stats.h"
#include "nf_host.h"
#include "watched_pool.h"

enum { POOL_MBUFS = 1023, RULES_MAX = 512 };

struct nf_host nf_host;
struct stats_page stats;
struct rule_stats rule_stats[RULES_MAX];
uint64_t host_now_ns;
struct rte_mempool *host_packet_pool, *host_indirect_pool;
static uint64_t random_state;

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

uint64_t host_wall_ns(void)
{
	return nf_host.wall_offset_ns ? host_now_ns + nf_host.wall_offset_ns : 0;
}

bool host_takes_super_frames(void)
{
	return nf_host.takes_super_frames;
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

static void *shared[8];
static uint32_t shared_count;

void *host_shared_memory(size_t bytes)
{
	void **memory = &shared[shared_count];

	assert(shared_count < RTE_DIM(shared));
	if (posix_memalign(memory, RTE_CACHE_LINE_SIZE, bytes) != 0)
		return NULL;
	shared_count++;
	return memset(*memory, 0xa5, bytes); /* as it may be found */
}

/* What the last world had: its tables are gone. */
static void forget_shared_memory(void)
{
	while (shared_count)
		free(shared[--shared_count]);
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
		host_packet_pool = watched_pool("packets", POOL_MBUFS, 2048);
		host_indirect_pool = watched_pool("indirect", POOL_MBUFS, 0);
	}
	if (host_now_ns)
		assert(nf_host_settles());
	random_state = 1;
	host_now_ns = (uint64_t)1000 * SECOND;
	nf_host_forget();
	forget_shared_memory();
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
