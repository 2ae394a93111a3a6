/* SPDX-License-Identifier: Apache-2.0
 *
 * What a captured frame is known by when it comes back, and what connection it is of. Both are digests: of
 * different frames they differ, but for chance.
 */
#ifndef GENERATOR_IDENTITY_H
#define GENERATOR_IDENTITY_H

#include <stdint.h>

/* Of what a router, a firewall and a NAT leave as it is: lengths, IPv4's identification, TCP's numbers, and
 * the first bytes of the payload. 0: there is no IP in it. */
uint64_t identity_of(const uint8_t *frame, uint32_t length);

/* Of its addresses, protocol and ports: the same in both directions. 0: there is no IP in it, or no ports. */
uint64_t connection_of(const uint8_t *frame, uint32_t length);

#endif
