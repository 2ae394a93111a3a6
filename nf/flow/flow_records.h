/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a record: made, moved among the wheels as its state changes, ended by time or for want of room.
 */
#ifndef NF_FLOW_RECORDS_H
#define NF_FLOW_RECORDS_H

#include <stdint.h>
#include "nf/flow/flow.h"
#include "nf/host.h"
#include "nf/reasons.h"

/* Returns 0, or -ENOMEM after a host_log line. */
int flow_records_init(void);

/* A record that is zero, in no wheel and not in the table. When all are in use, one that may give way ends;
 * 0: none may. */
uint32_t flow_record_take(void);

/* Gives back a record that was taken and not entered. */
void flow_record_give_back(uint32_t flow);

/* Puts a record whose tuples, state and flags are filled in into the table and its wheel. Returns TRACK_GOOD,
 * DROP_NAT_UNTRANSLATABLE where one of the tuples is another flow's, or DROP_FLOW_TABLE_FULL where there is
 * no room in its buckets; then the record is free again. */
enum drop_reason flow_record_enter(uint32_t flow);

/* The record's state has changed: another time is given to it. */
void flow_record_moved(uint32_t flow);

/* The same, or its flags have changed from what they were: the connection has become another one for the
 * rules, too. */
void flow_record_changed(uint32_t flow, uint8_t flags);

/* Ends a flow. What hangs on it is released. */
void flow_record_end(uint32_t flow);

/* The clock of flows, modulo 2^32. */
static inline uint32_t flow_now(void)
{
	return host_now_ns >> FLOW_TICK_SHIFT;
}

#endif
