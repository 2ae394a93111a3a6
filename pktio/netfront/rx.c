/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames in. The receive ring is kept full of empty mbufs, whose pages the backend copies frames into. A
 * frame may go on in further mbufs, which become its segments, and may have extra info, which takes an entry
 * of the ring, and so an mbuf that stays empty (Xen, public/io/netif.h, "Guest receive" and "Extra Info").
 *
 * Backends copy to where a page begins, and the chain wants room in front of a frame. So an mbuf's page is
 * what follows its headroom, which is on the page before, that nobody else sees. (Frames are moved nowhere
 * for it, and Linux's headroom for XDP is not asked for: setup.c says why.)
 *
 * Empty mbufs come from the pool as they are, without rte_pktmbuf_reset: what it would write is written when
 * a frame arrives.
 */
#include <string.h>
#include "pktio/offload.h"
#include "pktio/xen/events.h"
#include "pktio/xen/grants.h"
#include "net.h"

_Static_assert(sizeof(struct netif_extra_info) == sizeof(struct netif_rx_response),
	       "netif.h, \"Extra Info\"");

static void prepare(const struct net *net, struct rte_mbuf *m, const struct netif_rx_response *response)
{
	m->data_off = RTE_PKTMBUF_HEADROOM + response->offset;
	m->nb_segs = 1;
	m->port = net->device->index;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->vlan_tci = 0;
	m->tx_offload = 0;
	m->data_len = (uint16_t)response->status;
	m->pkt_len = m->data_len;
}

static bool take_offloads(struct rte_mbuf *m, const struct net_assembly *assembly)
{
	struct virtio_net_header gso = {.gso_size = assembly->gso_size};

	if (assembly->has_gso)
		gso.gso_type = assembly->gso_type == XEN_NETIF_GSO_TYPE_TCPV4 ? VIRTIO_NET_GSO_TCPV4
									      : VIRTIO_NET_GSO_TCPV6;
	if (assembly->flags & NETRXF_csum_blank)
		return offload_from_blank(m, &gso);
	if (assembly->flags & NETRXF_data_validated)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return !assembly->has_gso;
}

/* A whole frame, to be delivered unless what is said of it makes no sense. Returns NULL then. */
static struct rte_mbuf *finish(struct net *net, struct net_queue *queue)
{
	struct net_assembly assembly = queue->assembly;
	struct rte_mbuf *m = assembly.head;

	queue->assembly = (struct net_assembly){0};
	if (unlikely(assembly.refused)) {
		net_stats(net)->device_errors++;
		rte_pktmbuf_free(m);
		return NULL;
	}
	if (likely(!(assembly.flags & (NETRXF_csum_blank | NETRXF_data_validated)) && !assembly.has_gso))
		return m;
	if (take_offloads(m, &assembly))
		return m;
	net_stats(net)->device_errors++;
	rte_pktmbuf_free(m);
	return NULL;
}

/* What is wrong with a piece, or NULL. */
static const char *find_fault(const struct net_assembly *assembly, const struct netif_rx_response *response,
			      uint16_t id)
{
	uint32_t pieces = assembly->head ? assembly->head->nb_segs : 0;
	uint32_t bytes = assembly->head ? assembly->head->pkt_len : 0;

	if (response->id != id)
		return "answered with the id of another buffer";
	if (response->flags & NETRXF_gso_prefix)
		return "sent a prefix, which was not agreed on";
	if (assembly->begun && (response->flags & NETRXF_extra_info))
		return "sent extra info in the middle of a frame";
	if (response->status < 0)
		return NULL;
	if (response->status == 0)
		return "left a buffer of a frame empty";
	if ((uint32_t)response->offset + (uint32_t)response->status > XEN_PAGE_BYTES)
		return "wrote more than a page";
	if (pieces == NET_PIECES_MAX || bytes + (uint32_t)response->status > NET_FRAME_BYTES_MAX)
		return "sent a frame that is too long";
	return NULL;
}

static void append(struct net_assembly *assembly, struct rte_mbuf *m)
{
	if (assembly->head == NULL) {
		assembly->head = assembly->tail = m;
		return;
	}
	assembly->tail->next = m;
	assembly->tail = m;
	assembly->head->nb_segs++;
	assembly->head->pkt_len += m->data_len;
}

/* Takes the buffer. */
static void take_piece(struct net *net, struct net_queue *queue, struct rte_mbuf *m,
		       const struct netif_rx_response *response, uint16_t id)
{
	struct net_assembly *assembly = &queue->assembly;

	queue->rx.fault = find_fault(assembly, response, id);
	if (!assembly->begun) {
		assembly->flags = response->flags;
		assembly->extra = response->flags & NETRXF_extra_info;
	}
	assembly->begun = true;
	assembly->more = response->flags & NETRXF_more_data;
	assembly->refused |= response->status < 0;
	if (unlikely(queue->rx.fault != NULL || response->status < 0)) {
		rte_pktmbuf_free(m);
		return;
	}
	prepare(net, m, response);
	append(assembly, m);
}

/* The only kind that was agreed on is GSO, once. */
static void take_extra(struct net_queue *queue, const struct netif_rx_response *response)
{
	struct net_assembly *assembly = &queue->assembly;
	struct netif_extra_info extra;

	memcpy(&extra, response, sizeof(extra));
	if (extra.type != XEN_NETIF_EXTRA_TYPE_GSO || assembly->has_gso ||
	    (extra.u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 && extra.u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)) {
		queue->rx.fault = "sent extra info that was not agreed on";
		return;
	}
	assembly->has_gso = true;
	assembly->gso_type = extra.u.gso.type;
	assembly->gso_size = extra.u.gso.size;
	assembly->extra = extra.flags & XEN_NETIF_EXTRA_FLAG_MORE;
}

/* One answer. Returns a frame if it is whole now, else NULL. */
static struct rte_mbuf *take_answer(struct net *net, struct net_queue *queue)
{
	struct rx_ring *ring = &queue->rx;
	uint16_t id = ring->front.rsp_cons & (RING_ENTRIES - 1);
	struct rte_mbuf *m = ring->slots[id];
	struct netif_rx_response response;

	RING_COPY_RESPONSE(&ring->front, ring->front.rsp_cons, &response);
	ring->slots[id] = NULL;
	ring->front.rsp_cons++;
	if (unlikely(queue->assembly.extra)) {
		take_extra(queue, &response);
		rte_pktmbuf_free(m);
	} else {
		take_piece(net, queue, m, &response, id);
	}
	if (unlikely(ring->fault != NULL || queue->assembly.extra || queue->assembly.more))
		return NULL;
	return finish(net, queue);
}

/* Prefetches what take_answer() and the first stage of the chain touch. */
static void prefetch(const struct rx_ring *ring, uint32_t count)
{
	for (uint32_t i = 0; i < RTE_MIN(count, (uint32_t)NET_BATCH); i++) {
		struct rte_mbuf *m = ring->slots[(ring->front.rsp_cons + i) & (RING_ENTRIES - 1)];

		rte_prefetch0(m);
		rte_prefetch0(&m->cacheline1);
	}
}

/* Once the backend has shown a fault, nothing more of what it says is believed. */
static uint16_t receive_queue(struct net *net, struct net_queue *queue, struct rte_mbuf **packets,
			      uint16_t max)
{
	uint32_t ready = rx_ring_ready(&queue->rx);
	uint16_t count = 0;

	if (ready == 0) {
		if (queue->assembly.begun && ++queue->assembly.polls > NET_STALL_POLLS)
			queue->rx.fault = "never finished a frame";
		return 0;
	}
	prefetch(&queue->rx, ready);
	for (; ready > 0 && count < max && queue->rx.fault == NULL; ready--) {
		struct rte_mbuf *m = take_answer(net, queue);

		if (m != NULL)
			packets[count++] = m;
	}
	return count;
}

static void put_request(const struct net *net, struct rx_ring *ring, struct rte_mbuf *m)
{
	uint16_t id = ring->front.req_prod_pvt & (RING_ENTRIES - 1);

	ring->slots[id] = m;
	*RING_GET_REQUEST(&ring->front, ring->front.req_prod_pvt) = (struct netif_rx_request){
	    .id = id,
	    .gref = net->pool_reference + grants_page(m),
	};
	ring->front.req_prod_pvt++;
}

/* Until no more than `leave` requests are missing. */
static void refill(struct net *net, struct net_queue *queue, uint32_t leave)
{
	struct rx_ring *ring = &queue->rx;
	struct rte_mbuf *empty[NET_BATCH];
	uint16_t batch = net->refill;
	bool added = false;

	while (ring->size - rx_ring_out(ring) >= leave + batch) {
		if (unlikely(rte_mempool_get_bulk(net->device->pool, (void **)empty, batch))) {
			net_stats(net)->rx_no_buffer++;
			/* A backend without any buffer must at least get the last ones. */
			if (rx_ring_out(ring) > 0 || batch == 1)
				break;
			batch = 1;
			continue;
		}
		for (uint16_t i = 0; i < batch; i++)
			put_request(net, ring, empty[i]);
		added = true;
	}
	if (!added || !rx_ring_push(ring))
		return;
	net_stats(net)->notifications++;
	events_send(queue->rx_port);
}

void netfront_offer_first(struct net *net, struct net_queue *queue)
{
	refill(net, queue, queue->rx.size - RTE_MIN(queue->rx.size, (uint16_t)NET_FIRST_BUFFERS));
}

uint16_t netfront_receive(struct device *device, struct rte_mbuf **packets, uint16_t max)
{
	struct net *net = device->state;
	uint16_t count = 0;

	for (uint16_t i = 0; i < net->queues && count < max; i++)
		count += receive_queue(net, &net->queue[i], packets + count, max - count);
	/* A quiet port must not sit on sent super-frames, whose buffers the others' rings wait for. */
	if (!count)
		netfront_collect(net);
	if (net->frames < NET_FORGIVE_AFTER)
		net->frames += count;
	if (netfront_check(net))
		for (uint16_t i = 0; i < net->queues; i++)
			refill(net, &net->queue[i], 0);
	return count;
}
