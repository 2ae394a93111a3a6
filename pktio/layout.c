/* SPDX-License-Identifier: Apache-2.0
 *
 * From a frame's first byte to its transport header; see layout.h.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include "layout.h"

enum { VLAN_TAGS_MAX = 2, EXTENSIONS_MAX = 8 };

static bool find_network(const struct rte_mbuf *m, struct layout *layout)
{
	uint16_t offset = offsetof(struct rte_ether_hdr, ether_type), type;
	uint8_t buffer[sizeof(type)];

	for (int tags = 0; tags <= VLAN_TAGS_MAX; tags++, offset += sizeof(struct rte_vlan_hdr)) {
		const uint8_t *bytes = rte_pktmbuf_read(m, offset, sizeof(buffer), buffer);

		if (bytes == NULL)
			return false;
		type = bytes[0] << 8 | bytes[1];
		layout->l2_len = offset + sizeof(type);
		layout->ipv6 = type == RTE_ETHER_TYPE_IPV6;
		if (layout->ipv6 || type == RTE_ETHER_TYPE_IPV4)
			return true;
		if (type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ)
			return false;
	}
	return false;
}

static bool find_transport4(const struct rte_mbuf *m, struct layout *layout)
{
	struct rte_ipv4_hdr buffer;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_read(m, layout->l2_len, sizeof(buffer), &buffer);

	if (ip == NULL || ip->version != 4 || rte_ipv4_hdr_len(ip) < sizeof(*ip))
		return false;
	layout->l3_len = rte_ipv4_hdr_len(ip);
	layout->protocol = ip->next_proto_id;
	return (ip->fragment_offset & htons(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) == 0;
}

static bool find_transport6(const struct rte_mbuf *m, struct layout *layout)
{
	struct rte_ipv6_hdr buffer;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_read(m, layout->l2_len, sizeof(buffer), &buffer);
	uint8_t next;

	if (ip == NULL || (ip->vtc_flow & htonl(0xf0000000)) != htonl(0x60000000))
		return false;
	next = ip->proto;
	layout->l3_len = sizeof(*ip);
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		uint8_t extension[2];
		const uint8_t *p;

		layout->protocol = next;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
			return true;
		p = rte_pktmbuf_read(m, layout->l2_len + layout->l3_len, sizeof(extension), extension);
		if (p == NULL)
			return false;
		next = p[0];
		layout->l3_len += (p[1] + 1) * 8;
	}
	return false;
}

bool layout_find(const struct rte_mbuf *m, struct layout *layout)
{
	if (!find_network(m, layout))
		return false;
	return layout->ipv6 ? find_transport6(m, layout) : find_transport4(m, layout);
}
