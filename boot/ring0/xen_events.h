/* SPDX-License-Identifier: Apache-2.0
 *
 * Event channels, for the files xen*.c. Which are pending and which masked stands in the shared info page and
 * is ring 3's to look at.
 */
#ifndef RING0_XEN_EVENTS_H
#define RING0_XEN_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

/* Masks all, and makes Xen interrupt this processor when one that is not masked becomes pending: traps.S ends
 * that interrupt. False: it would not. */
bool xen_events_init(void);

/* A port that ring 3 may not close. */
void xen_events_reserve(uint32_t port);

/* Ports are outside input everywhere. Return 0, or a port, or -errno. */
int64_t xen_events_open(uint64_t remote_domain);
int64_t xen_events_close(uint64_t port);
int64_t xen_events_send(uint64_t port);

void xen_events_clear(uint32_t port);

/* Gives the processor away until the port, masked or not, is pending, or for so many nanoseconds. */
void xen_events_await(uint32_t port, uint64_t ns);

#endif
