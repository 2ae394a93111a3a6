/* SPDX-License-Identifier: Apache-2.0
 *
 * A Xen in memory, behind pktio/xen/call.h, for the tests of what runs on it: event channels, a grant table
 * of either version, and a xenstore daemon on the other end of its ring, written from xs_wire.h. Nothing
 * happens by itself but the answers of xenstore.
 */
#ifndef TESTS_XEN_WORLD_H
#define TESTS_XEN_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"

enum {
	XEN_PORTS = 4096,
	XEN_GRANTS = 8192,
	XEN_NODES = 256,
	XEN_STORE_PORT = 1,
	XEN_SELF = 7, /* our own domain */
};

struct xen_world {
	volatile struct handover_xen handover;

	/* What the driver does. */
	uint8_t port_open[XEN_PORTS];
	uint16_t port_domain[XEN_PORTS];
	uint32_t sends[XEN_PORTS];
	uint32_t ports_open; /* the store's is not counted */
	uint32_t waits, suspends, reboots, messages;

	/* How the world is. */
	long suspend_result;
	void (*at_suspend)(void); /* while it is away */
	bool no_ports;		  /* nothing can be opened */
	bool store_deaf;	  /* xenstored takes nothing */
	bool store_mute;	  /* ... and says nothing */
	uint32_t store_busy;	  /* so many transactions are refused */
	uint32_t store_type;	  /* of all answers; 0: as is right */
	uint32_t store_grain;	  /* bytes that it says at a time; 0: all that fit */
};
extern struct xen_world xen_world;

/* A new world: all is empty, but for our own home directory. */
void xen_world_init(uint32_t grant_version);

/* What others do in the store; watches fire. Paths are absolute. */
void xen_store_set(const char *path, const char *value);
__attribute__((format(printf, 2, 3))) void xen_store_setf(const char *path, const char *format, ...);
void xen_store_delete(const char *path); /* with all that is under it */
const char *xen_store_get(const char *path);
/* Lets the daemon work. */
void xen_store_run(void);
/* Bytes of any kind on the ring to us. */
void xen_store_say(const void *bytes, uint32_t count);

/* A page that `domain` may use by that grant; NULL: it may not. The map is undone by xen_grant_unmap. */
void *xen_grant_look(uint16_t domain, uint32_t reference);
void *xen_grant_map(uint16_t domain, uint32_t reference);
void xen_grant_unmap(uint32_t reference);
/* Grants that are valid, from that reference on. */
uint32_t xen_grants_valid(uint32_t first);

/* An event from the other side. Returns whether it makes an interrupt. */
bool xen_event_raise(uint32_t port);

#endif
