/* SPDX-License-Identifier: Apache-2.0
 *
 * Event channels: two bits each in the shared info page, which this side may change without a call. Opening,
 * closing and sending are calls. Source: Xen, public/xen.h (struct shared_info), public/event_channel.h.
 *
 * A channel's port is ring 0's word, and in range; whether an event came is the other side's word, and means
 * no more than "look".
 */
#ifndef PKTIO_XEN_EVENTS_H
#define PKTIO_XEN_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"

/* 0 is no port: Xen hands out none such. */
enum { EVENT_NONE = 0 };

/* Where the bits are, now. Called at start, and after a suspend. */
void events_init(const volatile struct handover_xen *xen);

/* A new channel, masked, that `domain` may bind to. Returns its port, or -errno. */
int events_open(uint16_t domain);
/* Closes a channel, if it is one, and makes *port EVENT_NONE. */
void events_close(uint32_t *port);
void events_send(uint32_t port);

/* From now on, an event ends a sleep. What came before is forgotten: the caller must look for work after
 * this. */
void events_listen(uint32_t port);
/* From now on, an event ends no sleep. */
void events_ignore(uint32_t port);

/* Forgets that an event came. Returns whether one did. The caller looks for work after this, not before. */
bool events_take(uint32_t port);

/* Sleeps until an event on a channel that is listened to, or the TSC reaches that value. May be early. */
void events_wait(uint64_t deadline_tsc);

#endif
