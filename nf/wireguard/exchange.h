/* SPDX-License-Identifier: Apache-2.0
 *
 * A peer's part in handshakes: what handshake.c does with a message when its turn has come. This is where
 * the expensive work is; each function says what it cost, in multiplications of X25519.
 */
#ifndef NF_WIREGUARD_EXCHANGE_H
#define NF_WIREGUARD_EXCHANGE_H

#include <stdint.h>
#include "nf/reasons.h"
#include "endpoint.h"
#include "messages.h"

struct peer;

enum { EXCHANGE_RESPONSE_COST = 2 };

/* Sends an initiation to a peer, unless the last one is less than REKEY_TIMEOUT ago. Returns what it cost. */
uint32_t exchange_initiate(struct peer *peer);

/* Answers an initiation that came from there, where it is genuine and fresh. It changes nothing but what
 * timestamp.h says that an initiation may. DROP_REASON_COUNT: it was answered. */
enum drop_reason exchange_take_initiation(uint8_t tunnel, const struct message_initiation *initiation,
					  const struct wireguard_endpoint *from, uint32_t *cost);

/* Completes the handshake that a response, which came from there, is the answer to. DROP_REASON_COUNT: it is.
 * Costs EXCHANGE_RESPONSE_COST. */
enum drop_reason exchange_take_response(uint8_t tunnel, const struct message_response *response,
					const struct wireguard_endpoint *from);

#endif
