/* SPDX-License-Identifier: Apache-2.0
 *
 * Xen's network device as a device: opening it, sleeping and waking, link, and closing one that lies. Called
 * by pktio/devices.c and boot/ring3. Source: Xen, public/io/netif.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <rte_malloc.h>
#include <rte_memzone.h>
#include "nf/host.h"
#include "pktio/xen/events.h"
#include "net.h"

void netfront_log(const struct net *net, const char *format, ...)
{
	char line[192];
	int used;
	va_list arguments;

	if (net->had_vif)
		used = snprintf(line, sizeof(line), "port %s, vif %u: ", net->wish->name, net->handle);
	else
		used = snprintf(line, sizeof(line), "port %s, vif: ", net->wish->name);
	va_start(arguments, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
	va_end(arguments);
	host_log(line);
}

void netfront_update_link(struct net *net)
{
	net->device->link_up = net->phase == PHASE_CONNECTED && net->carrier;
}

static const char *find_fault(const struct net *net)
{
	for (uint16_t i = 0; i < net->queues; i++) {
		const char *fault = net->queue[i].rx.fault ? net->queue[i].rx.fault : net->queue[i].tx.fault;

		if (unlikely(fault != NULL))
			return fault;
	}
	return NULL;
}

static void restart(struct net *net, const char *fault)
{
	net->resets = net->frames < NET_FORGIVE_AFTER ? net->resets + 1 : 1;
	net->frames = 0;
	net_stats(net)->device_resets++;
	net_stats(net)->device_errors++;
	netfront_log(net, "the backend %s: reset", fault);
	state_close(net);
	if (net->resets <= NET_RESETS_MAX)
		return;
	net->phase = PHASE_DOWN;
	netfront_log(net, "left down after %u resets in a row", net->resets);
}

bool netfront_check(struct net *net)
{
	const char *fault = find_fault(net);

	if (unlikely(fault != NULL))
		restart(net, fault);
	return net->queues > 0;
}

static bool net_drain(struct device *device)
{
	struct net *net = device->state;
	uint32_t out = 0;

	netfront_collect(net);
	if (!netfront_check(net))
		return true;
	for (uint16_t i = 0; i < net->queues; i++)
		out += RING_ENTRIES - tx_ring_free(&net->queue[i].tx);
	return out == 0;
}

/* A ring that has no buffer a frame could arrive in has to be polled. */
static bool net_arm(struct device *device)
{
	struct net *net = device->state;

	netfront_collect(net);
	if (!netfront_check(net))
		return false;
	for (uint16_t i = 0; i < net->queues; i++) {
		struct net_queue *queue = &net->queue[i];

		events_listen(queue->rx_port);
		if (rx_ring_arm(&queue->rx) || rx_ring_out(&queue->rx) == 0)
			return true;
	}
	return false;
}

static void net_disarm(struct device *device)
{
	struct net *net = device->state;

	for (uint16_t i = 0; i < net->queues; i++) {
		events_ignore(net->queue[i].rx_port);
		rx_ring_disarm(&net->queue[i].rx);
	}
}

static bool net_link(struct device *device)
{
	struct net *net = device->state;

	store_poll();
	vifs_look();
	state_look(net);
	return device->link_up;
}

static const struct device_driver net_driver = {
    .name = "netfront",
    .receive = netfront_receive,
    .transmit = netfront_transmit,
    .drain = net_drain,
    .arm = net_arm,
    .disarm = net_disarm,
    .link = net_link,
};

static struct net *create(struct device *device)
{
	struct net *net = rte_zmalloc("netfront", sizeof(*net), RTE_CACHE_LINE_SIZE);
	const uint32_t bytes = 2 * XEN_PAGE_BYTES;
	char name[RTE_MEMZONE_NAMESIZE];

	if (net == NULL)
		return NULL;
	snprintf(name, sizeof(name), "netfront%u", device->index);
	net->memory = rte_memzone_reserve_aligned(name, NET_QUEUES_MAX * bytes, SOCKET_ID_ANY,
						  RTE_MEMZONE_IOVA_CONTIG, XEN_PAGE_BYTES);
	if (net->memory == NULL) {
		rte_free(net);
		return NULL;
	}
	for (uint16_t i = 0; i < NET_QUEUES_MAX; i++)
		net->queue[i].pages = (uint8_t *)net->memory->addr + i * bytes;
	net->device = device;
	return net;
}

int netfront_open(struct device *device, const struct netfront_wish *wish)
{
	struct net *net = create(device);

	if (net == NULL) {
		host_log("no memory for the rings of a vif");
		return -ENOMEM;
	}
	net->wish = wish;
	device->driver = &net_driver;
	device->state = net;
	device->descriptor = -1;
	device->link_up = false;
	vifs_add(net);
	return 0;
}

void netfront_close(struct device *device)
{
	struct net *net = device->state;

	state_vanished(net);
	setup_take_back(net); /* what the backend had mapped when its vif went */
	vifs_remove(net);
	rte_memzone_free(net->memory);
	rte_free(net);
	device->state = NULL;
}

void netfront_start(void)
{
	vifs_start();
}

void netfront_resume(void)
{
	vifs_resume();
}
