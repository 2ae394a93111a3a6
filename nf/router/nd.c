/* SPDX-License-Identifier: Apache-2.0
 *
 * Neighbour discovery: checks of RFC 4861, section 7.1, answers, and what the neighbour cache may learn.
 * Called by input.c for arrivals and by neighbour.c to ask.
 *
 * Ours are addresses that a person configured, so that of duplicate address detection (RFC 4862) only the
 * defence is here: they are announced at the start, and a probe for one is answered. Router solicitations
 * and advertisements and redirects are consumed: the appliance is a router that does not advertise itself.
 */
#include <string.h>
#include <netinet/in.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include "nf/checksum.h"
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "nd.h"
#include "neighbour.h"
#include "output.h"

enum {
	ND_ROUTER_SOLICITATION = 133,
	ND_SOLICITATION = 135,
	ND_ADVERTISEMENT = 136,
	ND_REDIRECT = 137,
	ND_HOP_LIMIT = 255,
	OPTION_SOURCE_ADDRESS = 1,
	OPTION_TARGET_ADDRESS = 2,
	OPTION_UNIT = 8,
	MESSAGE_MAX = 1500,
};

/* Flags of an advertisement, in its first byte after the checksum. */
enum { ADVERTISE_ROUTER = 0x80, ADVERTISE_SOLICITED = 0x40, ADVERTISE_OVERRIDE = 0x20 };

/* Solicitation and advertisement (RFC 4861, sections 4.3 and 4.4). */
struct nd_message {
	uint8_t type, code;
	rte_be16_t checksum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
};
_Static_assert(sizeof(struct nd_message) == 24, "on the wire");

struct nd_link_option {
	uint8_t type, units;
	struct rte_ether_addr mac;
};
_Static_assert(sizeof(struct nd_link_option) == OPTION_UNIT, "on the wire");

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t unspecified[16];

bool nd_is_message(uint8_t type)
{
	return type >= ND_ROUTER_SOLICITATION && type <= ND_REDIRECT;
}

/* RFC 4291, section 2.7.1. */
static void make_solicited_node(uint8_t group[16], const uint8_t address[16])
{
	static const uint8_t start[13] = {0xff, 2, [11] = 1, [12] = 0xff};

	memcpy(group, start, sizeof(start));
	memcpy(group + 13, address + 13, 3);
}

/* RFC 2464, section 7. */
static struct rte_ether_addr group_mac(const uint8_t group[16])
{
	return (struct rte_ether_addr){{0x33, 0x33, group[12], group[13], group[14], group[15]}};
}

/* Sends a message with one link-layer address option. `flags` are an advertisement's. */
static void send_message(uint8_t port, uint8_t type, uint8_t flags, const uint8_t target[16],
			 const uint8_t source[16], const uint8_t destination[16],
			 const struct rte_ether_addr *to)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);
	struct rte_ipv6_hdr *ip;
	struct nd_message *message;
	struct nd_link_option *option;
	const uint16_t bytes = sizeof(*message) + sizeof(*option);

	if (!m)
		return;
	ip = (void *)rte_pktmbuf_append(m, sizeof(*ip) + bytes);
	message = (void *)(ip + 1);
	option = (void *)(message + 1);
	*ip = (struct rte_ipv6_hdr){.vtc_flow = rte_cpu_to_be_32(6u << 28),
				    .payload_len = rte_cpu_to_be_16(bytes),
				    .proto = IPPROTO_ICMPV6,
				    .hop_limits = ND_HOP_LIMIT};
	memcpy(ip->src_addr, source, 16);
	memcpy(ip->dst_addr, destination, 16);
	*message = (struct nd_message){.type = type, .flags = flags};
	memcpy(message->target, target, 16);
	*option = (struct nd_link_option){.units = 1, .mac = ports[port].mac};
	option->type = type == ND_SOLICITATION ? OPTION_SOURCE_ADDRESS : OPTION_TARGET_ADDRESS;
	message->checksum = ~checksum_icmpv6(m, ip, sizeof(*ip), bytes);
	*packet_meta(m) = (struct packet_meta){.in_port = port, .out_port = port, .flags = PACKET_ORIGINATED};
	output_header(m, port, to, RTE_ETHER_TYPE_IPV6);
	output_packet(m, port);
}

void nd_solicit(uint8_t port, const uint8_t address[16], const struct rte_ether_addr *mac)
{
	uint8_t group[16];
	struct rte_ether_addr to;

	make_solicited_node(group, address);
	to = mac ? *mac : group_mac(group);
	send_message(port, ND_SOLICITATION, 0, address, port_source_ipv6(port, address),
		     mac ? address : group, &to);
}

static void announce(uint8_t port, const uint8_t address[16])
{
	struct rte_ether_addr to = group_mac(all_nodes);

	send_message(port, ND_ADVERTISEMENT, ADVERTISE_ROUTER | ADVERTISE_OVERRIDE, address, address,
		     all_nodes, &to);
}

void nd_announce(uint8_t port)
{
	announce(port, ports[port].link_local);
	for (uint16_t i = 0; i < port_configs[port].ipv6_count; i++)
		announce(port, port_configs[port].ipv6[i].address);
}

void nd_announce_other(uint8_t port, const uint8_t address[16])
{
	if (port_is_on_link_ipv6(port, address) && !port_is_anycast_ipv6(port, address) &&
	    !ports_forbid_ipv6(address))
		announce(port, address);
}

/* Walks the options: each has a length, and they fill the message. Gives the last link-layer address of type
 * `wanted`, if there is one that a station can have. */
static bool read_options(const uint8_t *at, const uint8_t *end, uint8_t wanted,
			 const struct rte_ether_addr **mac)
{
	*mac = NULL;
	while (at < end) {
		const struct nd_link_option *option = (const void *)at;

		if (end - at < OPTION_UNIT || option->units == 0 || end - at < option->units * OPTION_UNIT)
			return false;
		if (option->type == wanted && option->units == 1) {
			if (!rte_is_valid_assigned_ether_addr(&option->mac))
				return false;
			*mac = &option->mac;
		}
		at += option->units * OPTION_UNIT;
	}
	return true;
}

static void hear(uint8_t port, const uint8_t source[16], const struct rte_ether_addr *mac)
{
	struct neighbour_key key = neighbour_key_ipv6(port, source);
	struct neighbour *neighbour = neighbour_find(&key);

	if (!neighbour && port_is_on_link_ipv6(port, source))
		neighbour = neighbour_get(&key);
	if (neighbour)
		neighbour_hear(neighbour, mac);
}

/* RFC 4861, sections 7.1.1 and 7.2.3. False: the message is bad. An anycast address is everybody's on the
 * link, so nobody overrides another's answer (section 7.2.7) or has it alone. The delay of that section is
 * left out. */
static bool solicited(const struct rte_ipv6_hdr *ip, const struct nd_message *message, uint8_t port,
		      const struct rte_ether_addr *source_option, const struct rte_ether_addr *source_mac)
{
	bool probe = memcmp(ip->src_addr, unspecified, 16) == 0;
	bool own = port_owns_ipv6(port, message->target) || nat_answers_ipv6(port, message->target);
	uint8_t group[16];

	make_solicited_node(group, message->target);
	if (probe && (source_option || memcmp(ip->dst_addr, group, 16)))
		return false;
	if (!own && (probe || !port_is_anycast_ipv6(port, message->target)))
		return true;
	if (source_option)
		hear(port, ip->src_addr, source_option);
	if (probe) {
		announce(port, message->target);
	} else {
		send_message(port, ND_ADVERTISEMENT,
			     ADVERTISE_ROUTER | ADVERTISE_SOLICITED | (own ? ADVERTISE_OVERRIDE : 0),
			     message->target, own ? message->target : port_source_ipv6(port, ip->src_addr),
			     ip->src_addr, source_option ? source_option : source_mac);
	}
	return true;
}

/* RFC 4861, sections 7.1.2 and 7.2.5. False: the message is bad. */
static bool advertised(const struct rte_ipv6_hdr *ip, const struct nd_message *message, uint8_t port,
		       const struct rte_ether_addr *mac)
{
	struct neighbour_key key = neighbour_key_ipv6(port, message->target);
	struct neighbour *n = neighbour_find(&key);
	bool is_solicited = message->flags & ADVERTISE_SOLICITED;

	if (is_solicited && ipv6_is_multicast(ip->dst_addr))
		return false;
	if (!n || (!mac && !neighbour_is_usable(n)))
		return true;
	if (!mac)
		mac = &n->mac;
	if (neighbour_is_usable(n) && !rte_is_same_ether_addr(mac, &n->mac) &&
	    !(message->flags & ADVERTISE_OVERRIDE))
		neighbour_doubt(n);
	else if (is_solicited)
		neighbour_confirm(n, mac);
	else
		neighbour_hear(n, mac);
	return true;
}

/* What solicitation and advertisement have in common. False: the message is bad. */
static bool handle(struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, uint32_t offset, uint32_t bytes)
{
	const struct nd_message *message = rte_pktmbuf_mtod_offset(m, const struct nd_message *, offset);
	const uint8_t *options = (const uint8_t *)(message + 1), *end = (const uint8_t *)message + bytes;
	const struct rte_ether_addr *source_mac = &rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->src_addr,
				    *mac;
	uint8_t port = packet_meta(m)->in_port;
	bool asks = message->type == ND_SOLICITATION;

	if (bytes < sizeof(*message) || ipv6_is_multicast(message->target))
		return false;
	if (!read_options(options, end, asks ? OPTION_SOURCE_ADDRESS : OPTION_TARGET_ADDRESS, &mac))
		return false;
	if (asks)
		return solicited(ip, message, port, mac, source_mac);
	return memcmp(ip->src_addr, unspecified, 16) && advertised(ip, message, port, mac);
}

void nd_input(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	uint32_t offset = m->l2_len + m->l3_len, bytes = m->pkt_len - offset;
	const struct rte_ipv6_hdr *ip;
	const struct nd_message *message;
	bool good;

	if (bytes > MESSAGE_MAX || (m->nb_segs > 1 && rte_pktmbuf_linearize(m))) {
		packet_drop(m, DROP_ND_BAD);
		return;
	}
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len);
	message = rte_pktmbuf_mtod_offset(m, const struct nd_message *, offset);
	good = ip->hop_limits == ND_HOP_LIMIT && message->code == 0 && !(meta->flags & PACKET_FRAGMENT) &&
	       checksum_icmpv6(m, ip, offset, bytes) == 0xffff;
	if (good && (message->type == ND_SOLICITATION || message->type == ND_ADVERTISEMENT))
		good = handle(m, ip, offset, bytes);
	if (good)
		packet_consume(m);
	else
		packet_drop(m, DROP_ND_BAD);
}
