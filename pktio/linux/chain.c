/* SPDX-License-Identifier: Apache-2.0
 *
 * Mbuf chains of a given length; see chain.h.
 */
#include "chain.h"

static uint16_t segment_take(struct rte_mbuf *segment, uint32_t wanted)
{
	segment->data_len = RTE_MIN(wanted, (uint32_t)rte_pktmbuf_tailroom(segment));
	return segment->data_len;
}

struct rte_mbuf *chain_alloc(struct rte_mempool *pool, uint32_t length)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(pool), *last = head;

	if (head == NULL)
		return NULL;
	head->pkt_len = length;
	for (length -= segment_take(head, length); length > 0; length -= segment_take(last, length)) {
		last->next = rte_pktmbuf_alloc(pool);
		last = last->next;
		if (last == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		head->nb_segs++;
	}
	return head;
}
