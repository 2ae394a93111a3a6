/* SPDX-License-Identifier: Apache-2.0
 *
 * ICMP and ICMPv6 messages that the appliance sends: errors about packets it will not forward, and echo
 * replies.
 */
#ifndef NF_ICMP_H
#define NF_ICMP_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

/* Why an error is sent; icmp.c has the table of types and codes for each family (RFC 792, RFC 1812, RFC
 * 4443). */
enum icmp_error {
	ICMP_ERROR_TTL_EXCEEDED,
	ICMP_ERROR_NO_ROUTE,
	ICMP_ERROR_HOST_UNREACHABLE, /* the next hop does not answer */
	ICMP_ERROR_PROHIBITED,	     /* administratively */
	ICMP_ERROR_PORT_UNREACHABLE,
	ICMP_ERROR_PROTOCOL_UNREACHABLE,
	ICMP_ERROR_TOO_BIG, /* `mtu` says how big it may be */
	ICMP_ERROR_PARAMETER_PROBLEM,
};

/* Sends an error about `offender` to its source, unless RFC 1812, section 4.3.2.7, or RFC 4443, section 2.4
 * (e), forbids it or the rate limit is used up. `offender` has passed input; its data starts at the IP header
 * or at the Ethernet header as l2_len says. Borrows it, and gives it back as it came, if NAT had changed it:
 * the caller then drops it under its own reason. `value` is the MTU of TOO_BIG, the offset of
 * PARAMETER_PROBLEM and of an IPv6 PROTOCOL_UNREACHABLE (the field that names the protocol), else 0. */
void icmp_error_send(struct rte_mbuf *offender, enum icmp_error error, uint32_t value);

/* Whether a message of that type is itself an error or a redirect, about which no error is sent. */
bool icmp_is_error(uint8_t type, bool ipv6);

void icmp_init(void);

#endif
