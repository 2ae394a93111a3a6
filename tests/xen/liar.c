/* SPDX-License-Identifier: Apache-2.0
 *
 * A network backend that lies, in place of dom0's driver, which has been unbound: liar DOMAIN NUMBER FIRST
 * COUNT. It connects to the frontend, lies once, and waits until the frontend has ended the connection, for
 * each lie anew. Called by tests/xen/script, with a few lies at a time, since a frontend need not be patient
 * for ever. Exit status 0: the frontend turned each connection down, and came back for the next.
 *
 * Sources: Xen, public/io/{netif,ring,xenbus}.h.
 */
#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>
/* The ring macros want these. */
#define xen_mb()  __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()
#include <xen/io/netif.h>
#include <xen/io/xenbus.h>

enum { WAIT_STEPS = 1200, STEP_US = 50000, AGAIN_STEPS = 40, PAGE = 4096, ENTRIES = 256 };

struct liar {
	struct xs_handle *store;
	xengnttab_handle *grants;
	xenevtchn_handle *events;
	uint32_t domain;
	char front[64], back[64];
	netif_tx_sring_t *tx;
	netif_rx_sring_t *rx;
	xenevtchn_port_or_error_t tx_port, rx_port;
};

static bool read_key(struct liar *liar, const char *folder, const char *key, unsigned int *value)
{
	char path[128], *text;
	bool found;

	snprintf(path, sizeof(path), "%s/%s", folder, key);
	text = xs_read(liar->store, XBT_NULL, path, NULL);
	found = text && sscanf(text, "%u", value) == 1;
	free(text);
	return found;
}

static unsigned int need_key(struct liar *liar, const char *key)
{
	unsigned int value;

	if (!read_key(liar, liar->front, key, &value))
		errx(1, "%s has no %s", liar->front, key);
	return value;
}

static void say(struct liar *liar, enum xenbus_state state)
{
	char path[128], text[8];
	int length = snprintf(text, sizeof(text), "%d", state);

	snprintf(path, sizeof(path), "%s/state", liar->back);
	if (!xs_write(liar->store, XBT_NULL, path, text, (unsigned int)length))
		err(1, "%s", path);
}

static enum xenbus_state state_of(struct liar *liar, const char *folder)
{
	unsigned int state = XenbusStateUnknown;

	read_key(liar, folder, "state", &state);
	return state;
}

/* Until the frontend is in the state, or, with `not`, in any other. */
static bool wait_for(struct liar *liar, enum xenbus_state state, bool not )
{
	for (int i = 0; i < WAIT_STEPS; i++, usleep(STEP_US))
		if ((state_of(liar, liar->front) == state) != not )
			return true;
	return false;
}

static void *map(struct liar *liar, const char *key)
{
	void *page =
	    xengnttab_map_grant_ref(liar->grants, liar->domain, need_key(liar, key), PROT_READ | PROT_WRITE);

	if (!page)
		err(1, "map %s", key);
	return page;
}

static xenevtchn_port_or_error_t bind_channel(struct liar *liar, const char *key)
{
	xenevtchn_port_or_error_t port =
	    xenevtchn_bind_interdomain(liar->events, liar->domain, need_key(liar, key));

	if (port < 0)
		err(1, "bind %s", key);
	return port;
}

static void connect_rings(struct liar *liar)
{
	unsigned int ignored;

	say(liar, XenbusStateInitWait);
	if (!wait_for(liar, XenbusStateConnected, false))
		errx(1, "the frontend does not connect, its state is %d", state_of(liar, liar->front));
	liar->tx = map(liar, "tx-ring-ref");
	liar->rx = map(liar, "rx-ring-ref");
	if (read_key(liar, liar->front, "event-channel", &ignored)) {
		liar->rx_port = liar->tx_port = bind_channel(liar, "event-channel");
	} else {
		liar->tx_port = bind_channel(liar, "event-channel-tx");
		liar->rx_port = bind_channel(liar, "event-channel-rx");
	}
	say(liar, XenbusStateConnected);
}

static void disconnect_rings(struct liar *liar)
{
	xengnttab_unmap(liar->grants, liar->tx, 1);
	xengnttab_unmap(liar->grants, liar->rx, 1);
	xenevtchn_unbind(liar->events, liar->rx_port);
	if (liar->tx_port != liar->rx_port)
		xenevtchn_unbind(liar->events, liar->tx_port);
	say(liar, XenbusStateClosed);
}

/* ---- Lies. What is the frontend's turn next is at the ring's rsp_prod, and its requests are there. */

static netif_rx_response_t *rx_answer(struct liar *liar, RING_IDX ahead)
{
	return &liar->rx->ring[(liar->rx->rsp_prod + ahead) % ENTRIES].rsp;
}

static netif_tx_response_t *tx_answer(struct liar *liar)
{
	return &liar->tx->ring[liar->tx->rsp_prod % ENTRIES].rsp;
}

static void wrong_id(struct liar *liar)
{
	*rx_answer(liar, 0) = (netif_rx_response_t){.id = 60000, .status = 64};
	liar->rx->rsp_prod++;
}

static void same_id_twice(struct liar *liar)
{
	uint16_t id = rx_answer(liar, 0)->id;

	*rx_answer(liar, 0) = (netif_rx_response_t){.id = id, .status = 64};
	*rx_answer(liar, 1) = (netif_rx_response_t){.id = id, .status = 64};
	liar->rx->rsp_prod += 2;
}

static void beyond_the_page(struct liar *liar)
{
	*rx_answer(liar, 0) =
	    (netif_rx_response_t){.id = rx_answer(liar, 0)->id, .offset = 4000, .status = 1500};
	liar->rx->rsp_prod++;
}

static void nothing_in_it(struct liar *liar)
{
	*rx_answer(liar, 0) = (netif_rx_response_t){.id = rx_answer(liar, 0)->id, .status = 0};
	liar->rx->rsp_prod++;
}

static void endless_frame(struct liar *liar)
{
	RING_IDX count = liar->rx->req_prod - liar->rx->rsp_prod;

	for (RING_IDX i = 0; i < count; i++)
		*rx_answer(liar, i) = (netif_rx_response_t){
		    .id = rx_answer(liar, i)->id, .status = PAGE, .flags = NETRXF_more_data};
	liar->rx->rsp_prod += count;
}

static void extra_that_there_is_not(struct liar *liar)
{
	struct netif_extra_info extra = {.type = 200};

	*rx_answer(liar, 0) =
	    (netif_rx_response_t){.id = rx_answer(liar, 0)->id, .status = 64, .flags = NETRXF_extra_info};
	memcpy(rx_answer(liar, 1), &extra, sizeof(extra));
	liar->rx->rsp_prod += 2;
}

static void more_than_asked_for(struct liar *liar)
{
	liar->rx->rsp_prod = liar->rx->req_prod + 1;
}

static void backwards(struct liar *liar)
{
	liar->rx->rsp_prod -= 5;
}

static void sent_what_was_not_given(struct liar *liar)
{
	liar->tx->rsp_prod = liar->tx->req_prod + 100;
}

static void sent_another(struct liar *liar)
{
	*tx_answer(liar) = (netif_tx_response_t){.id = 250};
	liar->tx->rsp_prod++;
}

static void noise(struct liar *liar)
{
	for (size_t i = 0; i < PAGE; i++)
		((uint8_t *)liar->rx)[i] = (uint8_t)random();
	for (size_t i = 0; i < PAGE; i++)
		((uint8_t *)liar->tx)[i] = (uint8_t)random();
}

static const struct {
	const char *name;
	void (*tell)(struct liar *liar);
} lies[] = {
    {"a frame in a buffer that there is not", wrong_id},
    {"two frames in one buffer", same_id_twice},
    {"a frame that reaches beyond its page", beyond_the_page},
    {"a frame of no bytes", nothing_in_it},
    {"a frame without end", endless_frame},
    {"extra info of no known type", extra_that_there_is_not},
    {"more frames than buffers", more_than_asked_for},
    {"an index that goes backwards", backwards},
    {"more frames sent than were given", sent_what_was_not_given},
    {"a frame sent that was not given", sent_another},
    {"noise", noise},
};

static void notify(struct liar *liar)
{
	xenevtchn_notify(liar->events, liar->rx_port);
	if (liar->tx_port != liar->rx_port)
		xenevtchn_notify(liar->events, liar->tx_port);
}

/* The frontend must end the connection by itself. As long as it has not, it is woken, and told the same
 * again: what it sends just now may have overwritten the lie. */
static bool is_turned_down(struct liar *liar, void (*tell)(struct liar *liar))
{
	for (int i = 0; i < WAIT_STEPS; i++, usleep(STEP_US)) {
		if (i % AGAIN_STEPS == 0)
			tell(liar);
		notify(liar);
		if (state_of(liar, liar->front) != XenbusStateConnected)
			return true;
	}
	return false;
}

static bool lie(struct liar *liar, size_t number)
{
	bool good;

	connect_rings(liar);
	good = is_turned_down(liar, lies[number].tell);
	printf("%s: %s\n", lies[number].name, good ? "turned down" : "not noticed");
	disconnect_rings(liar);
	if (!wait_for(liar, XenbusStateInitialising, false))
		errx(1, "the frontend does not begin anew, its state is %d", state_of(liar, liar->front));
	return good;
}

int main(int count, char **words)
{
	struct liar liar = {
	    .store = xs_open(0), .grants = xengnttab_open(NULL, 0), .events = xenevtchn_open(NULL, 0)};
	size_t first, number = sizeof(lies) / sizeof(lies[0]);
	bool good = true;

	if (count != 5 || !liar.store || !liar.grants || !liar.events)
		errx(2, "liar DOMAIN NUMBER FIRST COUNT, in dom0");
	first = strtoul(words[3], NULL, 10);
	liar.domain = (uint32_t)strtoul(words[1], NULL, 10);
	snprintf(liar.front, sizeof(liar.front), "/local/domain/%u/device/vif/%s", liar.domain, words[2]);
	snprintf(liar.back, sizeof(liar.back), "/local/domain/0/backend/vif/%u/%s", liar.domain, words[2]);
	say(&liar, XenbusStateClosed); /* of the driver's connection */
	if (!wait_for(&liar, XenbusStateInitialising, false))
		errx(1, "the frontend does not begin anew, its state is %d", state_of(&liar, liar.front));
	if (number > first + strtoul(words[4], NULL, 10))
		number = first + strtoul(words[4], NULL, 10);
	for (size_t i = first; i < number; i++)
		good &= lie(&liar, i);
	return good ? 0 : 1;
}
