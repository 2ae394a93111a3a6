/* SPDX-License-Identifier: Apache-2.0
 *
 * Tuples of packets, and the tuples of their answers.
 */
#ifndef NF_FLOW_TUPLE_H
#define NF_FLOW_TUPLE_H

#include <stdint.h>
#include <string.h>
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include "nf/appliance.h"
#include "nf/flow/record.h"
#include "nf/packet.h"

/* The tuple of a packet that has passed input and reassembly, as its headers are now. `ipv6` is written for
 * IPv6 only. Written in two halves, as flow_hash reads it: a processor hands on what was just stored only
 * when it is read as it was stored. */
static inline void flow_tuple_read(struct rte_mbuf *m, struct flow_tuple *tuple, struct flow_addresses *ipv6)
{
	const struct packet_meta *meta = packet_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	uint64_t is_ipv6 = !!(meta->flags & PACKET_IPV6), half = 0;

	if (unlikely(is_ipv6))
		memcpy(ipv6, ip + offsetof(struct rte_ipv6_hdr, src_addr), sizeof(*ipv6));
	else
		memcpy(&half, ip + offsetof(struct rte_ipv4_hdr, src_addr), sizeof(half));
	memcpy(tuple, &half, sizeof(half));
	half = meta->source_port | (uint32_t)meta->destination_port << 16 | (uint64_t)meta->protocol << 32 |
	       (uint64_t)port_configs[meta->in_port].zone << 40 | is_ipv6 << 48;
	memcpy(&tuple->source_port, &half, sizeof(half));
}

/* What answers to packets of a tuple look like, where they arrive in `zone`. */
void flow_tuple_reverse(const struct flow_tuple *tuple, const struct flow_addresses *ipv6, uint8_t zone,
			struct flow_tuple *reverse, struct flow_addresses *reverse_ipv6);

#endif
