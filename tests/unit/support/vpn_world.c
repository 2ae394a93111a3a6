/* SPDX-License-Identifier: Apache-2.0
 *
 * Two tunnels and the network between them; see vpn_world.h. Outer headers are written and read by offset, so
 * that a mistake in the code under test is not repeated here.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include "crypto/crypto.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/wireguard/messages.h"
#include "nf/wireguard/peer.h"
#include "nf/wireguard/session.h"
#include "tests/unit/wireguard_vectors.h"
#include "vpn_world.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, UDP = 8, ROUNDS_MAX = 200 };

static const char *const drop_names[] = {
#define X(identifier, name, meaning) name,
    DROP_REASONS(X)
#undef X
};

static const uint8_t far4[4] = {203, 0, 113, 7}, far6[16] = {0x20, 1, 0xd, 0xb8, 0, 0xf, [15] = 7};

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void set_up_tables(uint8_t family)
{
	memcpy(vpn_private_keys[0], vector_initiator_private, WIREGUARD_KEY_BYTES);
	memcpy(vpn_private_keys[1], vector_responder_private, WIREGUARD_KEY_BYTES);
	vpn_peers[PEER_FAR] = (struct wireguard_peer_config){
	    .name = "far", .endpoint_family = family, .endpoint_port = VPN_LISTEN + 1, .tunnel = 0};
	if (family == 6)
		memcpy(vpn_peers[PEER_FAR].endpoint.ipv6, far6, sizeof(far6));
	else
		vpn_peers[PEER_FAR].endpoint.ipv4 = (uint32_t)far4[0] << 24 | far4[2] << 8 | far4[3];
	memcpy(vpn_peers[PEER_FAR].public_key, vector_responder_public, WIREGUARD_KEY_BYTES);
	vpn_peers[PEER_SILENT] = (struct wireguard_peer_config){.name = "silent", .tunnel = 0};
	memcpy(vpn_peers[PEER_SILENT].public_key, vector_timestamp, sizeof(vector_timestamp));
	vpn_peers[PEER_NEAR] = (struct wireguard_peer_config){.name = "near", .tunnel = 1};
	memcpy(vpn_peers[PEER_NEAR].public_key, vector_initiator_public, WIREGUARD_KEY_BYTES);
	vpn_rules[0] = (struct firewall_rule){.name = "rule", .action = FIREWALL_ACCEPT};
	vpn_rules[1] = (struct firewall_rule){.name = "default", .action = FIREWALL_ACCEPT};
}

void vpn_clear(void)
{
	vpn_source_count = vpn_destination_count = 0;
	vpn_match = (struct ipv4_match){
	    .common = {.source_port_high = 65535,
		       .destination_port_high = 65535,
		       .source_class_high = 65535,
		       .destination_class_high = 65535},
	};
}

void vpn_start(uint8_t family)
{
	set_up_tables(family);
	nf_host.wall_offset_ns = UINT64_C(1700000000000000000);
	nf_host_start();
}

void vpn_connect(uint8_t family)
{
	vpn_start(family);
	peer_send_keepalive(&peers[PEER_FAR]);
	vpn_network();
	assert(peers[PEER_FAR].current && peers[PEER_NEAR].current && nf_host_books_balance());
	nf_host_forget();
	memset(&stats, 0, sizeof(stats));
}

/* The UDP header of what goes to a tunnel's other end, NULL: something else. */
static uint8_t *datagram_of(uint8_t *frame, uint32_t bytes)
{
	uint8_t *ip = frame + ETHERNET, *udp = ip + (ip[0] >> 4 == 6 ? IPV6 : IPV4);
	bool to_far = false;

	if (bytes < ETHERNET + IPV4 + UDP)
		return NULL;
	if (get16(frame + 12) == 0x86dd && bytes >= ETHERNET + IPV6 + UDP)
		to_far = ip[6] == IPPROTO_UDP && memcmp(ip + 24, far6, 16) == 0;
	else if (get16(frame + 12) == 0x0800)
		to_far =
		    ip[9] == IPPROTO_UDP && memcmp(ip + 16, far4, 4) == 0 && (get16(ip + 6) & 0x3fff) == 0;
	return to_far && get16(udp + 2) - VPN_LISTEN < VPN_TUNNELS ? udp : NULL;
}

/* What the device would do: the checksum's field holds the pseudo-header's sum. */
static void finish_checksum(uint8_t *ip, uint8_t *udp, uint32_t bytes, uint64_t flags)
{
	bool wished = (flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM;
	uint32_t pseudo = bytes + IPPROTO_UDP;

	assert(!(flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IP_CKSUM)));
	if (ip[0] >> 4 == 4) {
		assert(!wished && get16(udp + 6) == 0 && craft_sum(ip, IPV4, 0) == 0xffff);
		return;
	}
	pseudo = craft_sum(ip + 8, 32, 0) + pseudo;
	if (wished) {
		assert(get16(udp + 6) == craft_sum(udp, 0, (pseudo & 0xffff) + (pseudo >> 16)) ||
		       get16(udp + 6) == (uint16_t)((pseudo & 0xffff) + (pseudo >> 16)));
		put16(udp + 6, 0);
		put16(udp + 6, ~craft_sum(udp, bytes, pseudo));
	}
	assert(get16(udp + 6) != 0 && craft_sum(udp, bytes, pseudo) == 0xffff);
}

/* Takes a datagram to a tunnel's other end out of nf_host.sent[index]; its outside is looked at. Returns its
 * length, 0: it is something else. */
static uint32_t read_datagram(uint32_t index, uint8_t frame[VPN_FRAME_MAX], uint8_t **udp)
{
	const struct rte_mbuf *m = nf_host.sent[index].packet;
	uint32_t bytes;
	const uint8_t *sent = nf_host_sent_bytes(index, &bytes);

	if (nf_host.sent[index].device != WAN || bytes > VPN_FRAME_MAX)
		return 0;
	memcpy(frame, sent, bytes);
	*udp = datagram_of(frame, bytes);
	if (*udp == NULL)
		return 0;
	assert(m->l2_len == ETHERNET && m->l3_len == *udp - frame - ETHERNET && m->l4_len == UDP);
	assert(get16(*udp + 4) == frame + bytes - *udp && packet_meta((struct rte_mbuf *)m)->flow == 0);
	finish_checksum(frame + ETHERNET, *udp, frame + bytes - *udp, m->ol_flags);
	return bytes;
}

static void exchange(uint8_t *a, uint8_t *b, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

static struct rte_mbuf *turn_round(uint8_t *frame, uint32_t bytes)
{
	uint8_t *ip = frame + ETHERNET;
	struct rte_mbuf *m;

	exchange(frame, frame + 6, 6);
	if (ip[0] >> 4 == 6)
		exchange(ip + 8, ip + 24, 16);
	else
		exchange(ip + 12, ip + 16, 4);
	m = nf_host_frame(frame, bytes, 0);
	m->port = WAN;
	return m;
}

/* Takes up to a burst out of what was sent. */
static uint16_t collect(struct rte_mbuf **burst)
{
	uint32_t kept = 0;
	uint16_t count = 0;

	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		uint8_t frame[VPN_FRAME_MAX], *udp;
		uint32_t bytes = count < BURST_MAX ? read_datagram(i, frame, &udp) : 0;

		if (bytes == 0) {
			nf_host.sent[kept++] = nf_host.sent[i];
			continue;
		}
		rte_pktmbuf_free(nf_host.sent[i].packet);
		burst[count++] = turn_round(frame, bytes);
	}
	nf_host.sent_count = kept;
	return count;
}

uint16_t vpn_network_once(void)
{
	struct rte_mbuf *burst[BURST_MAX];
	uint16_t count;

	while (appliance_tick() <= host_now_ns)
		;
	count = collect(burst);
	if (count)
		appliance_chain(WAN, burst, count);
	while (appliance_tick() <= host_now_ns)
		;
	return count;
}

uint32_t vpn_network(void)
{
	uint32_t total = 0;

	for (int i = 0; i < ROUNDS_MAX; i++) {
		uint16_t count = vpn_network_once();

		if (count == 0)
			return total;
		total += count;
	}
	assert(!"the network is never quiet");
	return total;
}

static size_t put_ipv4(uint8_t *ip, size_t payload, const struct vpn_outer *outer)
{
	size_t header = IPV4 + outer->extension;

	memset(ip, 0, IPV4);
	memset(ip + IPV4, 1, outer->extension); /* no operation */
	ip[0] = 4 << 4 | header / 4;
	ip[1] = outer->tos;
	put16(ip + 2, header + payload);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	assert(inet_pton(AF_INET, outer->source ? outer->source : "203.0.113.7", ip + 12) == 1);
	assert(inet_pton(AF_INET, outer->destination ? outer->destination : "198.51.100.1", ip + 16) == 1);
	put16(ip + 10, ~craft_sum(ip, header, 0));
	return header;
}

static size_t put_ipv6(uint8_t *ip, size_t payload, const struct vpn_outer *outer)
{
	size_t header = IPV6 + outer->extension;

	memset(ip, 0, header);
	ip[0] = 6 << 4 | outer->tos >> 4;
	ip[1] = outer->tos << 4;
	put16(ip + 4, outer->extension + payload);
	ip[6] = outer->extension ? IPPROTO_DSTOPTS : IPPROTO_UDP;
	ip[7] = 64;
	assert(inet_pton(AF_INET6, outer->source ? outer->source : "2001:db8:f::7", ip + 8) == 1);
	assert(inet_pton(AF_INET6, outer->destination ? outer->destination : "2001:db8:2::1", ip + 24) == 1);
	if (outer->extension) {
		ip[IPV6] = IPPROTO_UDP;
		ip[IPV6 + 1] = outer->extension / 8 - 1;
		ip[IPV6 + 2] = 1; /* PadN */
		ip[IPV6 + 3] = outer->extension - 4;
	}
	return header;
}

size_t vpn_wrap(uint8_t *frame, uint8_t tunnel, const void *message, size_t bytes,
		const struct vpn_outer *outer)
{
	size_t said = UDP + bytes + outer->trailing, payload = said + outer->behind_udp;
	uint8_t *ip = frame + ETHERNET, *udp;

	memcpy(frame, port_configs[WAN].mac, 6);
	memset(frame + 6, 2, 6);
	put16(frame + 12, outer->ipv6 ? 0x86dd : 0x0800);
	udp = ip + (outer->ipv6 ? put_ipv6(ip, payload, outer) : put_ipv4(ip, payload, outer));
	put16(udp, outer->source_port ? outer->source_port : VPN_LISTEN + 1 - tunnel);
	put16(udp + 2, VPN_LISTEN + tunnel);
	put16(udp + 4, said);
	put16(udp + 6, 0);
	memcpy(udp + UDP, message, bytes);
	memset(udp + UDP + bytes, 0xee, outer->trailing + outer->behind_udp);
	if (outer->ipv6)
		put16(udp + 6, ~craft_sum(udp, said, craft_sum(ip + 8, 32, 0) + said + IPPROTO_UDP));
	return udp + payload - frame;
}

static struct session *session_of(uint8_t tunnel)
{
	struct session *session = peers[tunnel ? PEER_NEAR : PEER_FAR].current;

	assert(session);
	return session;
}

size_t vpn_seal(uint8_t *frame, uint8_t tunnel, const void *packet, size_t bytes, size_t padding,
		const struct vpn_outer *outer)
{
	struct session *session = session_of(!tunnel);
	uint8_t message[VPN_FRAME_MAX] = {MESSAGE_TRANSPORT};
	rte_le32_t receiver = rte_cpu_to_le_32(session->remote_index);
	rte_le64_t counter = rte_cpu_to_le_64(session->sending_counter++);
	struct crypto_aead aead;
	struct crypto_text text = {.aead = &aead, .data = message + 16, .bytes = bytes + padding};

	memcpy(message + 4, &receiver, sizeof(receiver));
	memcpy(message + 8, &counter, sizeof(counter));
	memcpy(text.nonce + 4, &counter, sizeof(counter));
	memcpy(message + 16, packet, bytes);
	crypto_aead_init(&aead, CRYPTO_CHACHA20_POLY1305, session->keys.sending);
	crypto_seal(&text, 1);
	return vpn_wrap(frame, tunnel, message, MESSAGE_KEEPALIVE_BYTES + bytes + padding - outer->cut,
			outer);
}

uint32_t vpn_opened(uint32_t index, const uint8_t **packet)
{
	static uint8_t frame[VPN_FRAME_MAX];
	uint8_t *udp, *message;
	uint32_t bytes = read_datagram(index, frame, &udp), receiver;
	const struct session *session;
	struct crypto_aead aead;
	struct crypto_text text = {.aead = &aead};

	if (bytes < ETHERNET + IPV4 + UDP + MESSAGE_KEEPALIVE_BYTES || udp[UDP] != MESSAGE_TRANSPORT)
		return UINT32_MAX;
	message = udp + UDP;
	memcpy(&receiver, message + 4, sizeof(receiver));
	session = session_find(get16(udp + 2) - VPN_LISTEN, rte_le_to_cpu_32(receiver));
	if (session == NULL || session->state != SESSION_LIVE)
		return UINT32_MAX;
	memcpy(text.nonce + 4, message + 8, 8);
	text.data = message + 16;
	text.bytes = frame + bytes - text.data - CRYPTO_TAG_BYTES;
	crypto_aead_init(&aead, CRYPTO_CHACHA20_POLY1305, session->keys.receiving);
	if (crypto_open(&text, 1) != 1)
		return UINT32_MAX;
	*packet = text.data;
	return text.bytes;
}

size_t vpn_packet(const struct craft *craft, uint8_t *packet)
{
	uint8_t frame[CRAFT_MAX];
	size_t bytes = craft_frame(craft, frame) - ETHERNET;

	memcpy(packet, frame + ETHERNET, bytes);
	return bytes;
}

void vpn_receive(uint8_t port, const struct craft *craft)
{
	uint8_t frame[CRAFT_MAX];
	size_t bytes = craft_frame(craft, frame);

	memcpy(frame, port_configs[port].mac, 6);
	nf_host_receive(port, frame, bytes);
}

void vpn_arrive(uint8_t tunnel, const struct craft *craft, const struct vpn_outer *outer)
{
	uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
	size_t bytes = vpn_packet(craft, packet);

	bytes = vpn_seal(frame, tunnel, packet, bytes, -bytes & (PADDING_MULTIPLE - 1), outer);
	nf_host_receive(WAN, frame, bytes);
}

uint64_t vpn_dropped(const char *name)
{
	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		if (strcmp(drop_names[i], name) == 0)
			return stats.dropped[i];
	assert(!"no such reason");
	return 0;
}

uint64_t vpn_dropped_all(void)
{
	uint64_t all = 0;

	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		all += stats.dropped[i];
	return all;
}
