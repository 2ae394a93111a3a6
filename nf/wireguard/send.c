/* SPDX-License-Identifier: Apache-2.0
 *
 * From packets to a tunnel's datagrams, in place and a burst at a time; see wireguard.h. A packet without a
 * session waits with its peer for one; of many, the newest are kept. Waiting packets are linked through
 * mbuf.next: they have one segment each.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <rte_ip.h>
#include "nf/checksum.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/router/icmp.h"
#include "allowed.h"
#include "datagram.h"
#include "ecn.h"
#include "messages.h"
#include "outer.h"
#include "peer.h"
#include "send.h"
#include "wireguard.h"

enum {
	WAITING_MAX = 32,     /* packets of one peer */
	WAITING_FRACTION = 8, /* of all packet buffers, for all peers together */
};

static struct waiting {
	struct rte_mbuf *first, **last;
	uint16_t count;
} * waiting; /* by peer */
static uint32_t waiting_count;

/* What wireguard_flush is to seal; `peer` and `session` are found there. */
struct sending {
	struct rte_mbuf *m;
	uint32_t peer;
	uint8_t tunnel;
	struct session *session;
};
static struct sending queued[BURST_MAX];
static uint16_t queued_count;

int send_init(void)
{
	free(waiting);
	waiting = calloc(wireguard_peer_count, sizeof(*waiting));
	waiting_count = 0;
	queued_count = 0;
	return waiting || wireguard_peer_count == 0 ? 0 : -ENOMEM;
}

/* Whether a packet stands for itself in the books of arrivals. */
static bool is_counted(struct rte_mbuf *m)
{
	uint16_t flags = packet_meta(m)->flags;
	bool later_piece = (flags & PACKET_PIECE) && (flags & PACKET_LATER_FRAGMENT);

	return !(flags & PACKET_ORIGINATED) && !later_piece;
}

static void refuse(struct rte_mbuf *m, enum drop_reason reason)
{
	if (is_counted(m))
		packet_drop(m, reason);
	else
		rte_pktmbuf_free(m);
}

static void refuse_unreachable(struct rte_mbuf *m, enum drop_reason reason)
{
	icmp_error_send(m, ICMP_ERROR_HOST_UNREACHABLE, 0);
	refuse(m, reason);
}

/* A packet has left by its tunnel's port. */
static void count_sent(struct rte_mbuf *m, uint8_t port)
{
	uint16_t flags = packet_meta(m)->flags;

	stats.port[port].tx_packets++;
	stats.port[port].tx_bytes += m->pkt_len;
	if (flags & PACKET_ORIGINATED)
		stats.originated++;
	else if (is_counted(m))
		stats.forwarded++;
	if (flags & PACKET_ORIGINATED || !(flags & PACKET_PIECE))
		return;
	stats.fragmented += is_counted(m);
	stats.fragments++;
}

static struct rte_mbuf *dequeue(struct waiting *queue)
{
	struct rte_mbuf *m = queue->first;

	queue->first = m->next;
	m->next = NULL;
	queue->count--;
	waiting_count--;
	stats.held -= is_counted(m);
	return m;
}

static void wait_for_session(struct rte_mbuf *m, uint32_t peer)
{
	struct waiting *queue = &waiting[peer];

	if (queue->count == WAITING_MAX)
		refuse(dequeue(queue), DROP_WG_NO_SESSION);
	if (waiting_count >= host_packet_pool->size / WAITING_FRACTION) {
		refuse(m, DROP_WG_NO_SESSION);
		return;
	}
	if (queue->count == 0)
		queue->last = &queue->first;
	*queue->last = m;
	queue->last = &m->next;
	queue->count++;
	waiting_count++;
	stats.held += is_counted(m);
}

static void enqueue(struct rte_mbuf *m, uint8_t tunnel)
{
	queued[queued_count++] = (struct sending){.m = m, .tunnel = tunnel};
	if (queued_count == BURST_MAX)
		wireguard_flush();
}

bool wireguard_session_ready(uint32_t peer)
{
	struct waiting *queue = &waiting[peer];
	bool any = queue->count > 0;

	while (queue->count > 0 && peer_sending_session(&peers[peer]))
		enqueue(dequeue(queue), peers[peer].tunnel);
	wireguard_flush();
	return any;
}

void wireguard_session_failed(uint32_t peer)
{
	while (waiting[peer].count > 0)
		refuse(dequeue(&waiting[peer]), DROP_WG_NO_SESSION);
}

bool wireguard_packets_wait(uint32_t peer)
{
	return waiting[peer].count > 0;
}

static uint8_t tunnel_of(uint8_t port)
{
	uint8_t tunnel = 0;

	while (wireguard_tunnels[tunnel].port != port)
		tunnel++;
	return tunnel;
}

static uint32_t peer_for(struct rte_mbuf *m, uint8_t tunnel)
{
	const void *packet = rte_pktmbuf_mtod(m, const void *);

	if (packet_meta(m)->flags & PACKET_IPV6)
		return allowed_ipv6(tunnel, ((const struct rte_ipv6_hdr *)packet)->dst_addr);
	return allowed_ipv4(tunnel, rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)packet)->dst_addr));
}

static void prefetch_peer_for(struct rte_mbuf *m, uint8_t tunnel)
{
	const void *packet = rte_pktmbuf_mtod(m, const void *);

	if (packet_meta(m)->flags & PACKET_IPV6)
		allowed_prefetch_ipv6(tunnel, ((const struct rte_ipv6_hdr *)packet)->dst_addr);
	else
		allowed_prefetch_ipv4(tunnel,
				      rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)packet)->dst_addr));
}

bool wireguard_reaches(struct rte_mbuf *m, uint8_t port)
{
	uint32_t number;

	assert(wireguard_tunnel_count > 0); /* also tells the compiler where there is none */
	number = peer_for(m, tunnel_of(port));
	if (likely(number != ALLOWED_NONE && peers[number].endpoint.family))
		return true;
	refuse_unreachable(m, number == ALLOWED_NONE ? DROP_WG_NO_PEER : DROP_WG_NO_ENDPOINT);
	return false;
}

/* Makes a packet one that can be sealed in place: complete, in one segment, with room for what comes around
 * it. */
static bool make_whole(struct rte_mbuf *m)
{
	uint32_t tail = PADDING_MULTIPLE + CRYPTO_TAG_BYTES;

	checksum_complete(m);
	return (m->nb_segs == 1 || rte_pktmbuf_linearize(m) == 0) && rte_pktmbuf_tailroom(m) >= tail &&
	       rte_pktmbuf_headroom(m) >= DATAGRAM_HEADROOM + sizeof(struct message_transport);
}

void wireguard_send(struct rte_mbuf *m, uint8_t port)
{
	uint8_t tunnel;

	assert(wireguard_tunnel_count > 0);
	tunnel = tunnel_of(port);
	prefetch_peer_for(m, tunnel);
	if (unlikely(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG || !make_whole(m)))
		refuse(m, DROP_WG_LENGTH);
	else
		enqueue(m, tunnel);
}

/* Whether the packet can be sealed now; if not, it has ended, or waits. */
static bool find_session(struct sending *sending)
{
	struct peer *peer;

	if (unlikely(sending->peer == ALLOWED_NONE)) {
		refuse_unreachable(sending->m, DROP_WG_NO_PEER);
		return false;
	}
	peer = &peers[sending->peer];
	if (unlikely(peer->endpoint.family == 0)) {
		refuse_unreachable(sending->m, DROP_WG_NO_ENDPOINT);
		return false;
	}
	sending->session = peer_sending_session(peer);
	if (likely(sending->session != NULL))
		return true;
	wait_for_session(sending->m, sending->peer);
	return false;
}

/* Packets of many peers: none is to wait for the memory of its own. */
static void find_peers(struct sending *sendings, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		sendings[i].peer = peer_for(sendings[i].m, sendings[i].tunnel);
		if (likely(sendings[i].peer != ALLOWED_NONE))
			peer_prefetch(sendings[i].peer);
	}
	for (uint16_t i = 0; i < count; i++)
		if (likely(sendings[i].peer != ALLOWED_NONE && peers[sendings[i].peer].current))
			session_prefetch_sending(peers[sendings[i].peer].current);
}

/* Empties the queue; returns how many of it can be sealed. */
static uint16_t take_queued(struct sending *sendings)
{
	uint16_t count = queued_count, kept = 0;

	memcpy(sendings, queued, count * sizeof(queued[0]));
	queued_count = 0; /* an error may be sent to a sender behind a tunnel */
	find_peers(sendings, count);
	for (uint16_t i = 0; i < count; i++)
		if (find_session(&sendings[i]))
			sendings[kept++] = sendings[i];
	return kept;
}

/* Pads a packet, puts the message's header before it, and says how to seal it. */
static void prepare(struct rte_mbuf *m, struct session *session, struct crypto_text *text)
{
	uint16_t mtu = port_configs[wireguard_tunnels[session->peer->tunnel].port].mtu;
	uint32_t bytes = m->pkt_len, padding = message_padding(bytes, mtu);
	struct message_transport message = {
	    .type = rte_cpu_to_le_32(MESSAGE_TRANSPORT),
	    .receiver = rte_cpu_to_le_32(session->remote_index),
	    .counter = rte_cpu_to_le_64(session->sending_counter++),
	};

	memset(rte_pktmbuf_append(m, padding + CRYPTO_TAG_BYTES), 0, padding);
	*text = (struct crypto_text){
	    .chacha20_poly1305_key = session->keys.sending,
	    .data = rte_pktmbuf_mtod(m, uint8_t *),
	    .bytes = bytes + padding,
	};
	memcpy(text->nonce + 4, &message.counter, sizeof(message.counter));
	memcpy(rte_pktmbuf_prepend(m, sizeof(message)), &message, sizeof(message));
}

/* Packets that follow each other to one peer are told to its timers together. */
static void tell_peers(const struct sending *sendings, uint16_t count)
{
	for (uint16_t i = 0, start = 0; i < count; start = i) {
		uint32_t peer = sendings[start].peer;
		uint64_t bytes = 0;

		for (; i < count && sendings[i].peer == peer; i++)
			bytes += sendings[i].m->pkt_len;
		peer_sent(&peers[peer], i - start, bytes, true);
	}
}

static void seal_queued(void)
{
	struct crypto_text texts[BURST_MAX];
	struct sending sendings[BURST_MAX];
	uint8_t ecn[BURST_MAX];
	uint16_t count = take_queued(sendings);

	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = sendings[i].m;

		ecn[i] = ecn_enter(rte_pktmbuf_mtod(m, const uint8_t *));
		count_sent(m, wireguard_tunnels[peers[sendings[i].peer].tunnel].port);
		prepare(m, sendings[i].session, &texts[i]);
	}
	crypto_seal(texts, count);
	tell_peers(sendings, count);
	for (uint16_t i = 0; i < count; i++) {
		struct peer *peer = &peers[sendings[i].peer];

		datagram_send(sendings[i].m, peer->tunnel, &peer->endpoint, ecn[i], &peer->way);
	}
}

void wireguard_flush(void)
{
	while (wireguard_tunnel_count > 0 && queued_count > 0)
		seal_queued();
}
