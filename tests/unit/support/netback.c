/* SPDX-License-Identifier: Apache-2.0
 *
 * See netback.h.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_common.h>
#include "nf/stats.h"
#include "pktio/xen/events.h"
#include "pktio/xen/grants.h"
#include "pktio/xen/store.h"
#include "netback.h"
#include "watched_pool.h"

enum { PATH_BYTES = 160, SETTLE_MAX = 32, BURST = 32 };

const struct netback_offer netback_all = {
    .sg = true, .gso = true, .ipv6_csum = true, .split = true, .multicast = true, .queues = 1};

struct netback_world netback_world;

void netback_world_init(uint16_t devices, uint32_t grant_version)
{
	static struct rte_mempool *pool;
	static void *pages;

	if (pool == NULL)
		pool = watched_page_pool("pages", NETBACK_MBUFS, &pages);
	if (netback_world.pool != NULL) /* a test that failed has left it */
		netback_world_end();
	memset(&stats, 0, sizeof(stats));
	xen_world_init(grant_version);
	events_init(&xen_world.handover);
	store_init(&xen_world.handover);
	grants_init(&xen_world.handover, NETBACK_DEVICES * NETFRONT_GRANTS);
	grants_pool(pages, NETBACK_MBUFS);
	memset(&netback_world, 0, sizeof(netback_world));
	netback_world.devices = devices;
	netback_world.pool = pool;
	for (uint16_t i = 0; i < devices; i++) {
		static const char *const names[NETBACK_DEVICES] = {"lan", "wan", "dmz", "lab"};

		netback_world.wish[i] = (struct netfront_wish){.name = names[i], .slot = i};
		netback_world.device[i] = (struct device){
		    .index = i,
		    .mtu = 1500,
		    .pool = pool,
		    .mac = {2, 0, 0, 0, 0, (uint8_t)(i + 1)},
		    .ring_buffers = 256,
		};
	}
}

void netback_world_start(void)
{
	for (uint16_t i = 0; i < netback_world.devices; i++) {
		int error = netfront_open(&netback_world.device[i], &netback_world.wish[i]);

		assert(error == 0);
	}
	netfront_start();
}

bool netback_world_end(void)
{
	for (uint16_t i = 0; i < netback_world.devices; i++)
		if (netback_world.device[i].state != NULL)
			netfront_close(&netback_world.device[i]);
	return rte_mempool_avail_count(netback_world.pool) == NETBACK_MBUFS && xen_world.ports_open == 0 &&
	       grants_given() == 0;
}

static const char *back_path(const struct netback *back, const char *key)
{
	static char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/local/domain/%u/backend/vif/%u/%u%s%s", back->domain, XEN_SELF,
		 back->handle, key[0] ? "/" : "", key);
	return path;
}

static const char *front_path(const struct netback *back, const char *key)
{
	static char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/local/domain/%u/device/vif/%u%s%s", XEN_SELF, back->handle,
		 key[0] ? "/" : "", key);
	return path;
}

void netback_set(const struct netback *back, const char *key, const char *value)
{
	xen_store_set(back_path(back, key), value);
}

const char *netback_get(const struct netback *back, const char *key)
{
	return xen_store_get(back_path(back, key));
}

const char *netback_front_get(const struct netback *back, const char *key)
{
	return xen_store_get(front_path(back, key));
}

void netback_front_set(const struct netback *back, const char *key, const char *value)
{
	xen_store_set(front_path(back, key), value);
}

void netback_set_state(const struct netback *back, enum xenbus_state state)
{
	xen_store_setf(back_path(back, "state"), "%d", state);
}

enum xenbus_state netback_front_state(const struct netback *back)
{
	const char *value = netback_front_get(back, "state");

	return value ? (enum xenbus_state)atoi(value) : XenbusStateUnknown;
}

static void set_flag(const struct netback *back, const char *key, bool value)
{
	netback_set(back, key, value ? "1" : "0");
}

static void write_offer(const struct netback *back)
{
	const struct netback_offer *offer = &back->offer;

	set_flag(back, "feature-sg", offer->sg);
	set_flag(back, "feature-gso-tcpv4", offer->gso);
	set_flag(back, "feature-gso-tcpv6", offer->gso);
	set_flag(back, "feature-rx-copy", !offer->no_copy);
	if (offer->no_csum)
		set_flag(back, "feature-no-csum-offload", true);
	set_flag(back, "feature-ipv6-csum-offload", offer->ipv6_csum);
	set_flag(back, "feature-split-event-channels", offer->split);
	set_flag(back, "feature-multicast-control", offer->multicast);
	set_flag(back, "feature-dynamic-multicast-control", offer->multicast);
	if (offer->queues > 0)
		xen_store_setf(back_path(back, "multi-queue-max-queues"), "%u", offer->queues);
}

void netback_plug(struct netback *back, uint32_t handle, const struct netback_offer *offer)
{
	uint16_t domain = back->domain;
	char path[PATH_BYTES];

	*back = (struct netback){.handle = handle, .domain = domain, .offer = *offer};
	write_offer(back);
	netback_set(back, "online", "1");
	netback_set_state(back, XenbusStateInitWait);
	snprintf(path, sizeof(path), "%s", back_path(back, ""));
	xen_store_set(front_path(back, "backend"), path);
	xen_store_setf(front_path(back, "backend-id"), "%u", domain);
	xen_store_setf(front_path(back, "mac"), "00:16:3e:00:00:%02x", handle + 0x10);
	xen_store_set(front_path(back, "state"), "1");
}

void netback_unplug(struct netback *back)
{
	netback_disconnect(back);
	xen_store_delete(front_path(back, ""));
	xen_store_delete(back_path(back, ""));
}

static bool read_key(const struct netback *back, int queue, const char *key, uint32_t *value)
{
	char name[64];
	const char *text;

	if (queue < 0)
		snprintf(name, sizeof(name), "%s", key);
	else
		snprintf(name, sizeof(name), "queue-%d/%s", queue, key);
	text = netback_front_get(back, name);
	if (text != NULL)
		*value = (uint32_t)strtoul(text, NULL, 10);
	return text != NULL;
}

static bool map_queue(struct netback *back, struct netback_queue *queue, int folder)
{
	void *tx, *rx;

	if (!read_key(back, folder, "tx-ring-ref", &queue->tx_reference) ||
	    !read_key(back, folder, "rx-ring-ref", &queue->rx_reference))
		return false;
	if (read_key(back, folder, "event-channel-tx", &queue->tx_port)) {
		if (!read_key(back, folder, "event-channel-rx", &queue->rx_port))
			return false;
	} else if (read_key(back, folder, "event-channel", &queue->tx_port)) {
		queue->rx_port = queue->tx_port;
	} else {
		return false;
	}
	if (!xen_world.port_open[queue->tx_port] || xen_world.port_domain[queue->tx_port] != back->domain ||
	    !xen_world.port_open[queue->rx_port] || xen_world.port_domain[queue->rx_port] != back->domain)
		return false;
	tx = xen_grant_map(back->domain, queue->tx_reference);
	rx = xen_grant_map(back->domain, queue->rx_reference);
	if (tx == NULL || rx == NULL)
		return false;
	BACK_RING_INIT(&queue->tx, (netif_tx_sring_t *)tx, XEN_PAGE_BYTES);
	BACK_RING_INIT(&queue->rx, (netif_rx_sring_t *)rx, XEN_PAGE_BYTES);
	return true;
}

bool netback_map(struct netback *back)
{
	uint32_t queues = 1, copy = 0;

	back->group_count = 0;
	if (netback_front_state(back) != XenbusStateConnected)
		return false;
	read_key(back, -1, "multi-queue-num-queues", &queues);
	read_key(back, -1, "request-rx-copy", &copy);
	if (copy != 1 || queues == 0 || queues > RTE_MAX(back->offer.queues, 1u))
		return false;
	for (uint32_t i = 0; i < queues; i++)
		if (!map_queue(back, &back->queue[i], queues == 1 ? -1 : (int)i))
			return false;
	back->queues = queues;
	return true;
}

void netback_connect(struct netback *back)
{
	bool mapped = netback_map(back);

	assert(mapped);
	netback_set_state(back, XenbusStateConnected);
}

void netback_disconnect(struct netback *back)
{
	for (uint32_t i = 0; i < back->queues; i++) {
		xen_grant_unmap(back->queue[i].tx_reference);
		xen_grant_unmap(back->queue[i].rx_reference);
	}
	back->queues = 0;
}

/* drivers/net/xen-netback/xenbus.c of Linux: what follows from the front end's state. */
static void react(struct netback *back)
{
	const char *online = netback_get(back, "online"), *own = netback_get(back, "state");
	enum xenbus_state state = own ? (enum xenbus_state)atoi(own) : XenbusStateUnknown;

	switch (netback_front_state(back)) {
	case XenbusStateInitialising:
		if (state == XenbusStateConnected)
			netback_disconnect(back);
		if (state != XenbusStateInitWait && state != XenbusStateUnknown)
			netback_set_state(back, XenbusStateInitWait);
		break;
	case XenbusStateConnected:
		if (state == XenbusStateInitWait)
			netback_connect(back);
		break;
	case XenbusStateClosing:
	case XenbusStateClosed:
		netback_disconnect(back);
		if (state != XenbusStateClosed && state != XenbusStateUnknown)
			netback_set_state(back, XenbusStateClosed);
		if (online != NULL && strcmp(online, "0") == 0)
			netback_unplug(back);
		break;
	default:
		break;
	}
}

void netback_settle(struct netback *back, struct device *device)
{
	uint32_t before;

	for (int i = 0; i < SETTLE_MAX; i++) {
		before = xen_world.messages;
		device->driver->link(device);
		react(back);
		device->driver->link(device);
		if (xen_world.messages == before || (device->link_up && i > 2))
			break;
	}
}

void netback_up(struct netback *back, uint32_t handle, const struct netback_offer *offer,
		struct device *device)
{
	netback_plug(back, handle, offer);
	netback_settle(back, device);
	assert(device->link_up && back->queues > 0);
}

/* Towards us */

bool netback_take_buffer(struct netback *back, uint32_t queue, struct netif_rx_request *request)
{
	netif_rx_back_ring_t *ring = &back->queue[queue].rx;

	if (ring->req_cons == ring->sring->req_prod)
		return false;
	*request = *RING_GET_REQUEST(ring, ring->req_cons);
	ring->req_cons++;
	return true;
}

void netback_answer(struct netback *back, uint32_t queue, const struct netif_rx_response *response)
{
	netif_rx_back_ring_t *ring = &back->queue[queue].rx;

	*RING_GET_RESPONSE(ring, ring->rsp_prod_pvt) = *response;
	ring->rsp_prod_pvt++;
}

void netback_push_rx(struct netback *back, uint32_t queue)
{
	netif_rx_back_ring_t *ring = &back->queue[queue].rx;
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
	if (!notify)
		return;
	back->queue[queue].notifications++;
	back->queue[queue].interrupts += xen_event_raise(back->queue[queue].rx_port);
}

/* The extra info of a frame goes over an answer. */
static bool put_gso(struct netback *back, uint32_t queue, const struct netback_about *about)
{
	struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO,
					 .u.gso = {.size = about->gso_size, .type = about->gso_type}};
	struct netif_rx_request request;
	struct netif_rx_response response;

	if (!netback_take_buffer(back, queue, &request))
		return false;
	memcpy(&response, &extra, sizeof(response));
	netback_answer(back, queue, &response);
	return true;
}

static void copy_to(const struct netback *back, const struct netif_rx_request *request, uint16_t offset,
		    const uint8_t *bytes, uint32_t count)
{
	uint8_t *page = xen_grant_look(back->domain, request->gref);

	assert(page != NULL && offset + count <= XEN_PAGE_BYTES);
	memcpy(page + offset, bytes, count);
}

bool netback_deliver(struct netback *back, uint32_t queue, const uint8_t *frame, uint32_t bytes,
		     const struct netback_about *about)
{
	uint32_t most = about->piece ? about->piece : XEN_PAGE_BYTES - about->offset;

	for (uint32_t done = 0, piece; done < bytes; done += piece) {
		struct netif_rx_request request;
		struct netif_rx_response response = {.offset = about->offset};

		piece = RTE_MIN(most, bytes - done);
		if (!netback_take_buffer(back, queue, &request))
			return false;
		copy_to(back, &request, about->offset, frame + done, piece);
		response.id = request.id;
		response.status = (int16_t)piece;
		response.flags = done == 0 ? about->flags : 0;
		response.flags |= done + piece < bytes ? NETRXF_more_data : 0;
		response.flags |= done == 0 && about->gso_type ? NETRXF_extra_info : 0;
		netback_answer(back, queue, &response);
		if (done == 0 && about->gso_type && !put_gso(back, queue, about))
			return false;
	}
	netback_push_rx(back, queue);
	return true;
}

/* Towards the backend */

void netback_answer_tx(struct netback *back, uint32_t queue, uint16_t id, int16_t status)
{
	netif_tx_back_ring_t *ring = &back->queue[queue].tx;

	*RING_GET_RESPONSE(ring, ring->rsp_prod_pvt) =
	    (struct netif_tx_response){.id = status == NETIF_RSP_NULL ? 0xeeee : id, .status = status};
	ring->rsp_prod_pvt++;
}

void netback_push_tx(struct netback *back, uint32_t queue)
{
	netif_tx_back_ring_t *ring = &back->queue[queue].tx;
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
	assert(!notify); /* nobody asks to be told of what was sent */
}

static struct netif_tx_request take_request(struct netback *back, uint32_t queue)
{
	netif_tx_back_ring_t *ring = &back->queue[queue].tx;

	assert(ring->req_cons != ring->sring->req_prod);
	return *RING_GET_REQUEST(ring, ring->req_cons++);
}

static void copy_from(const struct netback *back, const struct netif_tx_request *request, uint8_t *to,
		      uint32_t bytes)
{
	const uint8_t *page = xen_grant_look(back->domain, request->gref);

	assert(page != NULL && bytes > 0 && request->offset + bytes <= XEN_PAGE_BYTES);
	memcpy(to, page + request->offset, bytes);
}

static struct netif_extra_info take_extra(struct netback *back, uint32_t queue)
{
	struct netif_tx_request entry = take_request(back, queue);
	struct netif_extra_info extra;

	memcpy(&extra, &entry, sizeof(extra));
	assert(!(extra.flags & XEN_NETIF_EXTRA_FLAG_MORE));
	return extra;
}

/* A request without data, for the sake of its extra info. */
static void take_group(struct netback *back, uint32_t queue, const struct netif_tx_request *request,
		       const struct netif_extra_info *extra)
{
	assert(extra->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD && request->size == 0);
	if (!back->has_no_room) {
		assert(back->group_count < NETBACK_GROUPS_MAX);
		memcpy(back->group[back->group_count++], extra->u.mcast.addr, 6);
	}
	netback_answer_tx(back, queue, request->id, back->has_no_room ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
	netback_answer_tx(back, queue, 0, NETIF_RSP_NULL);
	netback_push_tx(back, queue);
}

uint32_t netback_fetch(struct netback *back, uint32_t queue, uint8_t frame[NETBACK_FRAME_MAX],
		       struct netback_about *about)
{
	netif_tx_back_ring_t *ring = &back->queue[queue].tx;
	struct netif_tx_request first, piece[XEN_NETIF_NR_SLOTS_MIN];
	uint32_t first_bytes, at;

	*about = (struct netback_about){0};
	if (ring->req_cons == ring->sring->req_prod)
		return 0;
	first = piece[0] = take_request(back, queue);
	about->flags = first.flags & ~(NETTXF_more_data | NETTXF_extra_info);
	if (first.flags & NETTXF_extra_info) {
		struct netif_extra_info extra = take_extra(back, queue);

		if (extra.type != XEN_NETIF_EXTRA_TYPE_GSO) {
			take_group(back, queue, &first, &extra);
			return netback_fetch(back, queue, frame, about);
		}
		about->gso_type = extra.u.gso.type;
		about->gso_size = extra.u.gso.size;
	}
	for (about->pieces = 1; piece[about->pieces - 1].flags & NETTXF_more_data; about->pieces++) {
		assert(about->pieces < XEN_NETIF_NR_SLOTS_MIN);
		piece[about->pieces] = take_request(back, queue);
		assert(!(piece[about->pieces].flags & ~NETTXF_more_data));
	}
	first_bytes = at = first.size;
	for (uint16_t i = 1; i < about->pieces; i++)
		first_bytes -= piece[i].size;
	copy_from(back, &first, frame, first_bytes);
	at = first_bytes;
	for (uint16_t i = 1; i < about->pieces; at += piece[i++].size)
		copy_from(back, &piece[i], frame + at, piece[i].size);
	for (uint16_t i = 0; i < about->pieces; i++) {
		netback_answer_tx(back, queue, piece[i].id, NETIF_RSP_OKAY);
		if (i == 0 && (first.flags & NETTXF_extra_info))
			netback_answer_tx(back, queue, 0, NETIF_RSP_NULL);
	}
	netback_push_tx(back, queue);
	return first.size;
}

/* Frames */

void netback_pattern(uint8_t *frame, uint32_t bytes, uint8_t seed)
{
	for (uint32_t i = 0; i < bytes; i++)
		frame[i] = (uint8_t)(seed + i + (i >> 8));
}

struct rte_mbuf *netback_frame(uint32_t bytes, uint16_t segment, uint8_t seed)
{
	static uint8_t pattern[NETBACK_FRAME_MAX];
	struct rte_mbuf *head = NULL, *last = NULL;

	netback_pattern(pattern, bytes, seed);
	for (uint32_t done = 0; done < bytes; done += last->data_len) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(netback_world.pool);
		uint16_t piece = (uint16_t)RTE_MIN(segment, bytes - done);

		assert(m);
		memcpy(rte_pktmbuf_append(m, piece), pattern + done, piece);
		if (!head)
			head = m;
		else
			assert(!rte_pktmbuf_chain(head, m));
		last = m;
	}
	return head;
}

bool netback_matches(struct rte_mbuf *m, uint32_t bytes, uint8_t seed)
{
	static uint8_t pattern[NETBACK_FRAME_MAX], copy[NETBACK_FRAME_MAX];
	const void *data;

	netback_pattern(pattern, bytes, seed);
	if (rte_pktmbuf_pkt_len(m) != bytes)
		return false;
	data = rte_pktmbuf_read(m, 0, bytes, copy);
	return data && !memcmp(data, pattern, bytes);
}
