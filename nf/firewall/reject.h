/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells the sender of a refused packet so: a TCP reset, or an ICMP error that says "administratively
 * prohibited".
 */
#ifndef NF_REJECT_H
#define NF_REJECT_H

#include <rte_mbuf.h>

/* Answers `offender`, which has passed input. Borrows it: the caller then drops it. A packet that must not be
 * answered isn't. */
void reject_send(struct rte_mbuf *offender);

#endif
