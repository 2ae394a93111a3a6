/* SPDX-License-Identifier: Apache-2.0
 *
 * From a tunnel's datagrams to the packets inside, in place and a burst at a time; see wireguard.h.
 */
#include <assert.h>
#include <netinet/in.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "nf/host.h"
#include "nf/input/input.h"
#include "nf/packet.h"
#include "nf/ports.h"
#include "nf/router/output.h"
#include "nf/router/router.h"
#include "allowed.h"
#include "coalesce.h"
#include "datagram.h"
#include "ecn.h"
#include "handshake.h"
#include "messages.h"
#include "path.h"
#include "peer.h"
#include "wireguard.h"

enum { TUNNEL_NONE = 0xff };

static struct rte_mbuf *taken[BURST_MAX];
static uint8_t taken_tunnels[BURST_MAX];
static uint16_t taken_count;

/* A message of type transport on its way through a burst. */
struct opening {
	struct rte_mbuf *m;
	uint64_t counter;
	uint32_t index; /* of the session */
	uint8_t tunnel;
};

/* Endpoints know no link (RFC 4007, section 6), so that answers to a link-local address would leave by any:
 * the router's business, which drops them. */
static bool is_to_us(const struct rte_mbuf *m, uint16_t flags)
{
	const void *header = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);

	if (flags & PACKET_IPV6) {
		const struct rte_ipv6_hdr *ip = header;

		return !ipv6_is_link_local(ip->src_addr) && !ipv6_is_link_local(ip->dst_addr) &&
		       router_owns_ipv6(ip->dst_addr);
	}
	return !ipv4_is_link_local(((const struct rte_ipv4_hdr *)header)->src_addr) &&
	       router_owns_ipv4(rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)header)->dst_addr));
}

static inline bool is_about_us(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);

	return unlikely(meta->protocol == IPPROTO_ICMPV6) &&
	       (meta->flags & (PACKET_IPV6 | PACKET_L4 | PACKET_FRAGMENT)) == (PACKET_IPV6 | PACKET_L4) &&
	       path_take(m);
}

/* The tunnel that a datagram is to, the first fragment of one included. */
static inline uint8_t tunnel_of(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);

	if (meta->protocol != IPPROTO_UDP || (meta->flags & (PACKET_L4 | PACKET_L2_GROUP)) != PACKET_L4)
		return TUNNEL_NONE;
	for (uint32_t i = 0; i < wireguard_tunnel_count; i++)
		if (meta->destination_port == rte_cpu_to_be_16(wireguard_tunnels[i].listen_port))
			return is_to_us(m, meta->flags) ? i : TUNNEL_NONE;
	return TUNNEL_NONE;
}

bool wireguard_wants(struct rte_mbuf *m)
{
	return tunnel_of(m) != TUNNEL_NONE;
}

/* Where the message is in its datagram. */
static uint32_t message_at(const struct rte_mbuf *m)
{
	return m->l2_len + m->l3_len + sizeof(struct rte_udp_hdr);
}

/* Packets of many peers: none is to wait for the memory of its own. */
static void prefetch_session(const struct rte_mbuf *m)
{
	uint32_t at = message_at(m);
	struct message_transport message;

	if (unlikely(m->data_len < at + sizeof(message)))
		return;
	memcpy(&message, rte_pktmbuf_mtod_offset(m, const void *, at), sizeof(message));
	session_prefetch_receiving(rte_le_to_cpu_32(message.receiver), rte_le_to_cpu_64(message.counter));
}

uint16_t wireguard_take(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];
		uint8_t tunnel = tunnel_of(m);

		if (tunnel == TUNNEL_NONE) {
			packets[kept] = m;
			kept += !is_about_us(m);
			continue;
		}
		assert(taken_count < BURST_MAX); /* of each packet that came, one at most is here */
		taken_tunnels[taken_count] = tunnel;
		taken[taken_count++] = m;
		prefetch_session(m);
	}
	return kept;
}

static uint32_t message_bytes(const struct rte_mbuf *m)
{
	const struct rte_udp_hdr *udp =
	    rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, m->l2_len + m->l3_len);
	uint32_t there = m->pkt_len - message_at(m), said = rte_be_to_cpu_16(udp->dgram_len);

	return RTE_MIN(there, said - (uint32_t)sizeof(*udp));
}

static bool is_transport(const struct rte_mbuf *m, uint32_t bytes)
{
	struct message_transport message;

	if (bytes < MESSAGE_KEEPALIVE_BYTES)
		return false;
	memcpy(&message, rte_pktmbuf_mtod_offset(m, const void *, message_at(m)), sizeof(message));
	return rte_le_to_cpu_32(message.type) == MESSAGE_TRANSPORT;
}

/* The handshake's books end it. */
static void take_handshake(struct rte_mbuf *m, uint8_t tunnel, uint32_t bytes)
{
	struct wireguard_endpoint from = datagram_source(m);

	handshake_receive(tunnel, rte_pktmbuf_mtod_offset(m, const void *, message_at(m)), bytes, &from);
	rte_pktmbuf_free(m);
}

/* Fills in what it takes to open a message. False: it has ended. */
static bool prepare(struct opening *opening, struct crypto_text *text)
{
	struct rte_mbuf *m = opening->m;
	uint32_t at = message_at(m), bytes = message_bytes(m);
	struct message_transport message;
	const struct session *session;

	memcpy(&message, rte_pktmbuf_mtod_offset(m, const void *, at), sizeof(message));
	opening->index = rte_le_to_cpu_32(message.receiver);
	opening->counter = rte_le_to_cpu_64(message.counter);
	session = session_find(opening->tunnel, opening->index);
	if (unlikely(!session || session->state != SESSION_LIVE)) {
		packet_drop(m, DROP_WG_UNKNOWN_SESSION);
		return false;
	}
	if (unlikely(!session_may_receive(session, host_now_ns))) {
		packet_drop(m, DROP_WG_EXPIRED);
		return false;
	}
	*text = (struct crypto_text){
	    .chacha20_poly1305_key = session->keys.receiving,
	    .data = rte_pktmbuf_mtod_offset(m, uint8_t *, at + sizeof(message)),
	    .bytes = bytes - MESSAGE_TRANSPORT_OVERHEAD,
	};
	memcpy(text->nonce + 4, &message.counter, sizeof(message.counter));
	return true;
}

static bool is_ip(const uint8_t *packet, uint32_t bytes)
{
	uint8_t version = packet[0] >> 4;

	return (version == 4 && bytes >= sizeof(struct rte_ipv4_hdr)) ||
	       (version == 6 && bytes >= sizeof(struct rte_ipv6_hdr));
}

static void source_of(const uint8_t *packet, uint8_t source[16])
{
	if (packet[0] >> 4 == 6) {
		memcpy(source, ((const struct rte_ipv6_hdr *)packet)->src_addr, 16);
		return;
	}
	memset(source, 0, 16);
	memcpy(source, &((const struct rte_ipv4_hdr *)packet)->src_addr, sizeof(rte_be32_t));
}

/* Whether the packet inside has a source that is the peer's. Its last one is likely to be its next. */
static bool source_is_allowed(struct peer *peer, const uint8_t *packet)
{
	uint8_t version = packet[0] >> 4, source[16];
	uint32_t owner;

	source_of(packet, source);
	if (likely(peer->source_known == version && memcmp(peer->source, source, sizeof(source)) == 0))
		return true;
	if (version == 6)
		owner = allowed_ipv6(peer->tunnel, source);
	else
		owner = allowed_ipv4(peer->tunnel, rte_be_to_cpu_32(*(const unaligned_uint32_t *)source));
	if (owner != peer->number)
		return false;
	memcpy(peer->source, source, sizeof(source));
	peer->source_known = version;
	return true;
}

/* Cuts the datagram down to the packet inside, behind room for an Ethernet header. */
static void unwrap(struct rte_mbuf *m, uint32_t at, uint32_t bytes)
{
	rte_pktmbuf_adj(m, at - RTE_ETHER_HDR_LEN);
	rte_pktmbuf_trim(m, m->pkt_len - RTE_ETHER_HDR_LEN - bytes);
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->ol_flags = 0;
}

/* DROP_REASON_COUNT: nothing is wrong with the packet inside, that input would not see. */
static enum drop_reason judge_inside(struct peer *peer, const struct crypto_text *text, uint8_t outer_ecn)
{
	if (unlikely(!is_ip(text->data, text->bytes)))
		return DROP_WG_INNER;
	if (unlikely(!source_is_allowed(peer, text->data)))
		return DROP_WG_ALLOWED_IPS;
	return likely(ecn_leave(text->data, outer_ecn)) ? DROP_REASON_COUNT : DROP_WG_ECN;
}

/* What was opened: judged, and unwrapped. False: there is no packet to go on with. */
static bool judge(const struct opening *opening, const struct crypto_text *text)
{
	struct rte_mbuf *m = opening->m;
	struct wireguard_endpoint from = datagram_source(m);
	struct session *session = session_find(opening->tunnel, opening->index);
	uint32_t at = text->data - rte_pktmbuf_mtod(m, uint8_t *);
	struct peer *peer;
	enum drop_reason reason;

	if (unlikely(!session)) { /* an earlier packet of this burst ended it */
		packet_drop(m, DROP_WG_UNKNOWN_SESSION);
		return false;
	}
	peer = session->peer;
	reason = peer_received(session, opening->counter, text->bytes, &from);
	if (unlikely(reason != DROP_REASON_COUNT)) {
		packet_drop(m, reason);
		return false;
	}
	if (text->bytes == 0) { /* a keepalive */
		packet_consume(m);
		return false;
	}
	reason = judge_inside(peer, text, datagram_ecn(m));
	if (unlikely(reason != DROP_REASON_COUNT)) {
		packet_drop(m, reason);
		return false;
	}
	unwrap(m, at, text->bytes);
	stats.consumed++; /* the datagram */
	return true;
}

/* Handshakes go their way; what is of type transport is collected. */
static uint16_t sort(struct opening *openings, struct crypto_text *texts)
{
	uint16_t count = 0;

	for (uint16_t i = 0; i < taken_count; i++) {
		struct rte_mbuf *m = taken[i];
		uint32_t bytes;

		if (unlikely(m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0)) {
			packet_drop(m, DROP_WG_LENGTH);
			continue;
		}
		bytes = message_bytes(m);
		openings[count] = (struct opening){.m = m, .tunnel = taken_tunnels[i]};
		if (unlikely(!is_transport(m, bytes)))
			take_handshake(m, taken_tunnels[i], bytes);
		else
			count += prepare(&openings[count], &texts[count]);
	}
	taken_count = 0;
	return count;
}

/* Packets that came out of one tunnel after the other. */
static uint16_t arrive(struct rte_mbuf **packets, const uint8_t *origins, uint16_t count)
{
	uint16_t kept = 0;

	for (uint16_t start = 0, end; start < count; start = end) {
		struct rte_mbuf *run[BURST_MAX];
		uint16_t left;

		for (end = start; end < count && origins[end] == origins[start]; end++)
			run[end - start] = packets[end];
		left = input_tunnel(wireguard_tunnels[origins[start]].port, run, end - start);
		memcpy(&packets[kept], run, left * sizeof(run[0]));
		kept += left;
	}
	return kept;
}

static uint16_t open_taken(struct rte_mbuf **packets)
{
	struct opening openings[BURST_MAX];
	struct crypto_text texts[BURST_MAX];
	uint8_t origins[BURST_MAX]; /* tunnels */
	uint16_t count = sort(openings, texts), kept = 0;
	bool all_good = crypto_open(texts, count) == count;

	for (uint16_t i = 0; i < count && unlikely(!all_good); i++)
		if (!texts[i].good)
			packet_drop(openings[i].m, DROP_WG_FORGED);
	for (uint16_t i = 0; i < count; i++) {
		if (!texts[i].good || !judge(&openings[i], &texts[i]))
			continue;
		origins[kept] = openings[i].tunnel;
		packets[kept++] = openings[i].m;
	}
	if (host_takes_super_frames())
		kept = coalesce(packets, origins, kept);
	return arrive(packets, origins, kept);
}

uint16_t wireguard_open(struct rte_mbuf **packets)
{
	uint16_t count = 0;

	if (taken_count == 0)
		return 0;
	count = open_taken(packets);
	output_flush(); /* what waited for a session that is there now */
	return count;
}
