/* SPDX-License-Identifier: Apache-2.0
 *
 * State and DSCP in one byte of the classifier's key. The states have two bits, chosen so that the
 * combinations that rules ask for are one value and mask each, or two.
 */
#ifndef NF_FIREWALL_CONDITION_H
#define NF_FIREWALL_CONDITION_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_ip.h>
#include "nf/appliance.h"
#include "nf/packet.h"

enum {
	CODE_NEW = 0,
	CODE_ESTABLISHED = 1,
	CODE_INVALID = 2,
	CODE_RELATED = 3,
	CODE_BITS = 2,
	STATES_USUAL = STATE_NEW | STATE_ESTABLISHED | STATE_RELATED,
};

struct byte_pattern {
	uint8_t value, mask;
};

/* The states that a match asks for: what its 0 stands for written out. */
static inline uint8_t states_of_match(const struct match_common *common)
{
	return common->states ? common->states : STATES_USUAL;
}

/* Returns how many patterns (1 or 2) together are a match's states and DSCP. */
uint32_t condition_patterns(const struct match_common *common, struct byte_pattern patterns[2]);

/* The codes of all states, each where its bit says. */
enum {
	STATE_CODES = CODE_ESTABLISHED << CODE_BITS * STATE_ESTABLISHED |
		      CODE_RELATED << CODE_BITS * STATE_RELATED | CODE_INVALID << CODE_BITS * STATE_INVALID
};

/* Of a packet's state; 0, where there are no flows, is NEW. */
static inline uint8_t state_code(uint8_t state)
{
	return STATE_CODES >> CODE_BITS * state & ((1 << CODE_BITS) - 1);
}

/* RFC 2474: the upper six bits of the former TOS octet, and of the traffic class. */
static inline uint8_t dscp_of_ipv4(const struct rte_ipv4_hdr *ip)
{
	return ip->type_of_service >> 2;
}

static inline uint8_t dscp_of_ipv6(const struct rte_ipv6_hdr *ip)
{
	return rte_be_to_cpu_32(ip->vtc_flow) >> 22 & 0x3f;
}

static inline uint8_t condition_of(const struct packet_meta *meta, uint8_t dscp)
{
	return state_code(meta->state) | dscp << CODE_BITS;
}

#endif
