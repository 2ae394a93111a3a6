/* SPDX-License-Identifier: Apache-2.0
 *
 * The clamp; see mss.h. The option may stand at an odd offset, so its bytes are summed in the words they lie
 * in.
 */
#include <netinet/in.h>
#include <rte_common.h>
#include <rte_tcp.h>
#include "nf/appliance.h"
#include "nf/checksum.h"
#include "nf/flow/mss.h"
#include "nf/packet.h"

enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	MSS_OPTION_BYTES = 4,
	IPV6_EXTRA = 20, /* bytes that an IPv6 header is longer */
};

/* What both ports allow; 0: anything. */
static uint16_t limit_of(const struct packet_meta *meta)
{
	uint16_t in = port_configs[meta->in_port].mss;
	uint16_t out = meta->out_port < PORTS_MAX ? port_configs[meta->out_port].mss : 0;
	uint16_t limit = in && out ? RTE_MIN(in, out) : in | out;

	if (limit && meta->flags & PACKET_IPV6)
		limit = limit > IPV6_EXTRA ? limit - IPV6_EXTRA : 1;
	return limit;
}

/* The two bytes of the next size in options from `at` on, or NULL. */
static uint8_t *find_size(uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			return NULL;
		if (*at == OPTION_MSS && at[1] == MSS_OPTION_BYTES)
			return at + 2;
		at += at[1];
	}
	return NULL;
}

/* A checksum that the way out will finish does not have the option in it yet. */
static void lower(struct rte_mbuf *m, struct rte_tcp_hdr *tcp, uint8_t *size, uint16_t limit)
{
	bool odd = (size - (uint8_t *)tcp) & 1;
	rte_be16_t before, after = rte_cpu_to_be_16(limit);

	memcpy(&before, size, sizeof(before));
	if (rte_be_to_cpu_16(before) <= limit)
		return;
	memcpy(size, &after, sizeof(after));
	if (m->ol_flags & (RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG))
		return;
	tcp->cksum = odd ? checksum_update(tcp->cksum, rte_bswap16(before), rte_bswap16(after))
			 : checksum_update(tcp->cksum, before, after);
}

/* Where there are several, each: most receivers take the last one. */
static void clamp(struct rte_mbuf *m, const struct packet_meta *meta)
{
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, m->l2_len + m->l3_len);
	uint8_t *size = (uint8_t *)(tcp + 1), *end = (uint8_t *)tcp + m->l4_len;
	uint16_t limit = limit_of(meta);

	if (!limit)
		return;
	while ((size = find_size(size, end))) {
		lower(m, tcp, size, limit);
		size += sizeof(uint16_t);
	}
}

uint16_t mss_clamp(struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		const struct packet_meta *meta = packet_meta(packets[i]);

		if (unlikely(meta->tcp_flags & RTE_TCP_SYN_FLAG) && meta->protocol == IPPROTO_TCP &&
		    !(meta->flags & PACKET_FRAGMENT))
			clamp(packets[i], meta);
	}
	return count;
}
