/* SPDX-License-Identifier: Apache-2.0
 *
 * What a tunnel's datagrams are told of their way: ICMPv6 says "packet too big" where a router of an IPv6
 * endpoint's path has a smaller MTU (RFC 8201), and then the packets inside have to be smaller. Routers of
 * IPv4 cut the datagrams themselves, which may be fragmented.
 *
 * Who is not on the path can make such a message up, but can't quote the index of the peer's session, 32
 * random bits, that each datagram has.
 *
 * A tunnel tells those inside no less than 1280 bytes over IPv6 (RFC 8200, section 5): over a path of less
 * than 1360, IPv6 packets of full size are lost.
 */
#ifndef NF_WIREGUARD_PATH_H
#define NF_WIREGUARD_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include "nf/appliance.h"
#include "nf/host.h"

/* While this is in the future, a peer's MTU may be smaller than its tunnel's. */
extern uint64_t path_lowered_until_ns;

/* Returns 0, or -ENOMEM. */
int path_init(void);

/* Whether a packet that passed input is such a message about a datagram of ours; then it is taken. */
bool path_take(struct rte_mbuf *m);

/* For path_mtu. */
uint16_t path_peer_mtu(const struct rte_mbuf *m, uint8_t port);

/* The MTU for a packet into the tunnel that is `port`: its IP header is where l2_len says. */
static inline uint16_t path_mtu(const struct rte_mbuf *m, uint8_t port)
{
	if (likely(path_lowered_until_ns <= host_now_ns))
		return port_configs[port].mtu;
	return path_peer_mtu(m, port);
}

#endif
