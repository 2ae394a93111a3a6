/* SPDX-License-Identifier: Apache-2.0
 *
 * When flows end: timing wheels of lists, one slot for each 2^31 ns (2.1 s). A flow hangs in the slot of the
 * time at which it would end if no packet came any more. Packets only write `seen`; who finds a flow in a
 * slot that is due looks whether it has been seen since, and hangs it into a later one. So a flow is touched
 * once each timeout, not once each packet, and ends up to a slot late, never early.
 *
 * There are three wheels, in the order in which a full table gives flows up: those that only one side has
 * spoken for, those that are over and only remembered, and those that live.
 *
 * Lists are rings through numbers: that of a record, or that of a head with WHEEL_HEAD set.
 */
#ifndef NF_FLOW_WHEEL_H
#define NF_FLOW_WHEEL_H

#include <stdint.h>
#include "nf/flow/record.h"

enum flow_wheel { WHEEL_HALF_OPEN, WHEEL_CLOSED, WHEEL_ASSURED, WHEELS };

enum {
	WHEEL_SLOT_SHIFT = 11, /* of FLOW_TICK_NS in a slot: 2^31 ns */
	WHEEL_SLOTS = 4096,    /* 2 hours 26 minutes; what is later waits in the last slot for another turn */
};

/* Forgets all. `now` is in FLOW_TICK_NS. */
void wheel_init(uint32_t now);

/* Hangs a record into a wheel, to be looked at when `due` is over; it hangs in none. */
void wheel_put(uint32_t flow, enum flow_wheel wheel, uint32_t due);

/* Takes a record out of the wheel it hangs in. */
void wheel_take(uint32_t flow);

/* The record that has waited for a slot that is due at `now`, 0: there is none. It stays where it is. */
uint32_t wheel_due(uint32_t now);

/* One of the records that are due first in a wheel, 0: it is empty. */
uint32_t wheel_first(enum flow_wheel wheel);

/* When wheel_due will next have one, in FLOW_TICK_NS from `now` on; UINT32_MAX: never. */
uint32_t wheel_wait(uint32_t now);

#endif
