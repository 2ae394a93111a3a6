/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames out. The 12-byte header goes into the frame's headroom, so that a frame of one segment costs one
 * descriptor (virtio 1.2, section 5.1.6.2). Frames that have left are freed in bulk, when the ring is half
 * full of them.
 *
 * A frame of several segments goes through a table of descriptors where the device takes one, so that a ring
 * of 256 holds as many super-frames, and not seven of them. Most such frames have no room for a table, and
 * get an mbuf in front, which holds the header as well.
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

/* An mbuf in front of the frame, for the header and perhaps a table. Returns NULL if there is none; else
 * *packet is what to send. */
static void *add_front(struct net *net, struct rte_mbuf **packet)
{
	struct rte_mbuf *m = *packet, *front = rte_pktmbuf_alloc(net->device->pool);

	if (!front)
		return NULL;
	front->next = m;
	front->nb_segs = m->nb_segs + 1;
	front->data_len = NET_HEADER_BYTES;
	front->pkt_len = m->pkt_len + NET_HEADER_BYTES;
	*packet = front;
	return rte_pktmbuf_mtod(front, void *);
}

/* Room for the header in front of the frame: its headroom, or an mbuf of its own where that is too small or
 * shared with another frame, or where the frame's table finds no room without. Returns NULL if there is none;
 * else *packet is what to send. */
static void *add_header(struct net *net, struct rte_mbuf **packet, uint16_t room)
{
	struct rte_mbuf *m = *packet;
	bool in_headroom =
	    RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 && rte_pktmbuf_headroom(m) >= NET_HEADER_BYTES;
	void *place;

	if (likely(in_headroom && (!net->tx.indirect || ring_entries(&net->tx, m) == 1)))
		return rte_pktmbuf_prepend(m, NET_HEADER_BYTES);
	place = add_front(net, packet);
	if (!place && in_headroom && m->nb_segs <= room)
		place = rte_pktmbuf_prepend(m, NET_HEADER_BYTES);
	return place;
}

/* Descriptors that a frame can take, with its header. */
static uint16_t entries_at_most(const struct ring *ring, const struct rte_mbuf *m)
{
	bool table = ring->indirect && m->nb_segs < RTE_MIN(ring->size, RING_TABLE_MAX);

	return table ? 1 : m->nb_segs + 1;
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
	if (unlikely(entries_at_most(&net->tx, m) > *room))
		return false;
	if (m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG))
		offload_to_header(m, &header);
	place = add_header(net, packet, *room);
	if (unlikely(!place))
		return false;
	memcpy(place, &header, sizeof(header));
	*room -= ring_entries(&net->tx, *packet);
	return true;
}

/* Whether to look for what has left: where the ring gets short of descriptors, or the pool of buffers, of
 * which super-frames hold many. */
static bool should_collect(const struct ring *ring, struct rte_mbuf **packets, uint16_t count)
{
	uint32_t segments = 0;

	for (uint16_t i = 0; i < count; i++)
		segments += packets[i]->nb_segs;
	return ring->free < ring->size / 2 || segments > count || ring->free < 2u * count;
}

uint16_t tx_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	struct net *net = device->state;
	struct ring *ring = &net->tx;
	uint16_t ready = 0, room;

	if (unlikely(net->down))
		return 0;
	if (should_collect(ring, packets, count))
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
