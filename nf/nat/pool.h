/* SPDX-License-Identifier: Apache-2.0
 *
 * External addresses and ports: which a new flow gets.
 */
#ifndef NF_NAT_POOL_H
#define NF_NAT_POOL_H

#include "binding.h"

void pool_init(void);

/* The external address of a source rule for a packet: of a pool always the same one for an inside host
 * ("paired", RFC 4787, REQ-2), whose flows are refused when that has no port left (RFC 7857, section 4, which
 * allows a parameter to have it otherwise: nat_source_rule.arbitrary). False: the port has no address. */
bool pool_address(const struct nat_source_rule *rule, struct rte_mbuf *m, struct address *external);

/* The address of a pool that is so many behind another one of it, round the end. */
struct address pool_behind(const struct nat_source_rule *rule, const struct address *external,
			   uint32_t steps);

/* Addresses of a pool: 1 .. 2^32. */
uint64_t pool_size(const struct nat_source_rule *rule);

/* Whether an address is one of a pool's. */
bool pool_has(const struct nat_source_rule *rule, const struct address *external);

/* The rule that a mapping was made by. Where it may have been one of several, the one that lets in the
 * fewest. NULL: none; hairpinning made it. */
const struct nat_source_rule *pool_rule_of(const struct binding *mapping);

/* A port for a flow from `ends->source` to `ends->destination` at an external address, such that no other
 * flow has it: in `low` .. `high`, in the same half of the ports as the inside one where these allow it (RFC
 * 4787, REQ-3), of the same parity for UDP (REQ-4), and otherwise random (RFC 6056). For a mapping (`bound`)
 * no other mapping has it either, nor is it forwarded. Never one that a tunnel listens on.
 *
 * The price has a bound. A few ports are tried at random. When these are taken, up to 1,024 are looked at one
 * after the other, from where the last such walk ended, parity or not: so a range of up to 1,024 is given out
 * to the last one, and of a larger one each port gets its turn. There are only so many walks a second, a few
 * per cent of the time; beyond that, chance decides. False: none is free. */
struct port_request {
	struct ends ends;
	struct address external;
	uint8_t protocol;
	bool ipv6, bound;
	uint8_t reply_zone;	  /* of the port that replies come in by */
	rte_be16_t type_and_code; /* ICMP: of the query */
	uint16_t low, high;
	uint32_t *cursor; /* where the rule's last walk ended */
};
bool pool_port(const struct port_request *request, uint16_t guess, rte_be16_t *port);

/* The first port to look at. What that needs is fetched meanwhile. */
uint16_t pool_guess(const struct port_request *request);

#endif
