/* SPDX-License-Identifier: Apache-2.0
 *
 * A port: one vhost-user socket with one pair of queues. librte_vhost speaks the protocol and maps the
 * guest's memory; its rings are served by ring.c, in the one thread that polls.
 *
 * (Not the net_vhost driver: an ethdev would be one more layer over librte_vhost, and hides whether rings are
 * enabled.)
 *
 * What the guest calls receive is queue 0, into which we put; its transmit queue is 1, from which we take. A
 * port is up when the device is there and the guest's side has enabled both rings. Messages arrive on a
 * thread of librte_vhost.
 */
#ifndef GENERATOR_PORT_H
#define GENERATOR_PORT_H

#include "ring.h"

/* Starts EAL on a core, without hugepages, PCI or files. Returns 0 or -1; it has said why. */
int port_begin(int core);

/* Listens. Returns 0 or -1. */
int port_open(int side, const char *socket);
void port_close(int side);

/* A side that was not opened is up, and carries nothing. */
bool port_up(int side);

/* Negotiated: a packed ring. */
bool port_packed(int side);

/* The loop that polls says at the beginning of each turn that it holds nothing of the turn before, and at its
 * end that it holds nothing. */
void port_turn(void);
void port_rest(void);

/* Borrows frames: their bytes are copied. Returns how many found room. */
uint32_t port_send(int side, struct frame *const *frames, uint32_t count);

/* Views of frames in the guest's memory, BURST_MAX at most, until port_release. */
uint32_t port_receive(int side, struct frame *frames, uint32_t count);
void port_release(int side);

#endif
