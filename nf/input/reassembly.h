/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual reassembly: fragments pass one by one, but each is judged by the datagram that it belongs to. The
 * first fragment shows ports and flags; the later ones are given the same in their packet_meta, and so find
 * the same flow and meet the same rules. Fragments that come before the first are held, a few a datagram and
 * a bounded number in all, for a bounded time. So are those of a datagram that the appliance itself is to
 * read (assemble.h), until it can go on in one piece.
 *
 * A datagram of which two fragments overlap is dropped, with all that comes of it later (RFC 5722; RFC 8200,
 * section 4.5); for IPv4 too, as RFC 1858 and RFC 3128 would have it.
 */
#ifndef NF_REASSEMBLY_H
#define NF_REASSEMBLY_H

#include <stdint.h>
#include <rte_mbuf.h>

int reassembly_init(void);

/* A stage after input. Holds what has to wait. */
uint16_t reassembly(struct rte_mbuf **packets, uint16_t count);

/* Hands out fragments that need not wait any longer, in order, at most BURST_MAX; called until it returns 0.
 */
uint16_t reassembly_release(struct rte_mbuf **packets);

/* Ends datagrams that never became whole. Returns when it wants to be called next. */
uint64_t reassembly_tick(void);

#endif
