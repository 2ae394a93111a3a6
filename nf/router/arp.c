/* SPDX-License-Identifier: Apache-2.0
 *
 * Address resolution for IPv4: checks, answers, and what the neighbour cache may learn of a message. Called
 * by input.c for arrivals and by neighbour.c to ask.
 *
 * Learning follows RFC 826: what is known is updated by any message, an unknown sender is only taken up if it
 * asks for us. A reply confirms only what we asked for; an unsolicited one makes no entry.
 */
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <rte_arp.h>
#include "nf/bucket.h"
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "arp.h"
#include "neighbour.h"
#include "output.h"

static struct bucket defences = {.interval_ns = UINT64_C(10000000000), .burst = 1}; /* DEFEND_INTERVAL */

static const struct rte_ether_addr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* Makes a message of a packet without data and sends it. Takes it. `target` and `own` as on the wire. */
static void send_message(struct rte_mbuf *m, uint8_t port, uint16_t operation, rte_be32_t own,
			 rte_be32_t target, const struct rte_ether_addr *to)
{
	struct rte_arp_hdr *arp = (void *)rte_pktmbuf_append(m, sizeof(*arp));

	*arp = (struct rte_arp_hdr){
	    .arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
	    .arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
	    .arp_hlen = RTE_ETHER_ADDR_LEN,
	    .arp_plen = sizeof(rte_be32_t),
	    .arp_opcode = rte_cpu_to_be_16(operation),
	    .arp_data = {.arp_sha = ports[port].mac, .arp_sip = own, .arp_tip = target},
	};
	if (operation == RTE_ARP_OP_REPLY)
		arp->arp_data.arp_tha = *to;
	*packet_meta(m) = (struct packet_meta){.in_port = port, .out_port = port, .flags = PACKET_ORIGINATED};
	output_header(m, port, to, RTE_ETHER_TYPE_ARP);
	output_packet(m, port);
}

void arp_request(uint8_t port, const uint8_t address[4], const struct rte_ether_addr *mac)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);
	rte_be32_t target;

	if (!m)
		return;
	memcpy(&target, address, sizeof(target));
	send_message(m, port, RTE_ARP_OP_REQUEST,
		     rte_cpu_to_be_32(port_source_ipv4(port, rte_be_to_cpu_32(target))), target,
		     mac ? mac : &everybody);
}

static void announce(uint8_t port, rte_be32_t address)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);

	if (m)
		send_message(m, port, RTE_ARP_OP_REQUEST, address, address, &everybody);
}

void arp_announce(uint8_t port)
{
	for (uint16_t i = 0; i < port_configs[port].ipv4_count; i++)
		announce(port, rte_cpu_to_be_32(port_configs[port].ipv4[i].address));
}

void arp_announce_other(uint8_t port, const uint8_t address[4])
{
	rte_be32_t wire;

	memcpy(&wire, address, sizeof(wire));
	if (port_is_on_link_ipv4(port, rte_be_to_cpu_32(wire)) && !ports_forbid_ipv4(rte_be_to_cpu_32(wire)))
		announce(port, wire);
}

static bool is_well_formed(const struct rte_arp_hdr *arp)
{
	uint16_t operation = rte_be_to_cpu_16(arp->arp_opcode);

	return arp->arp_hardware == rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) &&
	       arp->arp_protocol == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) &&
	       arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == sizeof(rte_be32_t) &&
	       (operation == RTE_ARP_OP_REQUEST || operation == RTE_ARP_OP_REPLY);
}

/* A station has a unicast address of each kind; ours in the sender's place is our own message, looped. */
static bool is_plausible(const struct rte_arp_ipv4 *data, uint8_t port)
{
	uint32_t sender = rte_be_to_cpu_32(data->arp_sip);

	return rte_is_valid_assigned_ether_addr(&data->arp_sha) &&
	       !rte_is_same_ether_addr(&data->arp_sha, &ports[port].mac) && !IN_MULTICAST(sender) &&
	       !IN_BADCLASS(sender) && sender >> 24 != IN_LOOPBACKNET;
}

/* Somebody else uses our address: says so, and defends it as RFC 5227, section 2.4 (c), describes. */
static void defend(const struct rte_arp_ipv4 *data, uint8_t port)
{
	const uint8_t *ip = (const uint8_t *)&data->arp_sip, *mac = data->arp_sha.addr_bytes;
	char line[128];

	if (!bucket_take(&defences, host_now_ns))
		return;
	snprintf(line, sizeof(line), "arp: %s: %02x:%02x:%02x:%02x:%02x:%02x uses our address %u.%u.%u.%u",
		 port_configs[port].name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], ip[0], ip[1], ip[2],
		 ip[3]);
	host_log(line);
	announce(port, data->arp_sip);
}

/* Addresses that stand for others are answered for and defended as our own. */
static bool is_ours(uint8_t port, rte_be32_t address)
{
	return port_owns_ipv4(port, rte_be_to_cpu_32(address)) ||
	       nat_answers_ipv4(port, rte_be_to_cpu_32(address));
}

static void learn(const struct rte_arp_ipv4 *data, uint8_t port, bool reply, bool for_us)
{
	uint32_t sender = rte_be_to_cpu_32(data->arp_sip);
	struct neighbour_key key = neighbour_key_ipv4(port, sender);
	struct neighbour *neighbour = neighbour_find(&key);

	if (!neighbour && for_us && !reply && port_is_on_link_ipv4(port, sender))
		neighbour = neighbour_get(&key);
	if (!neighbour)
		return;
	if (reply && for_us)
		neighbour_confirm(neighbour, &data->arp_sha);
	else
		neighbour_hear(neighbour, &data->arp_sha);
}

/* Answers in the request's own buffer: the arrival is consumed, and what leaves is originated. Takes it. */
static void answer(struct rte_mbuf *m, uint8_t port, const struct rte_arp_ipv4 *asked)
{
	struct rte_ether_addr to = asked->arp_sha;
	rte_be32_t own = asked->arp_tip, sender = asked->arp_sip;

	stats.consumed++;
	m->ol_flags = 0;
	rte_pktmbuf_reset_headroom(m);
	rte_pktmbuf_trim(m, m->data_len);
	send_message(m, port, RTE_ARP_OP_REPLY, own, sender, &to);
}

void arp_input(struct rte_mbuf *m, uint8_t port)
{
	struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, m->l2_len);
	struct rte_arp_ipv4 data;
	bool reply, for_us;

	if (m->data_len < m->l2_len + sizeof(*arp) || !is_well_formed(arp) ||
	    !is_plausible(&arp->arp_data, port)) {
		packet_drop(m, DROP_ARP_BAD);
		return;
	}
	data = arp->arp_data;
	reply = arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
	for_us = is_ours(port, data.arp_tip);
	if (is_ours(port, data.arp_sip))
		defend(&data, port);
	else if (data.arp_sip != 0)
		learn(&data, port, reply, for_us);
	if (for_us && !reply && m->nb_segs == 1)
		answer(m, port, &data);
	else
		packet_consume(m);
}
