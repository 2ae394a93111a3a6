/* SPDX-License-Identifier: Apache-2.0
 *
 * Rewriting of headers, with their checksums: updated by what changed (RFC 1624), so that one that was wrong
 * stays wrong. Packets have passed input.
 */
#ifndef NF_NAT_REWRITE_H
#define NF_NAT_REWRITE_H

#include <stdbool.h>
#include <rte_mbuf.h>
#include "endpoint.h"

/* Whether a packet's addresses may be others: not where a signature covers them (AH), or a checksum that is
 * not known here (RFC 4340, RFC 3828), or where the ports can't be seen. */
bool rewrite_is_possible(const struct packet_meta *meta);

/* Gives a packet new ends; what is the same already costs nothing. Ports of protocols that have none, or
 * whose checksum is no sum (SCTP), stay as they are. */
void rewrite(struct rte_mbuf *m, const struct ends *to);
void rewrite_source(struct rte_mbuf *m, const struct endpoint *to);
void rewrite_destination(struct rte_mbuf *m, const struct endpoint *to);

/* The ends that a packet has now. */
struct ends rewrite_ends(struct rte_mbuf *m);

/* The common case: TCP or UDP over IPv4, as its record says. `meta` is the packet's. */
void rewrite_ipv4(struct rte_mbuf *m, struct packet_meta *meta, const struct flow_tuple *back);

#endif
