/* SPDX-License-Identifier: Apache-2.0
 *
 * External addresses and ports: which a new flow gets.
 */
#ifndef NF_NAT_POOL_H
#define NF_NAT_POOL_H

#include "binding.h"

void pool_init(void);

/* The external address of a source rule for a packet: of a pool always the same one for an inside host
 * ("paired", RFC 4787, REQ-2). False: the port has no address. */
bool pool_address(const struct nat_source_rule *rule, struct rte_mbuf *m, struct address *external);

/* Whether an address is one of a pool's. */
bool pool_has(const struct nat_source_rule *rule, const struct address *external);

/* Whether an address is NAT's: one of a pool's, or forwarded, or standing for another, on the side of `port`
 * or, for PORT_NONE, on any. A port's own addresses are not. */
bool nat_answers(uint8_t port, bool ipv6, const struct address *address);

/* The rule under which flows from inside get an external address out of a port; NULL: none does. */
const struct nat_source_rule *pool_rule_of(uint8_t out_port, bool ipv6, const struct address *external);

/* A port for a flow from `ends->source` to `ends->destination` at an external address, such that no other
 * flow has it: in `low` .. `high`, in the same half of the ports as the inside one where these allow it (RFC
 * 4787, REQ-3), of the same parity for UDP (REQ-4), and otherwise random (RFC 6056). For a mapping (`bound`)
 * no other mapping has it either. Up to 1,040 ports are looked at: a range of up to 1,024 ports is given out
 * to the last one, and a larger one till nearly none is left. False: none is free. */
struct port_request {
	struct ends ends;
	struct address external;
	uint8_t protocol;
	bool ipv6, bound;
	uint8_t reply_zone;	  /* of the port that replies come in by */
	rte_be16_t type_and_code; /* ICMP: of the query */
	uint16_t low, high;
};
bool pool_port(const struct port_request *request, uint16_t guess, rte_be16_t *port);

/* The first port to look at. What that needs is fetched meanwhile. */
uint16_t pool_guess(const struct port_request *request);

#endif
