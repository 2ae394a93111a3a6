/* SPDX-License-Identifier: Apache-2.0
 *
 * The MTU of paths; see path.h. What a message quotes is outside input: the datagram's headers, as far as the
 * index, must be there. All peers are looked at for each message, so messages are limited.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "nf/bucket.h"
#include "nf/checksum.h"
#include "nf/packet.h"
#include "nf/router/router.h"
#include "allowed.h"
#include "config.h"
#include "messages.h"
#include "path.h"
#include "peer.h"

enum {
	TOO_BIG = 2, /* RFC 4443, section 3.2 */
	MESSAGES_PER_SECOND = 20,
	LIFE_SECONDS = 600, /* RFC 8201, section 4 */
	OUTSIDE_BYTES = sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_udp_hdr) + MESSAGE_TRANSPORT_OVERHEAD,
};

/* The message, and what it quotes of a datagram. */
struct too_big {
	uint8_t type, code;
	rte_be16_t checksum;
	rte_be32_t mtu;
	struct rte_ipv6_hdr ip;
	struct rte_udp_hdr udp;
	rte_le32_t message, receiver;
} __attribute__((packed));

uint64_t path_lowered_until_ns;
static struct bucket messages;

/* Of a peer's endpoint: what fits inside, and until when that is believed. */
static struct path {
	uint64_t until_ns;
	uint32_t mtu;
} * paths; /* by peer */

int path_init(void)
{
	path_lowered_until_ns = 0;
	messages = bucket_per_second(MESSAGES_PER_SECOND);
	free(paths);
	paths = calloc(wireguard_peer_count, sizeof(*paths));
	return paths || wireguard_peer_count == 0 ? 0 : -ENOMEM;
}

static bool has_index(const struct session *session, uint32_t index)
{
	return session && session->state == SESSION_LIVE && session->remote_index == index;
}

/* Whether a quoted datagram is one that we may have sent to that peer. */
static bool is_to(const struct peer *peer, const struct too_big *quote)
{
	uint32_t index = rte_le_to_cpu_32(quote->receiver);

	return peer->endpoint.family == 6 && peer->endpoint.port == rte_be_to_cpu_16(quote->udp.dst_port) &&
	       memcmp(peer->endpoint.address.ipv6, quote->ip.dst_addr, sizeof(quote->ip.dst_addr)) == 0 &&
	       (has_index(peer->current, index) || has_index(peer->previous, index) ||
		has_index(peer->next, index));
}

static const struct peer *find_peer(const struct too_big *quote)
{
	for (uint32_t tunnel = 0; tunnel < wireguard_tunnel_count; tunnel++) {
		const struct wireguard_tunnel_config *config = &wireguard_tunnels[tunnel];

		if (quote->udp.src_port != rte_cpu_to_be_16(config->listen_port))
			continue;
		for (uint32_t i = 0; i < config->peer_count; i++)
			if (is_to(&peers[config->first_peer + i], quote))
				return &peers[config->first_peer + i];
	}
	return NULL;
}

/* A whole number of blocks, so that padding adds nothing to it. */
static void lower(const struct peer *peer, uint32_t path_bytes)
{
	struct path *path = &paths[peer->number];
	uint32_t inside = path_bytes - OUTSIDE_BYTES,
		 mtu = RTE_ALIGN_FLOOR(inside, (uint32_t)PADDING_MULTIPLE);
	uint16_t most = port_configs[wireguard_tunnels[peer->tunnel].port].mtu;

	if (inside >= (path->until_ns > host_now_ns ? path->mtu : most))
		return;
	*path = (struct path){.mtu = mtu, .until_ns = host_now_ns + LIFE_SECONDS * WIREGUARD_SECOND_NS};
	path_lowered_until_ns = path->until_ns;
}

static bool is_right(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip)
{
	uint32_t at = m->l2_len + m->l3_len;

	return checksum_icmpv6(m, ip, at, m->pkt_len - at) == 0xffff;
}

bool path_take(struct rte_mbuf *m)
{
	uint32_t at = m->l2_len + m->l3_len;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len);
	const struct too_big *quote = rte_pktmbuf_mtod_offset(m, const struct too_big *, at);
	const struct peer *peer;

	if (m->data_len < at + sizeof(*quote) || quote->type != TOO_BIG || quote->ip.proto != IPPROTO_UDP ||
	    rte_le_to_cpu_32(quote->message) != MESSAGE_TRANSPORT || !router_owns_ipv6(ip->dst_addr))
		return false;
	if (!bucket_take(&messages, host_now_ns) || !is_right(m, ip))
		return false;
	peer = find_peer(quote);
	if (peer == NULL)
		return false;
	lower(peer, RTE_MAX(rte_be_to_cpu_32(quote->mtu), (uint32_t)RTE_IPV6_MIN_MTU));
	packet_consume(m);
	return true;
}

uint16_t path_peer_mtu(const struct rte_mbuf *m, uint8_t port)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);
	uint16_t mtu = port_configs[port].mtu;
	bool ipv6 = packet_meta((struct rte_mbuf *)m)->flags & PACKET_IPV6;
	uint8_t tunnel = 0;
	uint32_t number;

	while (wireguard_tunnels[tunnel].port != port)
		tunnel++;
	if (ipv6)
		number = allowed_ipv6(tunnel, ((const struct rte_ipv6_hdr *)ip)->dst_addr);
	else
		number = allowed_ipv4(tunnel, rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)ip)->dst_addr));
	if (number == ALLOWED_NONE || paths[number].until_ns <= host_now_ns)
		return mtu;
	return RTE_MIN((uint32_t)mtu,
		       ipv6 ? RTE_MAX(paths[number].mtu, (uint32_t)RTE_IPV6_MIN_MTU) : paths[number].mtu);
}
