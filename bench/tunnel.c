/* SPDX-License-Identifier: Apache-2.0
 *
 * The host on lan and all peers of a tunnel, in one program; see tunnel.h. Each packet is checked: what left
 * for a peer must open with its key, and what a peer sealed must leave on lan, byte for byte.
 */
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "bench/bed.h"
#include "bench/tunnel.h"
#include "crypto/crypto.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/wireguard/config.h"
#include "nf/wireguard/messages.h"
#include "nf/wireguard/peer.h"

enum {
	LEFT_MAX = 2 * IN_FLIGHT,
	TTL = 64,
	SEALED_AT = sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr) +
		    sizeof(struct message_transport),
};

/* What a peer knows of its session. */
struct far {
	uint8_t sending[CRYPTO_KEY_BYTES], receiving[CRYPTO_KEY_BYTES];
	uint32_t remote_index;
	uint64_t counter;
};

static struct far *fars;
static uint32_t numbers[IN_FLIGHT];	    /* peers of the round's packets */
static uint64_t counters[IN_FLIGHT];	    /* of what they send */
static struct rte_mbuf *packets[IN_FLIGHT]; /* the round's */
static struct crypto_aead aeads[IN_FLIGHT];
static struct crypto_text texts[IN_FLIGHT];

static struct rte_mbuf *left[LEFT_MAX];
static uint32_t left_count;

/* Announcements, and messages of handshakes, which have a DSCP. */
static bool is_aside(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
	       ((const struct rte_ipv4_hdr *)(ether + 1))->type_of_service != 0;
}

/* What left is the program's. */
uint16_t host_transmit(uint16_t device, struct rte_mbuf **burst, uint16_t count)
{
	(void)device;
	for (uint16_t i = 0; i < count; i++) {
		if (is_aside(burst[i]))
			rte_pktmbuf_free(burst[i]);
		else if (left_count == LEFT_MAX)
			bed_fail("more packets left than came");
		else
			left[left_count++] = burst[i];
	}
	return count;
}

static void free_left(void)
{
	rte_pktmbuf_free_bulk(left, left_count);
	left_count = 0;
}

/* A session that our side began: nobody has to prove anything. */
static void place_session(uint32_t number)
{
	struct peer *peer = &peers[number];
	struct far *far = &fars[number];
	struct session *session = session_new(peer, SESSION_HANDSHAKE);

	if (!session || !crypto_random(far->sending, sizeof(far->sending)) ||
	    !crypto_random(far->receiving, sizeof(far->receiving)))
		bed_fail("no random bytes for a session");
	memcpy(session->keys.receiving, far->sending, CRYPTO_KEY_BYTES);
	memcpy(session->keys.sending, far->receiving, CRYPTO_KEY_BYTES);
	session->remote_index = number;
	far->remote_index = session->index;
	peer->handshake = session;
	peer_take_session(peer);
}

/* Addresses inside ascend with the peers. */
static uint32_t inside_address(uint32_t number)
{
	return wireguard_allowed_ipv4[number].prefix.address;
}

/* The packet inside: between the host on lan and a peer, its data a pattern that depends on `which`. */
static void make_inner(uint8_t *at, uint32_t bytes, uint32_t which, bool to_peer, uint8_t ttl)
{
	struct rte_ipv4_hdr *ip = (void *)at;
	struct rte_udp_hdr *udp = (void *)(ip + 1);
	uint32_t here = LAN_HOST, there = inside_address(numbers[which]);

	memset(at, (int)which, bytes);
	*ip = (struct rte_ipv4_hdr){
	    .version_ihl = RTE_IPV4_VHL_DEF,
	    .total_length = rte_cpu_to_be_16(bytes),
	    .packet_id = rte_cpu_to_be_16(which),
	    .time_to_live = ttl,
	    .next_proto_id = IPPROTO_UDP,
	    .src_addr = rte_cpu_to_be_32(to_peer ? here : there),
	    .dst_addr = rte_cpu_to_be_32(to_peer ? there : here),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){.dgram_len = rte_cpu_to_be_16(bytes - sizeof(*ip))};
}

static uint8_t *make_ether(struct rte_mbuf *m, uint16_t device, uint32_t bytes)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	rte_pktmbuf_reset(m);
	m->data_len = m->pkt_len = sizeof(*ether) + bytes;
	memset(ether, 0, sizeof(*ether));
	memcpy(&ether->dst_addr, port_configs[device].mac, sizeof(ether->dst_addr));
	ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	return (uint8_t *)(ether + 1);
}

void tunnel_datagram(struct rte_mbuf *m, uint32_t source, uint16_t port, const void *message, uint32_t bytes)
{
	uint32_t payload = sizeof(struct rte_udp_hdr) + bytes;
	struct rte_ipv4_hdr *ip = (void *)make_ether(m, WAN, sizeof(*ip) + payload);
	struct rte_udp_hdr *udp = (void *)(ip + 1);

	*ip = (struct rte_ipv4_hdr){
	    .version_ihl = RTE_IPV4_VHL_DEF,
	    .total_length = rte_cpu_to_be_16(sizeof(*ip) + payload),
	    .time_to_live = TTL,
	    .next_proto_id = IPPROTO_UDP,
	    .src_addr = rte_cpu_to_be_32(source),
	    .dst_addr = rte_cpu_to_be_32(port_configs[WAN].ipv4[0].address),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){.src_port = rte_cpu_to_be_16(port),
				    .dst_port = rte_cpu_to_be_16(wireguard_tunnels[0].listen_port),
				    .dgram_len = rte_cpu_to_be_16(payload)};
	if (message)
		memcpy(udp + 1, message, bytes);
}

static void describe_text(uint32_t which, uint8_t *data, uint32_t bytes, const uint8_t *key, uint64_t counter)
{
	crypto_aead_init(&aeads[which], CRYPTO_CHACHA20_POLY1305, key);
	texts[which] = (struct crypto_text){.aead = &aeads[which], .data = data, .bytes = bytes};
	memcpy(texts[which].nonce + 4, &counter, sizeof(counter));
}

static void take_packets(void)
{
	if (rte_pktmbuf_alloc_bulk(host_packet_pool, packets, IN_FLIGHT))
		bed_fail("no packets");
}

/* Packets on lan, to random peers. */
static void make_plain(uint32_t bytes)
{
	for (uint32_t i = 0; i < IN_FLIGHT; i++) {
		make_inner(make_ether(packets[i], LAN, bytes), bytes, i, true, TTL);
		describe_text(i, rte_pktmbuf_mtod_offset(packets[i], uint8_t *, sizeof(struct rte_ether_hdr)),
			      bytes, fars[numbers[i]].receiving, 0);
	}
}

/* Datagrams on wan, from random peers, still to be sealed. */
static void make_datagrams(uint32_t bytes)
{
	for (uint32_t i = 0; i < IN_FLIGHT; i++) {
		const struct wireguard_peer_config *peer = &wireguard_peers[numbers[i]];
		struct message_transport message = {
		    .type = rte_cpu_to_le_32(MESSAGE_TRANSPORT),
		    .receiver = rte_cpu_to_le_32(fars[numbers[i]].remote_index),
		    .counter = rte_cpu_to_le_64(counters[i]),
		};
		uint8_t *data = rte_pktmbuf_mtod_offset(packets[i], uint8_t *, SEALED_AT);

		tunnel_datagram(packets[i], peer->endpoint.ipv4, peer->endpoint_port, NULL,
			      bytes + MESSAGE_TRANSPORT_OVERHEAD);
		memcpy(data - sizeof(message), &message, sizeof(message));
		make_inner(data, bytes, i, false, TTL);
		describe_text(i, data, bytes, fars[numbers[i]].sending, counters[i]);
	}
}

static uint64_t seal_bare(void)
{
	uint64_t start = bed_now();

	for (uint32_t i = 0; i < IN_FLIGHT; i += BURST_MAX)
		crypto_seal(&texts[i], BURST_MAX);
	return bed_now() - start;
}

static uint64_t open_bare(void)
{
	uint64_t start = bed_now();
	size_t good = 0;

	for (uint32_t i = 0; i < IN_FLIGHT; i += BURST_MAX)
		good += crypto_open(&texts[i], BURST_MAX);
	if (good != IN_FLIGHT)
		bed_fail("a text that was sealed does not open");
	return bed_now() - start;
}

static uint64_t pass_round(uint16_t device)
{
	uint64_t cycles = 0;

	for (uint32_t i = 0; i < IN_FLIGHT; i += BURST_MAX)
		cycles += tunnel_pass(device, &packets[i], BURST_MAX);
	return cycles;
}

static void compare(const uint8_t *found, uint32_t bytes, uint32_t which, bool to_peer)
{
	uint8_t wanted[TUNNEL_INNER_MAX];

	make_inner(wanted, bytes, which, to_peer, TTL - 1);
	if (memcmp(found, wanted, bytes) != 0)
		bed_fail("a packet is not what it was");
}

/* What left on wan opens with its peers' keys. */
static void check_sealed(uint32_t bytes)
{
	if (left_count != IN_FLIGHT)
		bed_fail("not every packet was sealed");
	for (uint32_t i = 0; i < IN_FLIGHT; i++) {
		struct message_transport message;
		uint8_t *data = rte_pktmbuf_mtod_offset(left[i], uint8_t *, SEALED_AT);

		memcpy(&message, data - sizeof(message), sizeof(message));
		if (left[i]->pkt_len != SEALED_AT + bytes + CRYPTO_TAG_BYTES ||
		    rte_le_to_cpu_32(message.receiver) != numbers[i])
			bed_fail("a packet went to somebody else");
		describe_text(i, data, bytes, fars[numbers[i]].receiving, rte_le_to_cpu_64(message.counter));
	}
	open_bare();
	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		compare(texts[i].data, bytes, i, true);
}

static void check_opened(uint32_t bytes)
{
	if (left_count != IN_FLIGHT)
		bed_fail("not every packet was opened");
	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		compare(rte_pktmbuf_mtod_offset(left[i], uint8_t *, sizeof(struct rte_ether_hdr)), bytes, i,
			false);
}

static void begin(void)
{
	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		numbers[i] = host_random() % wireguard_peer_count;
	take_packets();
}

/* Without a check: all that counts is that as many packets went on. */
static void end(uint32_t bytes, bool check, void (*check_left)(uint32_t bytes))
{
	if (bed_forwarded() != IN_FLIGHT)
		bed_fail("not every packet was forwarded");
	if (check)
		check_left(bytes);
	free_left();
}

uint64_t tunnel_seal(uint32_t bytes, bool check)
{
	uint64_t cycles;

	begin();
	make_plain(bytes);
	cycles = pass_round(LAN);
	end(bytes, check, check_sealed);
	return cycles;
}

uint64_t tunnel_open(uint32_t bytes, bool check)
{
	uint64_t cycles;

	begin();
	for (uint32_t i = 0; i < IN_FLIGHT; i++)
		counters[i] = fars[numbers[i]].counter++;
	make_datagrams(bytes);
	seal_bare();
	cycles = pass_round(WAN);
	end(bytes, check, check_opened);
	return cycles;
}

struct bare tunnel_bare(uint32_t bytes)
{
	struct bare bare;

	begin();
	make_plain(bytes);
	bare.seal = seal_bare();
	make_datagrams(bytes);
	seal_bare();
	bare.open = open_bare();
	rte_pktmbuf_free_bulk(packets, IN_FLIGHT);
	return bare;
}

void tunnel_start(void)
{
	fars = calloc(wireguard_peer_count, sizeof(fars[0]));
	if (fars == NULL)
		bed_fail("no memory for the peers");
	for (uint32_t i = 0; i < wireguard_peer_count; i++) {
		if (wireguard_allowed_ipv4[i].peer != i)
			bed_fail("peers are not in the order of their addresses");
		place_session(i);
	}
}
