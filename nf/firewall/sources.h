/* SPDX-License-Identifier: Apache-2.0
 *
 * What limits per source remember: for a rule and a source (an IPv4 address, or a /64 of IPv6) a rate, and
 * how many connections there are. A table of fixed size, `firewall_sources` entries, eight to a place that a
 * keyed hash chooses.
 *
 * Whose place is full gets that of a source whose rate has recovered and that has no connections: to forget
 * that one changes nothing. Where there is none, the newcomer goes without an entry: it shares one rate with
 * all others of its rule that do, and may have no connections. So a flood from made-up sources unblocks
 * nobody, and hinders only sources that were never seen before.
 */
#ifndef NF_FIREWALL_SOURCES_H
#define NF_FIREWALL_SOURCES_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

/* Needs firewall_sources and firewall_rules (nf/appliance.h). Returns 0, or -ENOMEM after a host_log line. */
int sources_init(void);

/* Whether a rule's rate, per rule or per source, allows another packet; counts it if so. */
bool sources_allow(uint32_t rule, struct rte_mbuf *m);

/* Whether the packet's source may have one more connection by the rule. */
bool sources_may_connect(uint32_t rule, struct rte_mbuf *m);

/* One more connection of a source (an address as on the wire) by a rule. False: it may not have another. */
bool sources_connect(uint32_t rule, bool ipv6, const void *source);

/* One less of those that sources_connect allowed. */
void sources_disconnect(uint32_t rule, bool ipv6, const void *source);

#endif
