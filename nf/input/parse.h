/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks of input, one file a layer: parse_ipv4.c, parse_ipv6.c, parse_transport.h. All work on headers
 * that input.c made contiguous, borrow the packet, and answer with PARSE_GOOD where nothing is wrong.
 */
#ifndef NF_PARSE_H
#define NF_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/packet.h"

static const enum drop_reason PARSE_GOOD = DROP_REASON_COUNT;

enum {
	EXTENSIONS_MAX = 8, /* IPv6 extension headers of a packet: a limit as RFC 8504, 5.3, allows */
	EXTENSION_BYTES_MAX = 256,
	/* All headers lie in the first so many bytes: Ethernet with tag, IPv6, its extensions, TCP with
	   options. */
	PARSE_BYTES_MAX = 18 + 40 + EXTENSION_BYTES_MAX + 60,
};

/* What input.c found out before: l2_len is set, `flags` has PACKET_L2_GROUP. Sets l3_len, l4_len, packet_type
 * and meta, and cuts off link padding. */
enum drop_reason parse_ipv4(struct rte_mbuf *m, uint8_t port, uint16_t flags);
enum drop_reason parse_ipv6(struct rte_mbuf *m, uint8_t port, uint16_t flags);

/* Where the fragment header of a packet is, which passed parse_ipv6 and has one: bytes behind `ip`, where its
 * IPv6 header starts. *announced becomes the place of the field that says so. */
uint32_t parse_fragment_header(const uint8_t *ip, uint32_t *announced);

/* Removes bytes from the end; the segments that hold nothing else go with them. At least one byte is left. */
static inline void parse_trim(struct rte_mbuf *m, uint32_t bytes)
{
	struct rte_mbuf *last = m;
	uint32_t left = m->pkt_len - bytes;
	uint16_t segments = 1;

	m->pkt_len = left;
	for (; left > last->data_len; segments++) {
		left -= last->data_len;
		last = last->next;
	}
	last->data_len = left;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	m->nb_segs = segments;
}

#endif
