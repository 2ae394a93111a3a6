/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines about packets, for the console: rate-limited as the configuration says, the rest counted.
 */
#ifndef NF_LOG_H
#define NF_LOG_H

#include <rte_mbuf.h>
#include "reasons.h"

/* Writes one line like
 *     firewall: drop web new in=wan out=lan 192.0.2.7.4242 > 10.0.0.10.80 tcp syn 60 bytes (rate-limit)
 * about a packet that has passed input: its state where flows are tracked, and why it is dropped, unless that
 * is DROP_REASON_COUNT. Borrows it. */
void log_packet(const char *function, const char *verdict, const char *name, struct rte_mbuf *packet,
		enum drop_reason reason);

#endif
