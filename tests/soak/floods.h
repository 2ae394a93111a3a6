/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames that a flood is made of, at random. Hosts inside are 10.1.0.0/16 and 2001:db8:a:1::/64, those
 * outside are 198.18.0.0/16 and 2001:2:0:18::/64 (RFC 2544, RFC 5180).
 */
#ifndef TESTS_SOAK_FLOODS_H
#define TESTS_SOAK_FLOODS_H

#include <stddef.h>
#include <stdint.h>

enum { LAN, WAN, FLOOD_BYTES_MAX = 512 };

enum flood {
	FLOOD_SYN,	/* to a server inside, from anybody */
	FLOOD_UDP,	/* random ports */
	FLOOD_FRAGMENT, /* of datagrams that never become whole */
	FLOOD_ECHO,	/* through the appliance, and to it */
	FLOOD_ERROR,	/* ICMP errors about what nobody sent */
	FLOOD_BROKEN,	/* one of these, with bytes changed, or cut off */
	FLOODS,
};

/* Writes a frame that arrives on a port to out[FLOOD_BYTES_MAX]; returns its length. */
size_t flood_frame(enum flood kind, uint16_t port, uint8_t *out);

#endif
