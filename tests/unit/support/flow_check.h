/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the records of flows, the table that finds them, and the gauges of nf/stats.h say the same.
 */
#ifndef TESTS_FLOW_CHECK_H
#define TESTS_FLOW_CHECK_H

/* Fails the test where they don't. */
void flow_check(void);

/* Lets the longest timeout pass, and fails the test where then a flow, an entry of the table, a mapping or an
 * mbuf is left, or the books don't balance. */
void flow_check_ends(void);

#endif
