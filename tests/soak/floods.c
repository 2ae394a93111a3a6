/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of floods; see floods.h.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "floods.h"
#include "nf/appliance.h"
#include "nf/host.h"

enum { FRAGMENT_HEADER = 8, SERVER_PORT = 80, DATA_MAX = 64, QUOTED = 8, CHANGES_MAX = 6, HEADERS = 80 };

static uint32_t any(uint32_t count)
{
	return host_random() % count;
}

/* A packet in the making, behind the Ethernet header. */
struct making {
	uint8_t *start;
	bool ipv6;
	size_t headers; /* bytes up to the transport */
};

static void outside(bool ipv6, uint8_t *address)
{
	static const uint8_t prefix[16] = {0x20, 1, 0, 2, 0, 0, 0, 0x18};

	if (ipv6)
		memcpy(address, prefix, sizeof(prefix));
	else
		memcpy(address, (uint8_t[]){198, 18}, 2);
	address[ipv6 ? 14 : 2] = any(256);
	address[ipv6 ? 15 : 3] = 1 + any(254);
}

static void inside(bool ipv6, uint8_t *address)
{
	static const uint8_t prefix[16] = {0x20, 1, 0xd, 0xb8, 0, 0xa, 0, 1};

	if (ipv6)
		memcpy(address, prefix, sizeof(prefix));
	else
		memcpy(address, (uint8_t[]){10, 1}, 2);
	address[ipv6 ? 14 : 2] = any(256);
	address[ipv6 ? 15 : 3] = 1 + any(254);
}

/* The appliance, as seen from a port. */
static void own(uint16_t port, bool ipv6, uint8_t *address)
{
	rte_be32_t ipv4 = rte_cpu_to_be_32(port_configs[port].ipv4[0].address);

	if (ipv6)
		memcpy(address, port_configs[port].ipv6[0].address, 16);
	else
		memcpy(address, &ipv4, sizeof(ipv4));
}

/* Addresses and headers without lengths. `fragment`: with room for its header. */
static struct making begin(uint8_t *start, uint16_t port, bool ipv6, uint8_t protocol, bool to_self,
			   bool fragment)
{
	struct rte_ipv4_hdr *ip4 = (void *)start;
	struct rte_ipv6_hdr *ip6 = (void *)start;
	uint8_t *source = ipv6 ? ip6->src_addr : (uint8_t *)&ip4->src_addr;
	uint8_t *destination = ipv6 ? ip6->dst_addr : (uint8_t *)&ip4->dst_addr;

	memset(start, 0, sizeof(*ip6) + FRAGMENT_HEADER);
	if (ipv6) {
		ip6->vtc_flow = rte_cpu_to_be_32(6u << 28);
		ip6->proto = fragment ? IPPROTO_FRAGMENT : protocol;
		ip6->hop_limits = 64;
		start[sizeof(*ip6)] = protocol;
	} else {
		ip4->version_ihl = RTE_IPV4_VHL_DEF;
		ip4->packet_id = host_random();
		ip4->time_to_live = 64;
		ip4->next_proto_id = protocol;
	}
	if (port == LAN) {
		inside(ipv6, source);
		outside(ipv6, destination);
	} else {
		outside(ipv6, source);
		inside(ipv6, destination);
	}
	if (to_self)
		own(port, ipv6, destination);
	return (struct making){start, ipv6,
			       ipv6 ? sizeof(*ip6) + (fragment ? FRAGMENT_HEADER : 0) : sizeof(*ip4)};
}

/* Lengths and checksums. Returns the packet's length. */
static size_t finish(const struct making *making, size_t transport_bytes, uint8_t protocol)
{
	struct rte_ipv4_hdr *ip4 = (void *)making->start;
	struct rte_ipv6_hdr *ip6 = (void *)making->start;
	uint8_t *transport = making->start + making->headers;
	size_t bytes = making->headers + transport_bytes;
	uint16_t *sum = (uint16_t *)(transport + (protocol == IPPROTO_TCP   ? 16
						  : protocol == IPPROTO_UDP ? 6
									    : 2));

	if (making->ipv6) {
		ip6->payload_len = rte_cpu_to_be_16(bytes - sizeof(*ip6));
	} else {
		ip4->total_length = rte_cpu_to_be_16(bytes);
		ip4->hdr_checksum = rte_ipv4_cksum(ip4);
	}
	if (protocol == IPPROTO_ICMP)
		*sum = ~rte_raw_cksum(transport, transport_bytes);
	else if (protocol)
		*sum = making->ipv6 ? rte_ipv6_udptcp_cksum(ip6, transport)
				    : rte_ipv4_udptcp_cksum(ip4, transport);
	return bytes;
}

static size_t make_syn(uint8_t *start, uint16_t port)
{
	bool ipv6 = any(4) == 0;
	struct making making = begin(start, port, ipv6, IPPROTO_TCP, port == WAN && !ipv6, false);
	struct rte_tcp_hdr *tcp = (void *)(start + making.headers);

	*tcp = (struct rte_tcp_hdr){
	    .src_port = host_random(),
	    .dst_port = rte_cpu_to_be_16(SERVER_PORT),
	    .sent_seq = host_random(),
	    .data_off = sizeof(*tcp) / 4 << 4,
	    .tcp_flags = RTE_TCP_SYN_FLAG,
	    .rx_win = UINT16_MAX,
	};
	return finish(&making, sizeof(*tcp), IPPROTO_TCP);
}

static size_t make_udp(uint8_t *start, uint16_t port)
{
	size_t bytes = sizeof(struct rte_udp_hdr) + any(DATA_MAX);
	struct making making = begin(start, port, any(3) == 0, IPPROTO_UDP, port == WAN && any(2), false);
	struct rte_udp_hdr *udp = (void *)(start + making.headers);

	memset(udp, 0, bytes);
	*udp = (struct rte_udp_hdr){host_random(), host_random(), rte_cpu_to_be_16(bytes), 0};
	return finish(&making, bytes, IPPROTO_UDP);
}

/* Puts few ends in the place of many; the appliance stays what it is. */
static void narrow(const struct making *making, uint16_t port)
{
	struct rte_ipv4_hdr *ip4 = (void *)making->start;
	struct rte_ipv6_hdr *ip6 = (void *)making->start;
	uint8_t *source = making->ipv6 ? ip6->src_addr + 14 : (uint8_t *)&ip4->src_addr + 2;
	uint8_t *destination = making->ipv6 ? ip6->dst_addr + 14 : (uint8_t *)&ip4->dst_addr + 2;

	source[0] = 0;
	source[1] = 1 + any(2);
	if (port == LAN)
		memcpy(destination, (uint8_t[]){0, 1}, 2);
}

/* Of few datagrams, so that some overlap; some never begin, some never end. */
static size_t make_fragment(uint8_t *start, uint16_t port)
{
	size_t bytes = 8 * (1 + any(8));
	struct making making = begin(start, port, any(2), IPPROTO_UDP, port == WAN, true);
	uint16_t place = any(3) ? any(100) : 0, id = host_random() & 0xff;
	uint8_t *header = start + sizeof(struct rte_ipv6_hdr);

	narrow(&making, port);
	memset(start + making.headers, 0, bytes);
	if (place == 0)
		((struct rte_udp_hdr *)(start + making.headers))->dgram_len = rte_cpu_to_be_16(1000);
	if (making.ipv6) {
		header[2] = place >> 5;
		header[3] = place << 3 | 1;
		header[6] = id >> 8;
		header[7] = id;
	} else {
		((struct rte_ipv4_hdr *)start)->fragment_offset =
		    rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | place);
		((struct rte_ipv4_hdr *)start)->packet_id = rte_cpu_to_be_16(id);
	}
	return finish(&making, bytes, 0);
}

static size_t make_icmp(uint8_t *start, uint16_t port, bool ipv6, uint8_t type, bool to_self, size_t bytes)
{
	uint8_t protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	struct making making = begin(start, port, ipv6, protocol, to_self, false);
	struct rte_icmp_hdr *icmp = (void *)(start + making.headers);

	*icmp = (struct rte_icmp_hdr){.icmp_type = type, .icmp_ident = host_random()};
	memset(icmp + 1, 0, bytes);
	return finish(&making, sizeof(*icmp) + bytes, protocol);
}

static size_t make_echo(uint8_t *start, uint16_t port)
{
	bool ipv6 = any(2);

	return make_icmp(start, port, ipv6, ipv6 ? 128 : 8, any(2), any(DATA_MAX));
}

static size_t make_error(uint8_t *start, uint16_t port)
{
	uint8_t quoted[FLOOD_BYTES_MAX], protocol;
	size_t bytes = any(2) ? make_udp(quoted, !port) : make_syn(quoted, !port);
	bool ipv6 = quoted[0] >> 4 == 6;
	size_t kept =
	    RTE_MIN(bytes, (ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)) + QUOTED);
	struct making making;

	protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	make_icmp(start, port, ipv6, ipv6 ? 1 + any(4) : any(2) ? 3 : 11, port == WAN, kept);
	making =
	    (struct making){start, ipv6, ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)};
	memcpy(start + making.headers + sizeof(struct rte_icmp_hdr), quoted, kept);
	((struct rte_icmp_hdr *)(start + making.headers))->icmp_cksum = 0;
	if (!ipv6)
		((struct rte_ipv4_hdr *)start)->hdr_checksum = 0;
	return finish(&making, sizeof(struct rte_icmp_hdr) + kept, protocol);
}

static size_t make(enum flood kind, uint16_t port, uint8_t *start)
{
	switch (kind) {
	case FLOOD_SYN:
		return make_syn(start, port);
	case FLOOD_UDP:
		return make_udp(start, port);
	case FLOOD_FRAGMENT:
		return make_fragment(start, port);
	case FLOOD_ECHO:
		return make_echo(start, port);
	default:
		return make_error(start, port);
	}
}

/* Bytes changed, an end cut off; half of the IPv4 headers are made right after. */
static size_t spoil(uint8_t *out, size_t bytes)
{
	struct rte_ipv4_hdr *ip = (void *)(out + sizeof(struct rte_ether_hdr));

	for (uint32_t changes = any(CHANGES_MAX); changes; changes--)
		out[any(any(2) ? RTE_MIN(bytes, (size_t)HEADERS) : bytes)] = host_random();
	if (any(2) && ip->version_ihl == RTE_IPV4_VHL_DEF) {
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	return any(3) ? bytes : 1 + any(bytes);
}

size_t flood_frame(enum flood kind, uint16_t port, uint8_t *out)
{
	struct rte_ether_hdr *ether = (void *)out;
	uint8_t *start = out + sizeof(*ether);
	size_t bytes = sizeof(*ether);

	bytes += make(kind == FLOOD_BROKEN ? any(FLOOD_BROKEN) : kind, port, start);
	memcpy(&ether->dst_addr, port_configs[port].mac, sizeof(ether->dst_addr));
	memcpy(&ether->src_addr, (uint8_t[]){2, 0, 0, 0, 2, 1 + port}, sizeof(ether->src_addr));
	ether->ether_type = rte_cpu_to_be_16(*start >> 4 == 6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	return kind == FLOOD_BROKEN ? spoil(out, bytes) : bytes;
}
