/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the outer datagrams of a peer go to and come from.
 */
#ifndef NF_WIREGUARD_ENDPOINT_H
#define NF_WIREGUARD_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include "nf/nat_address.h"

/* Addresses are IPv4 in host order or IPv6 as on the wire; unused bytes are zero. Our own port is always the
 * tunnel's. */
struct wireguard_endpoint {
	union nat_address address; /* the other side's */
	union nat_address local;   /* ours that it sent to, so that answers leave from there */
	uint16_t port;		   /* the other side's, host order */
	uint8_t family;		   /* 0: not known, 4, 6 */
	bool local_known;	   /* else the route out chooses */
};

#endif
