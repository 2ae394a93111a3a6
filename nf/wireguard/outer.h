/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam under the protocol: what it asks of whoever moves packets. outer.c and send.c implement it; a test
 * implements it in a few lines, and keeps what was sent. May be called from within handshake_receive,
 * peer_received, peer_sending_session, peer_sent and core_tick, and must not call any of these but
 * peer_sending_session and peer_sent.
 */
#ifndef NF_WIREGUARD_OUTER_H
#define NF_WIREGUARD_OUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "endpoint.h"

/* Sends a handshake message, cookie reply or keepalive, at most MESSAGE_HANDSHAKE_BYTES_MAX bytes, from a
 * tunnel's port. Borrows everything. Failing is no error: UDP. */
void wireguard_transmit(uint8_t tunnel, const struct wireguard_endpoint *to, const void *message,
			size_t bytes);

/* A peer has a new session to send with: sends what waits for one. Returns whether anything did; if not, the
 * protocol sends a keepalive where the other side waits for a first packet. */
bool wireguard_session_ready(uint32_t peer);

/* No handshake succeeded for REKEY_ATTEMPT_TIME: drops what waits. */
void wireguard_session_failed(uint32_t peer);

/* Whether packets wait for a session with a peer: then a keepalive is not worth sending. */
bool wireguard_packets_wait(uint32_t peer);

#endif
