/* SPDX-License-Identifier: Apache-2.0
 *
 * Explicit congestion notification through tunnels (RFC 6040): into one in normal mode (section 4.1), out of
 * one as section 4.2 has it. The DSCP stays inside: the outside is of the default class (RFC 2983, the pipe
 * model).
 */
#ifndef NF_WIREGUARD_ECN_H
#define NF_WIREGUARD_ECN_H

#include <stdbool.h>
#include <stdint.h>

/* The ECN bits for the outside of an IP packet. */
uint8_t ecn_enter(const uint8_t *packet);

/* Brings what happened to the outside to the packet inside: at least its IP header is there. False: it must
 * be dropped, congestion was met by one who does not understand the mark. */
__attribute__((warn_unused_result)) bool ecn_leave(uint8_t *packet, uint8_t outer);

#endif
