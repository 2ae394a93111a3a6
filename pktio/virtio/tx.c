/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames out. The 12-byte header goes into the frame's headroom, so that a frame of one segment costs one
 * descriptor (virtio 1.2, section 5.1.6.2). Frames that have left are freed in bulk, when the ring is half
 * full of them.
 *
 * Indirect descriptors are not used: for a frame of one segment they cost a table more, and a ring of 256
 * holds seven super-frames of the largest kind without them.
 */
#include <string.h>
#include "net.h"

/* Frees what the device has sent. */
void tx_collect(struct net *net)
{
	struct completion done[NET_BATCH];
	struct rte_mbuf *sent[NET_BATCH];
	uint16_t count;

	do {
		count = net->tx.operations->collect(&net->tx, done, NET_BATCH);
		for (uint16_t i = 0; i < count; i++)
			sent[i] = done[i].packet;
		rte_pktmbuf_free_bulk(sent, count);
	} while (count == NET_BATCH);
}

/* Devices take no descriptor of length 0 (section 2.7.4.3.1 lets them refuse); a trimmed frame can have such
 * a segment. */
static void unlink_empty_segments(struct rte_mbuf *m)
{
	struct rte_mbuf *last = m;

	while (last->next) {
		struct rte_mbuf *segment = last->next;

		if (segment->data_len) {
			last = segment;
			continue;
		}
		last->next = segment->next;
		m->nb_segs--;
		segment->next = NULL;
		rte_pktmbuf_free_seg(segment);
	}
}

/* Room for the header in front of the frame: its headroom, or an mbuf of its own where that is too small or
 * shared with another frame. Returns NULL if there is no such mbuf; else *packet is what to send. */
static void *add_header(struct net *net, struct rte_mbuf **packet)
{
	struct rte_mbuf *m = *packet, *front;

	if (likely(RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
		   rte_pktmbuf_headroom(m) >= NET_HEADER_BYTES))
		return rte_pktmbuf_prepend(m, NET_HEADER_BYTES);
	front = rte_pktmbuf_alloc(net->device->pool);
	if (!front)
		return NULL;
	front->next = m;
	front->nb_segs = m->nb_segs + 1;
	front->data_len = NET_HEADER_BYTES;
	front->pkt_len = m->pkt_len + NET_HEADER_BYTES;
	*packet = front;
	return rte_pktmbuf_mtod(front, void *);
}

/* Makes a frame ready for the ring. Returns false, and leaves the frame as it was, if there is no room for
 * it. */
static bool prepare(struct net *net, struct rte_mbuf **packet, uint16_t *room)
{
	struct virtio_net_header header = {0};
	struct rte_mbuf *m = *packet;
	void *place;

	if (unlikely(m->nb_segs > 1))
		unlink_empty_segments(m);
	if (unlikely(m->nb_segs + 1 > *room))
		return false;
	if (m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG))
		offload_to_header(m, &header);
	place = add_header(net, packet);
	if (unlikely(!place))
		return false;
	memcpy(place, &header, sizeof(header));
	*room -= (*packet)->nb_segs;
	return true;
}

static uint32_t descriptors_needed(struct rte_mbuf **packets, uint16_t count)
{
	uint32_t needed = 0;

	for (uint16_t i = 0; i < count; i++)
		needed += packets[i]->nb_segs + 1u;
	return needed;
}

uint16_t tx_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	struct net *net = device->state;
	struct ring *ring = &net->tx;
	uint16_t ready = 0, room;

	if (unlikely(net->down))
		return 0;
	if (ring->free < ring->size / 2 || ring->free < descriptors_needed(packets, count))
		tx_collect(net);
	if (unlikely(!net_check(net)))
		return 0;
	room = ring->free;
	while (ready < count && prepare(net, &packets[ready], &room))
		ready++;
	if (!ready)
		return 0;
	ring->operations->send(ring, packets, ready);
	net_notify(net, ring);
	return ready;
}
