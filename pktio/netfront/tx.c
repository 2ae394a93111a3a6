/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames out. Each segment of a frame takes one entry of the ring, in which its page's grant and its place in
 * the page are; a super-frame takes another one, for extra info. Frames that have left are freed in bulk,
 * when the ring is half full of them. (Xen, public/io/netif.h, "Guest transmit" and "Extra Info".)
 *
 * Backends see the pages that follow the mbufs' headroom. A frame that begins in its headroom, because it
 * grew on its way, is moved by as much. Backends take at least 18 pieces of a frame, and may refuse more. A
 * frame that has more, or that can't be moved, is copied.
 *
 * With several queues, all frames of a flow go through one, so that they stay in order.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include "pktio/offload.h"
#include "pktio/xen/events.h"
#include "pktio/xen/grants.h"
#include "net.h"

/* Believes the backend that it is done with a request, if it can be. Returns the frame that has left with it,
 * or NULL. */
static struct rte_mbuf *take_answer(struct net *net, struct tx_ring *ring)
{
	struct netif_tx_response response;
	struct tx_slot *slot, *first;
	struct rte_mbuf *packet;

	RING_COPY_RESPONSE(&ring->front, ring->front.rsp_cons, &response);
	if (response.status == NETIF_RSP_NULL && ring->extras > 0) {
		ring->extras--;
		ring->front.rsp_cons++;
		return NULL;
	}
	slot = &ring->slots[response.id % RING_ENTRIES];
	if (unlikely(response.id >= RING_ENTRIES || !slot->out || response.status == NETIF_RSP_NULL)) {
		ring->fault = "answered for a frame that it does not have";
		return NULL;
	}
	ring->front.rsp_cons++;
	slot->out = false;
	first = &ring->slots[slot->first];
	if (unlikely(response.status != NETIF_RSP_OKAY)) {
		net_stats(net)->device_errors++;
		if (first->packet == NULL) /* a group that it does not let through */
			net->floods = net->watch.fired = true;
	}
	if (--first->pieces > 0)
		return NULL;
	packet = first->packet;
	first->packet = NULL;
	ring->slots[first->last].next = ring->free_slot;
	ring->free_slot = slot->first;
	ring->free_slots += first->count;
	return packet;
}

static void collect(struct net *net, struct tx_ring *ring)
{
	struct rte_mbuf *sent[NET_BATCH];
	uint32_t ready = tx_ring_ready(ring);

	while (ready > 0 && ring->fault == NULL) {
		uint32_t count = 0;

		for (; ready > 0 && count < NET_BATCH && ring->fault == NULL; ready--) {
			sent[count] = take_answer(net, ring);
			count += sent[count] != NULL;
		}
		rte_pktmbuf_free_bulk(sent, count);
	}
}

void netfront_collect(struct net *net)
{
	for (uint16_t i = 0; i < net->queues; i++)
		collect(net, &net->queue[i].tx);
}

/* Moves a segment to its granted page. Returns false where it is longer, or not ours alone. */
static bool move_to_page(struct rte_mbuf *m)
{
	const void *from = rte_pktmbuf_mtod(m, void *);

	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1 || m->data_len > XEN_PAGE_BYTES ||
	    m->buf_len != RTE_PKTMBUF_HEADROOM + XEN_PAGE_BYTES)
		return false;
	m->data_off = RTE_PKTMBUF_HEADROOM;
	memmove(rte_pktmbuf_mtod(m, void *), from, m->data_len);
	return grants_cover(rte_pktmbuf_mtod(m, void *), m->data_len);
}

/* Entries that a frame's data takes; 0: it can't be sent as it is. */
static uint16_t count_pieces(const struct net *net, struct rte_mbuf *m)
{
	uint16_t pieces = 0;

	for (; m != NULL; m = m->next) {
		if (m->data_len == 0)
			continue;
		if (unlikely(!grants_cover(rte_pktmbuf_mtod(m, void *), m->data_len)) && !move_to_page(m))
			return 0;
		pieces++;
	}
	return pieces <= net->pieces_max ? pieces : 0;
}

/* The same frame in as few pages as it fits. Returns NULL if there are none; the frame is the caller's. */
static struct rte_mbuf *copy(const struct net *net, const struct rte_mbuf *m)
{
	struct rte_mbuf *head = NULL, *tail = NULL;

	for (uint32_t done = 0; done < m->pkt_len; done += tail->data_len) {
		struct rte_mbuf *page = rte_pktmbuf_alloc(net->device->pool);
		const void *bytes;

		if (page == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		page->data_len = (uint16_t)RTE_MIN(m->pkt_len - done, (uint32_t)XEN_PAGE_BYTES);
		bytes = rte_pktmbuf_read(m, done, page->data_len, rte_pktmbuf_mtod(page, void *));
		if (bytes != rte_pktmbuf_mtod(page, void *))
			memcpy(rte_pktmbuf_mtod(page, void *), bytes, page->data_len);
		if (head == NULL)
			head = page;
		else
			tail->next = page;
		tail = page;
		head->nb_segs += page != head;
	}
	head->pkt_len = m->pkt_len;
	head->ol_flags = m->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	head->tx_offload = m->tx_offload;
	return head;
}

static uint16_t take_slot(struct tx_ring *ring)
{
	uint16_t slot = ring->free_slot;

	ring->free_slot = ring->slots[slot].next;
	ring->free_slots--;
	ring->slots[slot].out = true;
	return slot;
}

static void put_extra(struct tx_ring *ring, const struct netif_extra_info *extra)
{
	memcpy(RING_GET_REQUEST(&ring->front, ring->front.req_prod_pvt), extra, sizeof(*extra));
	ring->front.req_prod_pvt++;
	ring->extras++;
}

static void put_gso(struct tx_ring *ring, const struct virtio_net_header *header)
{
	const struct netif_extra_info extra = {
	    .type = XEN_NETIF_EXTRA_TYPE_GSO,
	    .u.gso.size = header->gso_size,
	    .u.gso.type = header->gso_type == VIRTIO_NET_GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
								   : XEN_NETIF_GSO_TYPE_TCPV6,
	};

	put_extra(ring, &extra);
}

/* One segment. The first piece of a frame says how long the whole frame is. */
static void put_piece(const struct net *net, struct tx_ring *ring, const struct rte_mbuf *segment,
		      uint32_t size, uint16_t flags)
{
	uintptr_t data = rte_pktmbuf_mtod(segment, uintptr_t);
	uint16_t id = take_slot(ring);

	*RING_GET_REQUEST(&ring->front, ring->front.req_prod_pvt) = (struct netif_tx_request){
	    .gref = net->pool_reference + grants_page((void *)data),
	    .offset = data % XEN_PAGE_BYTES,
	    .flags = flags,
	    .id = id,
	    .size = (uint16_t)size,
	};
	ring->front.req_prod_pvt++;
}

/* Takes the frame, which has so many pieces. */
static void put_frame(const struct net *net, struct tx_ring *ring, struct rte_mbuf *m, uint16_t pieces)
{
	struct virtio_net_header header = {0};
	uint16_t first = ring->free_slot, last = first, flags = 0, left = pieces;
	struct rte_mbuf *segment = m;

	if (m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG))
		offload_to_header(m, &header);
	if (header.flags & VIRTIO_NET_NEEDS_CSUM)
		flags |= NETTXF_csum_blank | NETTXF_data_validated;
	if (header.gso_type != VIRTIO_NET_GSO_NONE)
		flags |= NETTXF_extra_info;
	for (; left > 0; segment = segment->next) {
		if (segment->data_len == 0)
			continue;
		left--;
		last = ring->free_slot;
		ring->slots[last].first = first;
		put_piece(net, ring, segment, last == first ? m->pkt_len : segment->data_len,
			  flags | (left > 0 ? NETTXF_more_data : 0));
		if (flags & NETTXF_extra_info)
			put_gso(ring, &header);
		flags = 0;
	}
	ring->slots[first].packet = m;
	ring->slots[first].pieces = ring->slots[first].count = pieces;
	ring->slots[first].last = last;
}

/* Makes a frame one that can be sent. Returns the entries of its data; 0: there is no buffer for a copy. */
static uint16_t make_sendable(const struct net *net, struct rte_mbuf **packet)
{
	uint16_t pieces = count_pieces(net, *packet);
	struct rte_mbuf *whole;

	if (likely(pieces > 0))
		return pieces;
	whole = copy(net, *packet);
	if (whole == NULL)
		return 0;
	rte_pktmbuf_free(*packet);
	*packet = whole;
	return whole->nb_segs;
}

/* Whether the backend takes frames of this length, copied or not. */
static bool has_size(const struct net *net, const struct rte_mbuf *m)
{
	return m->pkt_len > 0 && m->pkt_len <= XEN_NETIF_MAX_TX_SIZE &&
	       m->pkt_len <= (uint32_t)net->pieces_max * XEN_PAGE_BYTES;
}

/* Returns false, and leaves the frame to the caller, if there is no room for it. */
static bool send_frame(struct net *net, struct net_queue *queue, struct rte_mbuf **packet)
{
	struct tx_ring *ring = &queue->tx;
	uint16_t pieces;

	if (unlikely(!has_size(net, *packet))) {
		net_stats(net)->device_errors++;
		rte_pktmbuf_free(*packet);
		return true;
	}
	pieces = make_sendable(net, packet);
	if (unlikely(pieces == 0 || pieces + 1u > tx_ring_free(ring) || pieces > ring->free_slots))
		return false;
	put_frame(net, ring, *packet, pieces);
	queue->touched = true;
	return true;
}

static uint32_t sum_words(const struct rte_mbuf *m, uint32_t offset, uint32_t bytes)
{
	uint32_t words[8], sum = 0;
	const uint8_t *from;

	from = rte_pktmbuf_read(m, offset, bytes, words);
	if (from == NULL)
		return 0;
	if (from != (const uint8_t *)words)
		memcpy(words, from, bytes);
	for (uint32_t i = 0; i < bytes / sizeof(words[0]); i++)
		sum ^= words[i];
	return sum;
}

/* The same for all frames of a flow, its fragments included: from the addresses. */
static uint32_t flow_sum(const struct rte_mbuf *m)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t l3 = sizeof(struct rte_ether_hdr), sum;
	uint16_t type;

	if (m->data_len < l3 + sizeof(struct rte_vlan_hdr))
		return 0;
	type = bytes[l3 - 2] << 8 | bytes[l3 - 1];
	if (type == RTE_ETHER_TYPE_VLAN) {
		l3 += sizeof(struct rte_vlan_hdr);
		type = bytes[l3 - 2] << 8 | bytes[l3 - 1];
	}
	if (type == RTE_ETHER_TYPE_IPV6)
		sum = sum_words(m, l3 + offsetof(struct rte_ipv6_hdr, src_addr), 32);
	else if (type == RTE_ETHER_TYPE_IPV4)
		sum = sum_words(m, l3 + offsetof(struct rte_ipv4_hdr, src_addr), 8);
	else
		return 0;
	return sum * 0x9e3779b1u; /* Knuth's multiplicative hash: all bits count in the highest ones */
}

static struct net_queue *choose_queue(struct net *net, const struct rte_mbuf *m)
{
	if (likely(net->queues == 1))
		return &net->queue[0];
	return &net->queue[(uint64_t)flow_sum(m) * net->queues >> 32];
}

/* Whether to look for what has left: where a ring gets short of entries, or the pool of buffers, of which
 * super-frames hold many. */
static bool should_collect(const struct net *net, struct rte_mbuf **packets, uint16_t count)
{
	uint32_t segments = 0;

	for (uint16_t i = 0; i < count; i++)
		segments += packets[i]->nb_segs;
	for (uint16_t i = 0; i < net->queues; i++)
		if (tx_ring_free(&net->queue[i].tx) < RING_ENTRIES / 2)
			return true;
	return segments > count;
}

/* Shows the backend what was put into a ring, and tells it, if it wants to know. */
static void push(struct net *net, struct net_queue *queue)
{
	queue->touched = false;
	if (!tx_ring_push(&queue->tx))
		return;
	net_stats(net)->notifications++;
	events_send(queue->tx_port);
}

void netfront_send_extra(struct net *net, const struct netif_extra_info *extra)
{
	struct tx_ring *ring = &net->queue[0].tx;
	uint16_t id = take_slot(ring);

	ring->slots[id].first = ring->slots[id].last = id;
	ring->slots[id].pieces = ring->slots[id].count = 1;
	ring->slots[id].packet = NULL;
	*RING_GET_REQUEST(&ring->front, ring->front.req_prod_pvt) =
	    (struct netif_tx_request){.id = id, .flags = NETTXF_extra_info};
	ring->front.req_prod_pvt++;
	put_extra(ring, extra);
	push(net, &net->queue[0]);
}

uint16_t netfront_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	struct net *net = device->state;
	uint16_t sent = 0;

	if (should_collect(net, packets, count))
		netfront_collect(net);
	if (unlikely(!netfront_check(net) || net->phase != PHASE_CONNECTED))
		return 0;
	while (sent < count && send_frame(net, choose_queue(net, packets[sent]), &packets[sent]))
		sent++;
	for (uint16_t i = 0; i < net->queues; i++)
		if (net->queue[i].touched)
			push(net, &net->queue[i]);
	return sent;
}
