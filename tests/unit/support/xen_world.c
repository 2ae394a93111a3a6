/* SPDX-License-Identifier: Apache-2.0
 *
 * See xen_world.h.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pktio/xen/call.h"
#include "pktio/xen/public.h"
#include "xen_world.h"

enum { PATH_BYTES = 256, VALUE_BYTES = 256, WATCHES = 176, OUT_BYTES = 1 << 16, HIGH_BITS = 44 };

struct xen_world xen_world;

static struct shared_info shared;
static union {
	grant_entry_v1_t v1[XEN_GRANTS];
	grant_entry_v2_t v2[XEN_GRANTS];
} table;
static grant_status_t status[XEN_GRANTS];
static struct xenstore_domain_interface ring;

static struct {
	struct node {
		char path[PATH_BYTES], value[VALUE_BYTES];
		bool used;
	} node[XEN_NODES];
	struct watch {
		char path[PATH_BYTES], given[PATH_BYTES], token[32];
		bool used;
	} watch[WATCHES];
	char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1];
	uint32_t in_bytes;
	char out[OUT_BYTES];
	uint32_t out_bytes;
} store;

/* Event channels */

static bool bit_of(const xen_ulong_t *words, uint32_t port)
{
	return words[port / 64] >> port % 64 & 1;
}

bool xen_event_raise(uint32_t port)
{
	bool edge = !bit_of(shared.evtchn_pending, port);

	shared.evtchn_pending[port / 64] |= UINT64_C(1) << port % 64;
	return edge && !bit_of(shared.evtchn_mask, port);
}

static long open_port(uint16_t domain)
{
	uint32_t port = XEN_STORE_PORT + 1;

	while (port < XEN_PORTS && xen_world.port_open[port])
		port++;
	if (xen_world.no_ports || port == XEN_PORTS)
		return -ENOSPC;
	xen_world.port_open[port] = 1;
	xen_world.port_domain[port] = domain;
	xen_world.ports_open++;
	shared.evtchn_mask[port / 64] |= UINT64_C(1) << port % 64;
	shared.evtchn_pending[port / 64] &= ~(UINT64_C(1) << port % 64);
	return port;
}

static long close_port(uint64_t port)
{
	assert(port < XEN_PORTS && port > XEN_STORE_PORT && xen_world.port_open[port]);
	xen_world.port_open[port] = 0;
	xen_world.ports_open--;
	return 0;
}

static long send_event(uint64_t port)
{
	assert(port < XEN_PORTS && (port == XEN_STORE_PORT || xen_world.port_open[port]));
	xen_world.sends[port]++;
	if (port == XEN_STORE_PORT)
		xen_store_run();
	return 0;
}

static long suspend(void)
{
	xen_world.suspends++;
	if (xen_world.suspend_result != 0)
		return xen_world.suspend_result;
	memset(xen_world.port_open, 0, sizeof(xen_world.port_open));
	xen_world.ports_open = 0;
	memset(&shared, 0, sizeof(shared));
	memset(&table, 0, sizeof(table));
	memset(status, 0, sizeof(status));
	memset(&ring, 0, sizeof(ring));
	memset(store.watch, 0, sizeof(store.watch));
	store.in_bytes = store.out_bytes = 0;
	if (xen_world.at_suspend != NULL)
		xen_world.at_suspend();
	return 0;
}

long xen_call(enum weir_call number, uint64_t argument)
{
	switch (number) {
	case WEIR_CALL_WAIT:
		xen_world.waits++;
		xen_store_run();
		return 0;
	case WEIR_CALL_XEN_EVENT_OPEN:
		return open_port((uint16_t)argument);
	case WEIR_CALL_XEN_EVENT_CLOSE:
		return close_port(argument);
	case WEIR_CALL_XEN_EVENT_SEND:
		return send_event(argument);
	case WEIR_CALL_XEN_SUSPEND:
		return suspend();
	case WEIR_CALL_XEN_REBOOT:
		xen_world.reboots++;
		return 0;
	default:
		return -ENOSYS;
	}
}

/* Grants */

static grant_entry_header_t *entry_of(uint32_t reference)
{
	return xen_world.handover.grant_version == 2 ? &table.v2[reference].hdr
						     : (grant_entry_header_t *)&table.v1[reference];
}

/* Version 1 has 32 bits for a frame: enough for a machine, but not for a process's addresses, whose highest
 * bits are all alike. */
void *xen_grant_look(uint16_t domain, uint32_t reference)
{
	const grant_entry_header_t *entry;
	uint64_t frame;

	if (reference < GNTTAB_NR_RESERVED_ENTRIES || reference >= XEN_GRANTS)
		return NULL;
	entry = entry_of(reference);
	if ((entry->flags & GTF_type_mask) != GTF_permit_access || entry->domid != domain)
		return NULL;
	frame = xen_world.handover.grant_version == 2
		    ? table.v2[reference].full_page.frame
		    : table.v1[reference].frame | (uint64_t)0x7 << (HIGH_BITS - XEN_PAGE_BITS);
	return (void *)(frame << XEN_PAGE_BITS);
}

void *xen_grant_map(uint16_t domain, uint32_t reference)
{
	void *page = xen_grant_look(domain, reference);

	if (page == NULL)
		return NULL;
	if (xen_world.handover.grant_version == 2)
		status[reference] |= GTF_reading | GTF_writing;
	else
		entry_of(reference)->flags |= GTF_reading | GTF_writing;
	return page;
}

void xen_grant_unmap(uint32_t reference)
{
	status[reference] = 0;
	if (xen_world.handover.grant_version != 2)
		entry_of(reference)->flags &= (uint16_t) ~(GTF_reading | GTF_writing);
}

uint32_t xen_grants_valid(uint32_t first)
{
	uint32_t count = 0;

	for (uint32_t i = first; i < XEN_GRANTS; i++)
		count += (entry_of(i)->flags & GTF_type_mask) != GTF_invalid;
	return count;
}

/* xenstore: what it says */

static void flush(void)
{
	uint32_t room = XENSTORE_RING_SIZE - (ring.rsp_prod - ring.rsp_cons);
	uint32_t some = room < store.out_bytes ? room : store.out_bytes;

	if (xen_world.store_grain != 0 && some > xen_world.store_grain)
		some = xen_world.store_grain;
	if (some == 0 || xen_world.store_mute)
		return;
	for (uint32_t i = 0; i < some; i++)
		ring.rsp[MASK_XENSTORE_IDX(ring.rsp_prod++)] = store.out[i];
	store.out_bytes -= some;
	memmove(store.out, store.out + some, store.out_bytes);
	xen_event_raise(XEN_STORE_PORT);
}

void xen_store_say(const void *bytes, uint32_t count)
{
	assert(store.out_bytes + count <= OUT_BYTES);
	memcpy(store.out + store.out_bytes, bytes, count);
	store.out_bytes += count;
	flush();
}

static void say_message(const struct xsd_sockmsg *asked, uint32_t type, const char *payload, uint32_t bytes)
{
	struct xsd_sockmsg header = {
	    .type = type, .req_id = asked->req_id, .tx_id = asked->tx_id, .len = bytes};

	if (xen_world.store_type != 0 && type != XS_WATCH_EVENT)
		header.type = xen_world.store_type;
	xen_store_say(&header, sizeof(header));
	xen_store_say(payload, bytes);
}

static void say_error(const struct xsd_sockmsg *asked, const char *name)
{
	say_message(asked, XS_ERROR, name, (uint32_t)strlen(name) + 1);
}

static void say_ok(const struct xsd_sockmsg *asked)
{
	say_message(asked, asked->type, "OK", 3);
}

/* ... and what it knows */

static struct node *find(const char *path)
{
	for (int i = 0; i < XEN_NODES; i++)
		if (store.node[i].used && strcmp(store.node[i].path, path) == 0)
			return &store.node[i];
	return NULL;
}

static bool is_under(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Tokens and paths as the watcher gave them: a relative one stays so. */
static void fire_watch(const struct watch *watch, const char *path)
{
	static const struct xsd_sockmsg none;
	char payload[2 * PATH_BYTES + 64];
	size_t skip = strlen(watch->path) - strlen(watch->given);
	int bytes = snprintf(payload, sizeof(payload), "%s%c%s", path + skip, '\0', watch->token);

	say_message(&none, XS_WATCH_EVENT, payload, (uint32_t)bytes + 1);
}

static void fire(const char *path)
{
	for (int i = 0; i < WATCHES; i++)
		if (store.watch[i].used && is_under(path, store.watch[i].path))
			fire_watch(&store.watch[i], path);
}

void xen_store_set(const char *path, const char *value)
{
	struct node *node = find(path);

	for (int i = 0; i < XEN_NODES && node == NULL; i++)
		if (!store.node[i].used)
			node = &store.node[i];
	assert(node != NULL);
	node->used = true;
	snprintf(node->path, sizeof(node->path), "%s", path);
	snprintf(node->value, sizeof(node->value), "%s", value);
	fire(path);
}

void xen_store_setf(const char *path, const char *format, ...)
{
	char value[VALUE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	xen_store_set(path, value);
}

void xen_store_delete(const char *path)
{
	for (int i = 0; i < XEN_NODES; i++)
		if (store.node[i].used && is_under(store.node[i].path, path))
			store.node[i].used = false;
	fire(path);
}

const char *xen_store_get(const char *path)
{
	const struct node *node = find(path);

	return node ? node->value : NULL;
}

/* What it is asked */

static void absolute(char to[PATH_BYTES], const char *path)
{
	snprintf(to, PATH_BYTES, path[0] == '/' ? "%s" : "/local/domain/7/%s", path);
}

static void list(const struct xsd_sockmsg *asked, const char *path)
{
	char names[XENSTORE_PAYLOAD_MAX];
	uint32_t bytes = 0;
	bool exists = find(path) != NULL;

	for (int i = 0; i < XEN_NODES; i++) {
		const char *name = store.node[i].path + strlen(path) + 1;
		size_t length;
		bool known = false;

		if (!store.node[i].used || !is_under(store.node[i].path, path) ||
		    strcmp(store.node[i].path, path) == 0)
			continue;
		exists = true;
		length = strcspn(name, "/");
		for (uint32_t at = 0; at < bytes; at += (uint32_t)strlen(names + at) + 1)
			known |= strlen(names + at) == length && memcmp(names + at, name, length) == 0;
		if (known)
			continue;
		memcpy(names + bytes, name, length);
		names[bytes + length] = '\0';
		bytes += (uint32_t)length + 1;
	}
	if (exists)
		say_message(asked, XS_DIRECTORY, names, bytes);
	else
		say_error(asked, "ENOENT");
}

static void add_watch(const struct xsd_sockmsg *asked, const char *given, const char *path, const char *token)
{
	struct watch *watch = NULL;

	for (int i = 0; i < WATCHES; i++) {
		struct watch *known = &store.watch[i];

		if (!known->used) {
			watch = watch ? watch : known;
		} else if (strcmp(known->path, path) == 0 && strcmp(known->token, token) == 0) {
			say_error(asked, "EEXIST");
			return;
		}
	}
	assert(watch != NULL);
	watch->used = true;
	snprintf(watch->path, sizeof(watch->path), "%s", path);
	snprintf(watch->given, sizeof(watch->given), "%s", given);
	snprintf(watch->token, sizeof(watch->token), "%s", token);
	say_ok(asked);
	fire_watch(watch, path);
}

static void remove_watch(const struct xsd_sockmsg *asked, const char *path, const char *token)
{
	for (int i = 0; i < WATCHES; i++) {
		struct watch *watch = &store.watch[i];

		if (!watch->used || strcmp(watch->path, path) != 0 || strcmp(watch->token, token) != 0)
			continue;
		watch->used = false;
		say_ok(asked);
		return;
	}
	say_error(asked, "ENOENT");
}

static void end_transaction(const struct xsd_sockmsg *asked)
{
	assert(asked->tx_id == 5);
	if (xen_world.store_busy == 0) {
		say_ok(asked);
		return;
	}
	xen_world.store_busy--;
	say_error(asked, "EAGAIN");
}

static void answer(const struct xsd_sockmsg *asked, const char *payload)
{
	const char *second = payload + strlen(payload) + 1;
	char path[PATH_BYTES];

	absolute(path, payload);
	switch (asked->type) {
	case XS_READ:
		if (find(path) != NULL)
			say_message(asked, XS_READ, find(path)->value, (uint32_t)strlen(find(path)->value));
		else
			say_error(asked, "ENOENT");
		break;
	case XS_WRITE: /* a transaction that will be refused changes nothing */
		if (asked->tx_id == 0 || xen_world.store_busy == 0)
			xen_store_set(path, second);
		say_ok(asked);
		break;
	case XS_RM:
		if (find(path) == NULL) {
			bool any = false;

			for (int i = 0; i < XEN_NODES; i++)
				any |= store.node[i].used && is_under(store.node[i].path, path);
			if (!any) {
				say_error(asked, "ENOENT");
				break;
			}
		}
		xen_store_delete(path);
		say_ok(asked);
		break;
	case XS_DIRECTORY:
		list(asked, path);
		break;
	case XS_WATCH:
		add_watch(asked, payload, path, second);
		break;
	case XS_UNWATCH:
		remove_watch(asked, path, second);
		break;
	case XS_TRANSACTION_START:
		say_message(asked, XS_TRANSACTION_START, "5", 2);
		break;
	case XS_TRANSACTION_END:
		end_transaction(asked);
		break;
	default:
		say_error(asked, "ENOSYS");
	}
}

static bool take_message(void)
{
	struct xsd_sockmsg header;

	if (store.in_bytes < sizeof(header))
		return false;
	memcpy(&header, store.in, sizeof(header));
	assert(header.len <= XENSTORE_PAYLOAD_MAX);
	if (store.in_bytes < sizeof(header) + header.len)
		return false;
	assert(store.in_bytes == sizeof(header) + header.len); /* one question at a time */
	store.in[store.in_bytes] = '\0';
	store.in_bytes = 0;
	xen_world.messages++;
	answer(&header, store.in + sizeof(header));
	return true;
}

void xen_store_run(void)
{
	flush();
	while (!xen_world.store_deaf && ring.req_cons != ring.req_prod) {
		assert(ring.req_prod - ring.req_cons <= XENSTORE_RING_SIZE);
		store.in[store.in_bytes++] = ring.req[MASK_XENSTORE_IDX(ring.req_cons++)];
		take_message();
	}
}

void xen_world_init(uint32_t grant_version)
{
	memset(&xen_world, 0, sizeof(xen_world));
	memset(&shared, 0, sizeof(shared));
	memset(&table, 0, sizeof(table));
	memset(status, 0, sizeof(status));
	memset(&ring, 0, sizeof(ring));
	memset(&store, 0, sizeof(store));
	memset(shared.evtchn_mask, 0xff, sizeof(shared.evtchn_mask));
	xen_world.handover.shared_info = (uintptr_t)&shared;
	xen_world.handover.store = (uintptr_t)&ring;
	xen_world.handover.store_port = XEN_STORE_PORT;
	xen_world.handover.grant_version = grant_version;
	xen_world.handover.grants = (uintptr_t)&table;
	xen_world.handover.grant_status = (uintptr_t)status;
	xen_world.handover.grant_entries = XEN_GRANTS;
	xen_store_set("/local/domain/7", "");
}
