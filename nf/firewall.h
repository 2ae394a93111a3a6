/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall stage: ordered rules, compiled to rte_acl, first match decides.
 */
#ifndef NF_FIREWALL_H
#define NF_FIREWALL_H

#include <stdint.h>
#include <rte_mbuf.h>

int firewall_init(void);

/* Judges packets that have passed router_lookup. Those that it drops or rejects are taken. */
uint16_t firewall(struct rte_mbuf **packets, uint16_t count);

#endif
