/* SPDX-License-Identifier: Apache-2.0
 *
 * A port: one vhost-user socket with one pair of queues, by librte_vhost.
 *
 * librte_vhost itself, not the net_vhost driver over it: that one would come with an ethdev, counters for
 * each packet and a second look at each burst, and would hide whether the rings are enabled.
 *
 * What the guest calls receive is queue 0, into which we put; its transmit queue is 1, from which we take. A
 * port is up when the device is there and the guest's side has enabled both rings. Messages arrive on a
 * thread of librte_vhost; what it changes is read by the one thread that polls.
 */
#ifndef GENERATOR_PORT_H
#define GENERATOR_PORT_H

#include <stdint.h>
#include <rte_mbuf.h>
#include "generator.h"

/* Starts EAL on a core, without hugepages, PCI or files. Returns 0 or -1; it has said why. */
int port_begin(int core);

/* Listens. Returns 0 or -1. */
int port_open(int side, const char *socket);
void port_close(int side);

bool port_up(int side);

/* Negotiated: a packed ring. */
bool port_packed(int side);

/* The loop that polls says at the beginning of each turn that it holds no device of the turn before, and at
 * its end that it holds none. */
void port_turn(void);
void port_rest(void);

/* Lends mbufs: their bytes are copied, and they stay the caller's. Returns how many found room. */
uint16_t port_send(int side, struct rte_mbuf **mbufs, uint16_t count);

/* Gives mbufs: each is one segment. The caller frees them. */
uint16_t port_receive(int side, struct rte_mbuf **mbufs, uint16_t count);

/* An mbuf of the caller's own. NULL: no memory. */
struct rte_mbuf *port_mbuf(void);

#endif
