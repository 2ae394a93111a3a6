/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of connections: how many flows each source has that a rule has accepted and that are not over.
 *
 * A flow counts from when its record is made until the record ends. Those that the rules have accepted and
 * that have no record yet, because they are in the burst in hand, count too, so that a burst is judged as its
 * packets would be one by one.
 *
 * There is an entry for each source that has connections, and room for as many as there may be flows: however
 * many sources a flood makes up, none is ever turned away for want of an entry. What bounds such a flood is
 * the flow table, where half-open flows give way to others, and with them their sources' counts.
 */
#ifndef NF_FIREWALL_CONNECTIONS_H
#define NF_FIREWALL_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/flow/record.h"

/* Needs flow_capacity and firewall_rules (nf/appliance.h). Returns 0, or -ENOMEM after a host_log line. */
int connections_init(void);

/* The flows that were accepted so far have their records, or never will. */
void connections_settled(void);

/* Whether a packet may begin another flow of its source by a limit, which has that number and allows `most`
 * flows. Borrows the packet, which begins a flow and has a draft. */
bool connections_allow(uint32_t limit, uint32_t most, struct rte_mbuf *m);

/* Such a packet was accepted. */
void connections_accept(uint32_t limit, struct rte_mbuf *m);

/* A record is made, or ends. False: there is no room to count it (which needs more flows than capacity). */
bool connections_hold(uint32_t limit, const struct flow_record *record);
void connections_release(uint32_t limit, const struct flow_record *record);

#endif
