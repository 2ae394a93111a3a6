/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose addresses are whose: the ports' own, those that are NAT's, and on which side of it a port is.
 */
#ifndef NF_NAT_ANSWERS_H
#define NF_NAT_ANSWERS_H

#include "endpoint.h"

void answers_init(void);

/* Whether an address is NAT's: one of a pool's, or forwarded, or standing for another, on the side of `port`
 * or, for PORT_NONE, on any. It may be one that a port has, too. */
bool nat_answers(uint8_t port, bool ipv6, const struct address *address);

/* Whether a port, or any port, has an address itself. */
bool port_has_address(uint8_t port, bool ipv6, const struct address *address);
bool any_port_has_address(bool ipv6, const struct address *address);

/* Whether some mapping lets in who was never spoken to: else nobody outside needs to be looked up. */
bool mappings_are_open(void);

/* Whether a port is where external addresses are: a rule names it so. Who comes by another is inside. */
bool port_is_outside(uint8_t port);

#endif
