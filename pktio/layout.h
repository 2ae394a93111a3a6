/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a frame's transport header is: for what devices say and ask of checksums and super-frames, before the
 * chain reads the frame, or after it. Sources: IEEE 802.1Q; RFC 791; RFC 8200, section 4.
 */
#ifndef PKTIO_LAYOUT_H
#define PKTIO_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

/* Of a plain frame: at most two VLAN tags; IPv4, or IPv6 with few extension headers. */
struct layout {
	uint16_t l2_len, l3_len; /* bytes; IPv6's extension headers belong to the latter */
	uint8_t protocol;
	bool ipv6;
};

/* False: no IP, a fragment, or a header chain too odd to look for the transport header in. That header itself
 * may be cut off. */
bool layout_find(const struct rte_mbuf *m, struct layout *layout);

#endif
