/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshake messages: checked on arrival as far as that is cheap, queued, and worked on in bounded portions
 * (load.h). Responses to our initiations wait in a queue of their own, which goes first; then come
 * initiations that we want to send; then those of others. So our own handshakes complete under a flood.
 */
#ifndef NF_WIREGUARD_HANDSHAKE_H
#define NF_WIREGUARD_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nf/reasons.h"
#include "endpoint.h"

struct peer;

/* Empties the queues. */
void handshake_init(void);

/* A datagram to a tunnel whose message isn't of type transport, or is too short to say; copied. Its ending is
 * counted here, in stats.consumed, .held or .dropped: the caller just frees the packet. */
void handshake_receive(uint8_t tunnel, const void *message, size_t bytes,
		       const struct wireguard_endpoint *from);

/* Asks for an initiation to a peer; it is sent by handshake_work unless the last one is less than
 * REKEY_TIMEOUT ago or no endpoint is known. `again`: counts as an attempt of the same handshake. */
void handshake_want(struct peer *peer, bool again);

/* Works on what waits. `idle`: no packets came lately, so take one message and ask to be called soon; else as
 * much as the budget allows. */
void handshake_work(bool idle);

/* When handshake_work has something to do again; UINT64_MAX: nothing waits. */
uint64_t handshake_next(bool idle);

#endif
