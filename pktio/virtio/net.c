/* SPDX-License-Identifier: Apache-2.0
 *
 * The virtio network card as a device: opening it, sleeping and waking, link, and resetting one that lies.
 * Called by boot/ring3. Source: virtio 1.2, section 5.1.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <rte_malloc.h>
#include "net.h"
#include "nf/host.h"
#include "virtio_net.h"

void net_log(const struct transport *transport, const char *format, ...)
{
	char line[192];
	int used = snprintf(line, sizeof(line), "network card at 0x%x: ", transport->location);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
	va_end(arguments);
	host_log(line);
}

void net_notify(struct net *net, struct ring *ring)
{
	if (!ring->operations->wants_notification(ring))
		return;
	net_stats(net)->notifications++;
	net->transport.operations->notify(&net->transport, ring->queue);
}

/* Takes back every mbuf. The device has been reset; one that refused to be could write to memory anyway,
 * whatever we do, so its buffers are not kept either. */
static void recover(struct net *net)
{
	ring_recover(&net->rx);
	ring_recover(&net->tx);
	rte_pktmbuf_free(net->assembly.head);
	net->assembly = (struct net_assembly){0};
}

static void take_down(struct net *net)
{
	setup_reset(&net->transport);
	recover(net);
	net->down = true;
	net->device->link_up = false;
}

/* Sets up a card and gives it its first buffers. */
static int start(struct net *net)
{
	int error = setup(net);

	if (error)
		return error;
	net->refill = RTE_MAX(RTE_MIN(net->rx.size / 4, NET_BATCH), 1);
	rx_offer_first(net);
	return 0;
}

static void restart(struct net *net, const char *fault)
{
	net->resets = net->frames < NET_FORGIVE_AFTER ? net->resets + 1 : 1;
	net->frames = 0;
	net_stats(net)->device_resets++;
	net_log(&net->transport, "%s: reset", fault);
	setup_reset(&net->transport);
	recover(net);
	if (net->resets <= NET_RESETS_MAX && !start(net))
		return;
	take_down(net);
	net_log(&net->transport, "left down after %u resets in a row", net->resets);
}

bool net_check(struct net *net)
{
	const char *fault = net->rx.fault ? net->rx.fault : net->tx.fault;

	if (unlikely(fault) && !net->down)
		restart(net, fault);
	return !net->down;
}

static bool net_drain(struct device *device)
{
	struct net *net = device->state;

	if (net->down)
		return true;
	tx_collect(net);
	return !net_check(net) || !net->tx.in_flight;
}

/* A card that can't interrupt, or has no buffer that a frame could arrive in, has to be polled. */
static bool net_arm(struct device *device)
{
	struct net *net = device->state;

	if (net->down)
		return false;
	tx_collect(net);
	if (!net_check(net) || !net->transport.interrupts)
		return !net->down;
	return ring_arm(&net->rx) || !net->rx.in_flight;
}

/* Each access to a register can cost as much as a sleep, so an interrupt that may be pending is ended only
 * where there are frames, which are what it tells of. One that tells of something else ends a sleep without
 * frames, and then net_link ends it. */
static void net_disarm(struct device *device)
{
	struct net *net = device->state;

	if (net->down)
		return;
	if (ring_disarm(&net->rx))
		net->transport.operations->acknowledge(&net->transport);
}

static bool net_link(struct device *device)
{
	struct net *net = device->state;
	struct transport *transport = &net->transport;

	if (net->down)
		return false;
	if (!transport->operations->changed(transport))
		return device->link_up;
	/* Section 2.1.1: the device found an error of its own. */
	if (transport->operations->status(transport) & STATUS_NEEDS_RESET)
		net->rx.fault = "asks to be reset";
	if (!net_check(net))
		return false;
	device->link_up = !net_has(net, FEATURE_STATUS) ||
			  (transport->operations->config(transport, offsetof(struct net_config, status), 2) &
			   NET_STATUS_LINK_UP);
	return device->link_up;
}

static const struct device_driver net_driver = {
    .name = "virtio-net",
    .receive = rx_receive,
    .transmit = tx_transmit,
    .drain = net_drain,
    .arm = net_arm,
    .disarm = net_disarm,
    .link = net_link,
};

/* Rings get memory for their largest size: what the card offers is known later, and may change with a reset.
 */
static int allocate_rings(struct net *net)
{
	uint16_t capacity = setup_ring_capacity(net->device);
	char name[RTE_MEMZONE_NAMESIZE];
	int error;

	snprintf(name, sizeof(name), "virtio%u.rx", net->device->index);
	error = ring_allocate(&net->rx, name, capacity);
	if (error)
		return error;
	snprintf(name, sizeof(name), "virtio%u.tx", net->device->index);
	return ring_allocate(&net->tx, name, capacity);
}

static void release(struct net *net)
{
	ring_release(&net->rx);
	ring_release(&net->tx);
	rte_free(net);
}

static struct net *create(struct device *device, const struct transport *transport)
{
	struct net *net = rte_zmalloc("virtio-net", sizeof(*net), RTE_CACHE_LINE_SIZE);
	struct rte_mempool *pool = device->pool;

	if (!net)
		return NULL;
	net->device = device;
	net->transport = *transport;
	net->rx.buffer_offset = (uint32_t)(sizeof(struct rte_mbuf) + rte_pktmbuf_priv_size(pool)) +
				RTE_PKTMBUF_HEADROOM - NET_HEADER_BYTES;
	net->rx.buffer_bytes = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM + NET_HEADER_BYTES;
	net->tx.buffer_bytes = UINT32_MAX; /* what it says it wrote into frames to be sent means nothing */
	if (!allocate_rings(net))
		return net;
	release(net);
	return NULL;
}

void net_close(struct device *device)
{
	struct net *net = device->state;

	setup_reset(&net->transport);
	recover(net);
	release(net);
	device->state = NULL;
}

int net_open(struct device *device, const struct transport *transport)
{
	struct net *net = create(device, transport);
	int error;

	if (!net) {
		net_log(transport, "no memory for its rings");
		return -ENOMEM;
	}
	device->driver = &net_driver;
	device->state = net;
	device->descriptor = -1;
	error = start(net);
	if (error)
		net_close(device);
	return error;
}

static int attach(struct transport *transport, const struct handover_device *found)
{
	return found->transport == TRANSPORT_VIRTIO_PCI ? pci_attach(transport, found)
							: mmio_attach(transport, found);
}

int virtio_net_open(struct device *device, const struct handover_device *found)
{
	struct transport transport;
	int error = attach(&transport, found);

	if (error) {
		net_log(&transport, "is no virtio 1.x device");
		return error;
	}
	return net_open(device, &transport);
}

bool virtio_net_mac(const struct handover_device *found, uint8_t mac[6])
{
	struct transport transport;

	return !attach(&transport, found) && net_mac(&transport, mac);
}
