/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall stage: ordered rules, compiled to rte_acl, first match decides.
 */
#ifndef NF_FIREWALL_H
#define NF_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/flow/record.h"

int firewall_init(void);

/* Judges packets that have passed router_lookup. Those that it drops or rejects are taken. Sets meta's rule,
 * and PACKET_EACH where the next packet of the flow could be judged otherwise. Where there are no flows, the
 * state of all packets is taken to be NEW. */
uint16_t firewall(struct rte_mbuf **packets, uint16_t count);

/* A flow with FLOW_COUNTED_SOURCE, which its first_rule has accepted, is being made: it counts against its
 * source until firewall_release, when it is over. False: it can't be counted (connections.h says when). */
bool firewall_hold(const struct flow_record *record);
void firewall_release(const struct flow_record *record);

#endif
