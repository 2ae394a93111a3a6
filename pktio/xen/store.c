/* SPDX-License-Identifier: Apache-2.0
 *
 * See store.h. The ring is two circles of bytes; positions count up without end. Both of ours are kept here
 * and written to the ring, but never read back from it.
 *
 * A message is 16 bytes of header and up to 4096 of payload, more than the ring holds: it arrives piece by
 * piece in `inbox`.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_string_fns.h>
#include "nf/host.h"
#include "events.h"
#include "public.h"
#include "store.h"

enum {
	START_MS = 5000,
	LATER_MS = 500,
	PARTS_MAX = 3,
	PENDING_MAX = 16, /* questions: their answers must find room in the ring, while we send */
};

struct part {
	const void *data;
	uint32_t bytes;
};

/* A question that is not answered yet. */
struct pending {
	uint32_t type;
	struct store_answer *answer; /* where the answer goes, or NULL */
	int *result;		     /* the same for its length or -errno */
};

static struct {
	struct xenstore_domain_interface *ring;
	uint32_t port;
	uint32_t sent, taken; /* positions: req_prod, rsp_cons */
	bool works;
	uint32_t patience_ms;
	uint32_t request, transaction;
	struct pending pending[PENDING_MAX]; /* the last one is `request` */
	uint32_t first, count;
	int error; /* the first among questions without a result */
	bool late; /* nobody waits for them any more, but their answers may come */
	uint32_t filled;
	struct {
		struct xsd_sockmsg header;
		char payload[XENSTORE_PAYLOAD_MAX + 1];
	} inbox;
	struct store_watch *watches[STORE_WATCHES_MAX];
} store;

static void give_up(const char *why)
{
	char line[96];

	store.works = false;
	snprintf(line, sizeof(line), "xenstore is not used any more: %s", why);
	host_log(line);
}

static uint32_t load(const uint32_t *shared)
{
	return *(const volatile uint32_t *)shared;
}

static void connect(const volatile struct handover_xen *xen)
{
	store.ring = (struct xenstore_domain_interface *)xen->store;
	store.port = xen->store_port;
	store.works = store.ring != NULL;
	store.count = 0;
	store.error = 0;
	store.late = false;
	store.transaction = 0;
	store.filled = 0;
	if (!store.works)
		return;
	store.sent = load(&store.ring->req_prod);
	store.taken = load(&store.ring->rsp_prod);
	*(volatile uint32_t *)&store.ring->rsp_cons = store.taken;
	events_listen(store.port);
}

void store_init(const volatile struct handover_xen *xen)
{
	memset(store.watches, 0, sizeof(store.watches));
	store.patience_ms = START_MS;
	connect(xen);
}

void store_hurry(void)
{
	store.patience_ms = LATER_MS;
}

/* Copies up to `bytes` of what has arrived. Returns how many. */
static uint32_t take_bytes(void *to, uint32_t bytes)
{
	uint32_t ready = load(&store.ring->rsp_prod) - store.taken, first;

	if (ready > XENSTORE_RING_SIZE) {
		give_up("its ring holds more than it can");
		return 0;
	}
	bytes = RTE_MIN(bytes, ready);
	first = RTE_MIN(bytes, XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(store.taken));
	/* Orders the position before the bytes it covers; pairs with the store, which stores the position
	 * last. */
	xen_rmb();
	memcpy(to, &store.ring->rsp[MASK_XENSTORE_IDX(store.taken)], first);
	memcpy((char *)to + first, store.ring->rsp, bytes - first);
	store.taken += bytes;
	/* Orders our copy before the store's reuse of the room; pairs with the store, which reads the
	 * position before it writes. */
	xen_mb();
	*(volatile uint32_t *)&store.ring->rsp_cons = store.taken;
	return bytes;
}

/* Whether a whole message is in the inbox. */
static bool fill_inbox(void)
{
	const uint32_t header = sizeof(store.inbox.header);
	uint32_t before = store.filled;

	if (store.filled < header)
		store.filled += take_bytes((char *)&store.inbox.header + store.filled, header - store.filled);
	if (store.filled < header)
		return false;
	if (store.inbox.header.len > XENSTORE_PAYLOAD_MAX) {
		give_up("it sent a message that is too long");
		return false;
	}
	if (store.filled < header + store.inbox.header.len)
		store.filled += take_bytes(store.inbox.payload + store.filled - header,
					   header + store.inbox.header.len - store.filled);
	if (store.filled != before)
		events_send(store.port); /* there is room again */
	if (!store.works || store.filled < header + store.inbox.header.len)
		return false;
	store.inbox.payload[store.inbox.header.len] = '\0';
	store.filled = 0;
	return true;
}

/* A path and the token we gave, which is the watch's place in the table. */
static void fire(void)
{
	size_t path = strnlen(store.inbox.payload, store.inbox.header.len);
	const char *token = store.inbox.payload + path + 1;
	unsigned long place;
	char *end;

	if (path >= store.inbox.header.len || *token < '0' || *token > '9')
		return;
	place = strtoul(token, &end, 10);
	if (*end == '\0' && place < STORE_WATCHES_MAX && store.watches[place] != NULL)
		store.watches[place]->fired = true;
}

static int errno_of(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(xsd_errors); i++)
		if (strcmp(name, xsd_errors[i].errstring) == 0)
			return -xsd_errors[i].errnum;
	return -EIO;
}

/* The answer to the first question that waits is in the inbox. */
static void take_answer(void)
{
	const struct pending *pending = &store.pending[store.first];
	int length = store.inbox.header.type == pending->type ? (int)store.inbox.header.len : -EIO;

	if (store.inbox.header.type == XS_ERROR)
		length = errno_of(store.inbox.payload);
	if (pending->answer != NULL) {
		rte_strscpy(pending->answer->text, store.inbox.payload, sizeof(pending->answer->text));
		pending->answer->length = length;
	} else if (pending->result != NULL) {
		*pending->result = length;
	} else if (length < 0 && store.error == 0 && !(pending->type == XS_RM && length == -ENOENT)) {
		store.error = length;
	}
	store.first = (store.first + 1) % PENDING_MAX;
	store.count--;
}

/* Takes messages until there are none, or the last answer has come, which stays in the inbox. */
static void take_messages(void)
{
	while (store.works && fill_inbox()) {
		if (store.inbox.header.type == XS_WATCH_EVENT) {
			fire();
		} else if (store.count > 0 && store.inbox.header.req_id == store.request - store.count + 1) {
			take_answer();
			if (store.count == 0 && !store.late)
				return;
			store.late &= store.count > 0;
		}
	}
}

static void take_all(void)
{
	if (!store.works)
		return;
	/* Before the look: what comes after it makes a new event. */
	events_take(store.port);
	take_messages();
}

static bool passed(uint64_t deadline_tsc)
{
	return (int64_t)(rte_rdtsc() - deadline_tsc) >= 0;
}

/* Puts bytes into the ring, waiting for room. */
static int put_bytes(const char *bytes, uint32_t count, uint64_t deadline_tsc)
{
	while (count > 0) {
		uint32_t used = store.sent - load(&store.ring->req_cons), some;

		if (used > XENSTORE_RING_SIZE) {
			give_up("it took more than it was sent");
			return -EIO;
		}
		some = RTE_MIN(XENSTORE_RING_SIZE - used, XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(store.sent));
		some = RTE_MIN(some, count);
		/* Orders the look at the room before our stores to it; pairs with the store, which moves its
		 * position after it has read. */
		xen_mb();
		memcpy(&store.ring->req[MASK_XENSTORE_IDX(store.sent)], bytes, some);
		bytes += some;
		count -= some;
		store.sent += some;
		/* Orders the bytes before the position that covers them; pairs with the store's read barrier.
		 */
		xen_wmb();
		*(volatile uint32_t *)&store.ring->req_prod = store.sent;
		if (count > 0 && some == 0) {
			if (passed(deadline_tsc))
				return -ETIMEDOUT;
			events_send(store.port);
			take_messages(); /* it may wait for us to do so */
			events_wait(deadline_tsc);
			events_take(store.port);
		}
	}
	return 0;
}

static int send(uint32_t type, const struct part *parts, uint64_t deadline_tsc)
{
	struct xsd_sockmsg header = {.type = type, .req_id = store.request + 1, .tx_id = store.transaction};
	int error;

	for (int i = 0; i < PARTS_MAX; i++)
		header.len += parts[i].bytes;
	error = put_bytes((const char *)&header, sizeof(header), deadline_tsc);
	for (int i = 0; i < PARTS_MAX && error == 0; i++)
		error = put_bytes(parts[i].data, parts[i].bytes, deadline_tsc);
	if (error == -ETIMEDOUT)
		give_up("it reads nothing"); /* and half a message is in its ring */
	return error == -ETIMEDOUT ? -EIO : error;
}

/* What nobody waits for any more goes nowhere. */
static void abandon(void)
{
	for (uint32_t i = 0; i < store.count; i++) {
		struct pending *pending = &store.pending[(store.first + i) % PENDING_MAX];

		if (pending->answer != NULL)
			pending->answer->length = -ETIMEDOUT;
		if (pending->result != NULL)
			*pending->result = -ETIMEDOUT;
		*pending = (struct pending){.type = pending->type};
	}
	store.late = store.count > 0;
}

static int wait_for_answers(uint64_t deadline_tsc)
{
	if (store.late)
		return -EBUSY;
	if (store.works && store.count > 0)
		events_send(store.port);
	for (take_messages(); store.count > 0; take_messages()) {
		if (!store.works || passed(deadline_tsc)) {
			abandon();
			return store.works ? -ETIMEDOUT : -EIO;
		}
		events_wait(deadline_tsc);
		events_take(store.port);
	}
	return 0;
}

static uint64_t deadline(void)
{
	return rte_rdtsc() + rte_get_tsc_hz() / 1000 * store.patience_ms;
}

/* Sends a question. */
static int post(uint32_t type, const struct part parts[PARTS_MAX], struct store_answer *answer, int *result)
{
	int error = 0;

	if (store.count == 0 || store.late)
		take_all();
	if (store.late)
		return -EBUSY;
	if (store.count == PENDING_MAX)
		error = wait_for_answers(deadline());
	if (error == 0)
		error = store.works ? send(type, parts, deadline()) : -EIO;
	if (error != 0) {
		store.error = store.error != 0 ? store.error : error;
		return error;
	}
	store.request++;
	store.pending[(store.first + store.count++) % PENDING_MAX] =
	    (struct pending){.type = type, .answer = answer, .result = result};
	return 0;
}

/* One question. The answer's payload is in the inbox, and a NUL behind it; returns its length. */
static int ask(uint32_t type, struct part one, struct part two, struct part three)
{
	const struct part parts[PARTS_MAX] = {one, two, three};
	int result = -EIO, error = post(type, parts, NULL, &result);

	if (error == 0)
		error = wait_for_answers(deadline());
	store.error = 0;
	return error != 0 ? error : result;
}

/* With its NUL, as paths are sent. */
static struct part string(const char *text)
{
	return (struct part){text, (uint32_t)strlen(text) + 1};
}

static const struct part nothing;

int store_read(const char *path, char *value, uint32_t bytes)
{
	int length = ask(XS_READ, string(path), nothing, nothing);

	if (length < 0)
		return length;
	snprintf(value, bytes, "%s", store.inbox.payload);
	return (int)strlen(value);
}

int store_number(const struct store_answer *answer, uint32_t max, uint32_t *number)
{
	unsigned long long read;
	char *end;

	if (answer->length < 0)
		return answer->length;
	read = strtoull(answer->text, &end, 10);
	if (answer->text[0] < '0' || answer->text[0] > '9' || *end != '\0' || read > max)
		return -EINVAL;
	*number = (uint32_t)read;
	return 0;
}

int store_read_number(const char *path, uint32_t max, uint32_t *number)
{
	struct store_answer answer = {.length = store_read(path, answer.text, sizeof(answer.text))};

	return store_number(&answer, max, number);
}

void store_ask(const char *path, struct store_answer *answer)
{
	const struct part parts[PARTS_MAX] = {string(path)};

	answer->length = post(XS_READ, parts, answer, NULL);
}

void store_post(const char *path, const char *format, ...)
{
	char value[STORE_VALUE_BYTES];
	struct part parts[PARTS_MAX] = {string(path), {value, 0}};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	parts[1].bytes = (uint32_t)strlen(value);
	post(XS_WRITE, parts, NULL, NULL);
}

void store_post_remove(const char *path)
{
	const struct part parts[PARTS_MAX] = {string(path)};

	post(XS_RM, parts, NULL, NULL);
}

int store_finish(void)
{
	int error = wait_for_answers(deadline());

	if (error == 0)
		error = store.error;
	store.error = 0;
	return error;
}

int store_write(const char *path, const char *value)
{
	int length = ask(XS_WRITE, string(path), (struct part){value, (uint32_t)strlen(value)}, nothing);

	return RTE_MIN(length, 0);
}

int store_write_format(const char *path, const char *format, ...)
{
	char value[STORE_VALUE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	return store_write(path, value);
}

int store_remove(const char *path)
{
	int length = ask(XS_RM, string(path), nothing, nothing);

	return RTE_MIN(length, 0);
}

int store_directory(const char *path, char *names, uint32_t bytes)
{
	int length = ask(XS_DIRECTORY, string(path), nothing, nothing);

	if (length > 0 && ((uint32_t)length > bytes || store.inbox.payload[length - 1] != '\0'))
		return -E2BIG;
	if (length > 0)
		memcpy(names, store.inbox.payload, (uint32_t)length);
	return length;
}

int store_begin(void)
{
	int length = ask(XS_TRANSACTION_START, string(""), nothing, nothing);

	if (length < 0)
		return length;
	store.transaction = (uint32_t)strtoul(store.inbox.payload, NULL, 10);
	return store.transaction != 0 ? 0 : -EIO;
}

int store_end(void)
{
	int length = ask(XS_TRANSACTION_END, string("T"), nothing, nothing);

	store.transaction = 0;
	return RTE_MIN(length, 0);
}

static int ask_watch(const struct store_watch *watch, uint32_t place, uint32_t type)
{
	char token[12];
	int length;

	snprintf(token, sizeof(token), "%" PRIu32, place);
	length = ask(type, string(watch->path), string(token), nothing);
	return RTE_MIN(length, 0);
}

/* It may be that the store did it, and was late to say so. */
static void set_watch(struct store_watch *watch, uint32_t place)
{
	int error = ask_watch(watch, place, XS_WATCH);

	watch->set = error == 0 || error == -EEXIST;
}

/* The table knows the watch before the store does, which may fire it before it answers. */
int store_watch(struct store_watch *watch)
{
	uint32_t place = 0;

	while (place < STORE_WATCHES_MAX && store.watches[place] != NULL)
		place++;
	if (place == STORE_WATCHES_MAX)
		return -ENOSPC;
	watch->used = watch->fired = true;
	store.watches[place] = watch;
	set_watch(watch, place);
	return 0;
}

void store_unwatch(struct store_watch *watch)
{
	for (uint32_t i = 0; i < STORE_WATCHES_MAX && watch->used; i++) {
		if (store.watches[i] != watch)
			continue;
		ask_watch(watch, i, XS_UNWATCH);
		store.watches[i] = NULL;
		watch->used = watch->set = false;
	}
}

void store_poll(void)
{
	take_all();
	for (uint32_t i = 0; i < STORE_WATCHES_MAX && store.works && !store.late; i++)
		if (store.watches[i] != NULL && !store.watches[i]->set)
			set_watch(store.watches[i], i);
}

void store_resume(const volatile struct handover_xen *xen)
{
	connect(xen);
	for (uint32_t i = 0; i < STORE_WATCHES_MAX; i++)
		if (store.watches[i] != NULL) {
			store.watches[i]->set = false;
			store.watches[i]->fired = true;
		}
	store_poll();
}
