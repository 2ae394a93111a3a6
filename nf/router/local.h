/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets that are for the appliance itself.
 */
#ifndef NF_LOCAL_H
#define NF_LOCAL_H

#include <stdbool.h>
#include <rte_mbuf.h>

/* Takes a packet that has passed input and router_lookup, whose out_port is PORT_SELF. */
void local_deliver(struct rte_mbuf *m);

/* Whether a datagram, of which this may be the first fragment, is one that is answered in full: an echo
 * request to an address of ours. */
bool local_wants(struct rte_mbuf *m);

#endif
