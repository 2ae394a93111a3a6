/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP's maximum segment size, where a port asks for it (`mss:`): SYN segments that pass a port with a smaller
 * MTU than the ends know of are told so (RFC 9293, section 3.7.1; RFC 6691).
 */
#ifndef NF_FLOW_MSS_H
#define NF_FLOW_MSS_H

#include <stdint.h>
#include <rte_mbuf.h>

/* Lowers the MSS option of SYN segments to what in_port and out_port allow, checksum included; one without
 * the option is left alone. A stage that drops nothing. */
uint16_t mss_clamp(struct rte_mbuf **packets, uint16_t count);

#endif
