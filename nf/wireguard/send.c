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

static struct {
	struct rte_mbuf *m;
	struct session *session;
} ready[BURST_MAX];
static uint16_t ready_count;

int send_init(void)
{
	free(waiting);
	waiting = calloc(wireguard_peer_count, sizeof(*waiting));
	waiting_count = 0;
	ready_count = 0;
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
	if (waiting_count >= packet_buffers / WAITING_FRACTION) {
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

static void send_with(struct session *session, struct rte_mbuf *m)
{
	ready[ready_count].m = m;
	ready[ready_count++].session = session;
	if (ready_count == BURST_MAX)
		wireguard_flush();
}

bool wireguard_session_ready(uint32_t peer)
{
	struct waiting *queue = &waiting[peer];
	bool any = queue->count > 0;

	while (queue->count > 0) {
		struct session *session = peer_sending_session(&peers[peer]);

		if (!session)
			break;
		send_with(session, dequeue(queue));
	}
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

/* ALLOWED_NONE: nobody can be reached, and the packet has ended. */
static uint32_t reachable_peer(struct rte_mbuf *m, uint8_t port)
{
	uint32_t number = peer_for(m, tunnel_of(port));

	if (likely(number != ALLOWED_NONE && peers[number].endpoint.family))
		return number;
	refuse_unreachable(m, number == ALLOWED_NONE ? DROP_WG_NO_PEER : DROP_WG_NO_ENDPOINT);
	return ALLOWED_NONE;
}

bool wireguard_reaches(struct rte_mbuf *m, uint8_t port)
{
	assert(wireguard_tunnel_count > 0); /* also tells the compiler where there is none */
	return reachable_peer(m, port) != ALLOWED_NONE;
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
	struct session *session;
	uint32_t number;

	assert(wireguard_tunnel_count > 0);
	number = reachable_peer(m, port);
	if (unlikely(number == ALLOWED_NONE))
		return;
	if (unlikely(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG || !make_whole(m))) {
		refuse(m, DROP_WG_LENGTH);
		return;
	}
	session = peer_sending_session(&peers[number]);
	if (likely(session != NULL))
		send_with(session, m);
	else
		wait_for_session(m, number);
}

/* Pads a packet, puts the message's header before it, and says how to seal it. */
static void prepare(struct rte_mbuf *m, struct session *session, struct crypto_text *text,
		    struct crypto_aead *aead)
{
	uint16_t mtu = port_configs[wireguard_tunnels[session->peer->tunnel].port].mtu;
	uint32_t bytes = m->pkt_len, padding = message_padding(bytes, mtu);
	struct message_transport message = {
	    .type = rte_cpu_to_le_32(MESSAGE_TRANSPORT),
	    .receiver = rte_cpu_to_le_32(session->remote_index),
	    .counter = rte_cpu_to_le_64(session->sending_counter++),
	};

	memset(rte_pktmbuf_append(m, padding + CRYPTO_TAG_BYTES), 0, padding);
	crypto_aead_init(aead, CRYPTO_CHACHA20_POLY1305, session->keys.sending);
	*text = (struct crypto_text){
	    .aead = aead, .data = rte_pktmbuf_mtod(m, uint8_t *), .bytes = bytes + padding};
	memcpy(text->nonce + 4, &message.counter, sizeof(message.counter));
	memcpy(rte_pktmbuf_prepend(m, sizeof(message)), &message, sizeof(message));
}

/* Packets that follow each other to one peer are told to its timers together. */
static void tell_peers(uint16_t count)
{
	for (uint16_t i = 0, start = 0; i < count; start = i) {
		struct peer *peer = ready[start].session->peer;
		uint64_t bytes = 0;

		for (; i < count && ready[i].session->peer == peer; i++)
			bytes += ready[i].m->pkt_len;
		peer_sent(peer, i - start, bytes, true);
	}
}

void wireguard_flush(void)
{
	static struct crypto_aead aeads[BURST_MAX];
	struct crypto_text texts[BURST_MAX];
	uint8_t ecn[BURST_MAX];
	uint16_t count = ready_count;

	if (wireguard_tunnel_count == 0 || count == 0)
		return;
	ready_count = 0;
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = ready[i].m;

		ecn[i] = ecn_enter(rte_pktmbuf_mtod(m, const uint8_t *));
		count_sent(m, wireguard_tunnels[ready[i].session->peer->tunnel].port);
		prepare(m, ready[i].session, &texts[i], &aeads[i]);
	}
	crypto_seal(texts, count);
	tell_peers(count);
	for (uint16_t i = 0; i < count; i++) {
		const struct peer *peer = ready[i].session->peer;

		datagram_send(ready[i].m, peer->tunnel, &peer->endpoint, ecn[i]);
	}
}
