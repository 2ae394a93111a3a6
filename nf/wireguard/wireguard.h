/* SPDX-License-Identifier: Apache-2.0
 *
 * WireGuard tunnels as stages of the chain. A tunnel is a port: what its peers send arrives on it, and what
 * is routed to it goes to a peer. In between are sealed datagrams, which arrive and leave as any others: to
 * the books, what opens one consumes it and lets another packet arrive, and what seals a packet sends it and
 * originates a datagram.
 *
 *     arrival   input - reassembly - wireguard_take - the chain - ... - wireguard_open - the chain again
 *     way out   router_forward - wireguard_send ... - wireguard_flush - router_originate_sealed
 *
 * A super-frame is cut before wireguard_send (segment.h); TCP segments of one burst are put together by
 * wireguard_open (coalesce.h), where a device takes super-frames.
 */
#ifndef NF_WIREGUARD_H
#define NF_WIREGUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/wireguard/config.h"

/* Returns 0, or -errno after a host_log line. Needs the router. */
int wireguard_init(void);

/* Takes the datagrams that are to one of the tunnels, out of packets that passed input and reassembly, at
 * most BURST_MAX until wireguard_open, and keeps them for wireguard_open, and what routers say about such
 * datagrams (path.h). The others stay in their order; returns how many. No rule of the firewall is asked: a
 * tunnel takes what its keys open. */
uint16_t wireguard_take(struct rte_mbuf **packets, uint16_t count);

/* Whether a datagram, of which this may be the first fragment, is one that wireguard_take takes. */
bool wireguard_wants(struct rte_mbuf *m);

/* Opens what was taken, a burst at most, into `packets`: as input leaves them, on the tunnel's port. 0: no
 * more. */
uint16_t wireguard_open(struct rte_mbuf **packets);

/* Takes an IP packet (data starts at IP, l2_len 0) to the peer on that port that is allowed its destination;
 * of those that have PACKET_PIECE, the first stands for their datagram in the books. Sent at wireguard_flush,
 * or when there is a session. */
void wireguard_send(struct rte_mbuf *m, uint8_t port);

/* Whether there is a peer that wireguard_send would take the packet to; if not, ends it, and tells the
 * sender: of a datagram that is to be cut, since a piece can't speak for it. */
bool wireguard_reaches(struct rte_mbuf *m, uint8_t port);

/* Seals what was sent, and gives it to the router. Before output_flush. */
void wireguard_flush(void);

/* Timers and handshakes; see appliance_tick. */
uint64_t wireguard_tick(void);

#endif
