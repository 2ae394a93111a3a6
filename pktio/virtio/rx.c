/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames in. The receive ring is kept full of empty mbufs; the device writes a 12-byte header into each
 * frame's headroom, just before where the frame starts. With mergeable buffers a frame may go on in further
 * mbufs, which become its segments (virtio 1.2, section 5.1.6.4).
 *
 * Empty mbufs come from the pool as they are, without rte_pktmbuf_reset: what it would write is written when
 * a frame arrives, on cache lines that are needed then anyway.
 */
#include "pktio/replay.h"
#include "net.h"

enum { FRAME_BYTES_MAX = NET_FRAME_BYTES_MAX + sizeof(struct replay_header) /* which a replay adds */ };

static void prepare(const struct net *net, struct rte_mbuf *m, uint32_t header, uint32_t bytes)
{
	m->data_off = (uint16_t)(RTE_PKTMBUF_HEADROOM - NET_HEADER_BYTES + header);
	m->nb_segs = 1;
	m->port = net->device->index;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->vlan_tci = 0;
	m->tx_offload = 0;
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
}

/* Whether the header speaks only of what was negotiated (section 5.1.6.4.1). */
static bool header_is_allowed(const struct net *net, const struct virtio_net_header *header)
{
	bool ecn = header->gso_type & VIRTIO_NET_GSO_ECN;

	if (!net_has(net, FEATURE_GUEST_CSUM) || (ecn && !net_has(net, FEATURE_GUEST_ECN)))
		return false;
	switch (header->gso_type & ~VIRTIO_NET_GSO_ECN) {
	case VIRTIO_NET_GSO_NONE:
		return !ecn;
	case VIRTIO_NET_GSO_TCPV4:
		return net_has(net, FEATURE_GUEST_TSO4);
	case VIRTIO_NET_GSO_TCPV6:
		return net_has(net, FEATURE_GUEST_TSO6);
	default:
		return false;
	}
}

/* A whole frame, to be delivered unless its header makes no sense. Takes the frame if it returns false. */
static bool finish(struct net *net, struct rte_mbuf *m, const struct virtio_net_header *header)
{
	if (likely(!(header->flags | header->gso_type)))
		return true;
	if (header_is_allowed(net, header) && offload_from_header(m, header))
		return true;
	net_stats(net)->device_errors++;
	rte_pktmbuf_free(m);
	return false;
}

/* The first buffer of a frame. Returns true if *packet is a whole frame now. Takes the buffer. */
static bool begin(struct net *net, const struct completion *done, struct rte_mbuf **packet)
{
	const struct virtio_net_header *written = ring_buffer(&net->rx, done->packet);
	struct virtio_net_header header = *(const volatile struct virtio_net_header *)written;
	uint16_t buffers = net_has(net, FEATURE_MRG_RXBUF) ? header.num_buffers : 1;

	prepare(net, done->packet, NET_HEADER_BYTES, done->length - NET_HEADER_BYTES);
	if (unlikely(done->length < NET_HEADER_BYTES || !buffers || buffers > net->rx.size)) {
		net->rx.fault = done->length < NET_HEADER_BYTES
				    ? "wrote less than a header"
				    : "spread a frame over an impossible number of buffers";
		rte_pktmbuf_free(done->packet);
		return false;
	}
	if (likely(buffers == 1)) {
		*packet = done->packet;
		return finish(net, done->packet, &header);
	}
	net->assembly = (struct net_assembly){
	    .head = done->packet,
	    .tail = done->packet,
	    .missing = buffers - 1,
	    .header = header,
	};
	return false;
}

/* A further buffer of a frame. Returns and takes as begin. */
static bool extend(struct net *net, const struct completion *done, struct rte_mbuf **packet)
{
	struct net_assembly *assembly = &net->assembly;
	struct rte_mbuf *head = assembly->head;

	prepare(net, done->packet, 0, done->length);
	assembly->tail->next = done->packet;
	assembly->tail = done->packet;
	head->nb_segs++;
	head->pkt_len += done->length;
	if (unlikely(!done->length || head->pkt_len > FRAME_BYTES_MAX)) {
		net->rx.fault =
		    done->length ? "sent a frame that is too long" : "left a buffer of a frame empty";
		return false;
	}
	if (--assembly->missing)
		return false;
	*packet = head;
	assembly->head = NULL;
	return finish(net, head, &assembly->header);
}

/* Prefetches what begin() and the first stage of the chain touch. */
static void prefetch(const struct net *net, const struct completion *done, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		rte_prefetch0(done[i].packet);
		rte_prefetch0(&done[i].packet->cacheline1);
		rte_prefetch0(ring_buffer(&net->rx, done[i].packet));
	}
}

/* Turns buffers into frames. Once the device has shown a fault, nothing more of what it says is believed. */
static uint16_t assemble(struct net *net, const struct completion *done, uint16_t count,
			 struct rte_mbuf **packets)
{
	uint16_t frames = 0;

	prefetch(net, done, count);
	for (uint16_t i = 0; i < count; i++) {
		if (unlikely(net->rx.fault))
			rte_pktmbuf_free(done[i].packet);
		else if (net->assembly.missing)
			frames += extend(net, &done[i], &packets[frames]);
		else
			frames += begin(net, &done[i], &packets[frames]);
	}
	return frames;
}

/* A device has to finish all buffers of a frame together (section 5.1.6.4.1); some need a moment. */
static void watch_for_stall(struct net *net)
{
	if (net->assembly.missing && ++net->assembly.polls > NET_STALL_POLLS)
		net->rx.fault = "never finished a frame";
}

uint16_t rx_receive(struct device *device, struct rte_mbuf **packets, uint16_t max)
{
	struct net *net = device->state;
	struct completion done[NET_BATCH];
	uint16_t count = 0, collected;

	if (unlikely(net->down))
		return 0;
	do {
		uint16_t wanted = RTE_MIN(max - count, NET_BATCH);

		collected = net->rx.operations->collect(&net->rx, done, wanted);
		count += assemble(net, done, collected, packets + count);
	} while (collected && count < max && !net->rx.fault);
	if (!collected)
		watch_for_stall(net);
	/* A quiet port must not sit on sent super-frames, whose buffers the others' rings wait for. */
	if (!count)
		tx_collect(net);
	if (net->frames < NET_FORGIVE_AFTER)
		net->frames += count;
	if (net_check(net))
		rx_refill(net);
	return count;
}

/* Until no more than `leave` descriptors are free. */
static void refill(struct net *net, uint16_t leave)
{
	struct ring *ring = &net->rx;
	struct rte_mbuf *empty[NET_BATCH];
	uint16_t batch = net->refill;
	bool added = false;

	while (ring->free >= leave + batch) {
		if (unlikely(rte_mempool_get_bulk(net->device->pool, (void **)empty, batch))) {
			net_stats(net)->rx_no_buffer++;
			/* A device without any buffer must at least get the last ones. */
			if (ring->in_flight || batch == 1)
				break;
			batch = 1;
			continue;
		}
		ring->operations->offer(ring, empty, batch);
		added = true;
	}
	if (added)
		net_notify(net, ring);
}

void rx_refill(struct net *net)
{
	refill(net, 0);
}

void rx_offer_first(struct net *net)
{
	refill(net, net->rx.size - RTE_MIN(net->rx.size, NET_FIRST_BUFFERS));
}
