/* SPDX-License-Identifier: Apache-2.0
 *
 * ICMP errors, translated outside and inside (RFC 5508, section 4.2; RFC 3022, section 4.3).
 */
#ifndef NF_NAT_ICMP_H
#define NF_NAT_ICMP_H

#include <rte_mbuf.h>
#include "nf/flow/record.h"

/* An error of state RELATED about a flow that is translated. */
void nat_icmp_translate(struct rte_mbuf *m, const struct flow_record *record);

#endif
