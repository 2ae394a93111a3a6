/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of rates: one bucket (nf/bucket.h) for a rule, or one for each source that a rule has seen. Those
 * are in a table of fixed size, `firewall_sources` entries, eight to a place that a keyed hash chooses.
 *
 * A newcomer whose place is full takes the entry of a source that has used least, if that is next to nothing:
 * its bucket is full again, which changes nothing for it, or is short of one event out of a burst of several,
 * which gives it one event too many. So a flood of made-up sources that are seen once each hinders nobody.
 * Who has used up a burst keeps the entry until it is earned back, whatever comes: a flood unblocks nobody
 * either. If a place is full of such sources, newcomers go without an entry, and all that do share one bucket
 * of their rule: a flood that sends several packets from each of very many sources hinders sources that were
 * not seen lately, and no others.
 */
#ifndef NF_FIREWALL_RATES_H
#define NF_FIREWALL_RATES_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/appliance.h"

/* Needs firewall_sources and firewall_rules (nf/appliance.h). Returns 0, or -ENOMEM after a host_log line. */
int rates_init(void);

/* Whether a limit, which has that number and says `rate`, allows another packet now; counts it if so. Borrows
 * the packet. */
bool rate_allows(uint32_t limit, const struct rate_limit *rate, struct rte_mbuf *m);

#endif
