/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of pktio/ and boot/ring3 need of the image around them: counters, a clock, pools on the
 * mini-EAL, and a console that keeps its last line. It defines objects, so one file of a program includes it.
 */
#ifndef TESTS_IMAGE_HOST_H
#define TESTS_IMAGE_HOST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <rte_mbuf.h>
#include "nf/host.h"
#include "nf/stats.h"

enum { IMAGE_BUFFERS = 511, IMAGE_ROOM = RTE_PKTMBUF_HEADROOM + 2048 };

struct stats_page stats;
uint64_t host_now_ns;
struct rte_mempool *host_packet_pool, *host_indirect_pool;
static char last_line[512];

void host_log(const char *line)
{
	snprintf(last_line, sizeof(last_line), "%s", line);
}

/* A group's set-up. */
static inline int image_pools(void **state)
{
	(void)state;
	host_packet_pool = rte_pktmbuf_pool_create("packets", IMAGE_BUFFERS, 0, 0, IMAGE_ROOM, 0);
	host_indirect_pool = rte_pktmbuf_pool_create("indirect", IMAGE_BUFFERS, 0, 0, 0, 0);
	return host_packet_pool == NULL || host_indirect_pool == NULL;
}

static inline int image_pools_free(void **state)
{
	(void)state;
	rte_mempool_free(host_packet_pool);
	rte_mempool_free(host_indirect_pool);
	return 0;
}

/* A test's set-up and end: all buffers must have come back. */
static inline int image_begin(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	last_line[0] = '\0';
	return 0;
}

static inline int image_balanced(void **state)
{
	(void)state;
	return rte_mempool_avail_count(host_packet_pool) != IMAGE_BUFFERS ||
	       rte_mempool_avail_count(host_indirect_pool) != IMAGE_BUFFERS;
}

/* A packet with the given bytes, `segment` of them in each mbuf. */
static inline struct rte_mbuf *image_packet(const void *bytes, uint32_t length, uint16_t segment)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(host_packet_pool), *last = head;

	assert_non_null(head);
	for (uint32_t done = 0; done < length;) {
		uint16_t part = RTE_MIN((uint32_t)segment, length - done);

		if (last->data_len > 0) {
			last->next = rte_pktmbuf_alloc(host_packet_pool);
			assert_non_null(last->next);
			last = last->next;
			head->nb_segs++;
		}
		memcpy(rte_pktmbuf_mtod(last, void *), (const uint8_t *)bytes + done, part);
		last->data_len = part;
		head->pkt_len += part;
		done += part;
	}
	return head;
}

#endif
