/* SPDX-License-Identifier: Apache-2.0
 *
 * Binds configured devices to what the machine has; see devices.h.
 */
#include <errno.h>
#include <string.h>
#include "linux/none.h"
#include "linux/pcap.h"
#include "linux/tap.h"
#include "netfront/netfront.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "virtio/virtio_net.h"
#include "complain.h"
#include "devices.h"
#include "offload.h"

enum { VIRTIO_ID_NETWORK = 1 };

struct device devices[PORTS_MAX];

static bool can_wake = true;
static enum source_kind opened_sources = SOURCE_NONE; /* of all devices but those with none */

/* All receive rings together may hold a third of the pool, all transmit rings another. */
static struct device *device_prepare(uint16_t index)
{
	struct device *device = &devices[index];

	*device = (struct device){
	    .index = index,
	    .mtu = port_configs[index].mtu,
	    .descriptor = -1,
	    .pool = host_packet_pool,
	    .ring_buffers = host_packet_pool->size / (3u * device_count),
	};
	memcpy(device->mac, port_configs[index].mac, sizeof(device->mac));
	return device;
}

/* The network cards among what ring 0 found, in slot order. */
struct cards {
	const struct handover_device *card[HANDOVER_DEVICES_MAX];
	const char *owner[HANDOVER_DEVICES_MAX]; /* name of the port that has it, or NULL */
	unsigned int count;
};

static void cards_find(struct cards *cards, const struct handover *handover)
{
	*cards = (struct cards){0};
	for (uint32_t i = 0; i < RTE_MIN(handover->devices, (uint32_t)HANDOVER_DEVICES_MAX); i++)
		if (handover->device[i].virtio_id == VIRTIO_ID_NETWORK)
			cards->card[cards->count++] = &handover->device[i];
}

static int card_by_mac(const struct cards *cards, const struct port_config *port)
{
	uint8_t mac[6];

	for (unsigned int i = 0; i < cards->count; i++)
		if (virtio_net_mac(cards->card[i], mac) && memcmp(mac, port->mac, sizeof(mac)) == 0)
			return (int)i;
	return complain(
	    -ENODEV,
	    "port %s: no network card has MAC address %02x:%02x:%02x:%02x:%02x:%02x; the machine has %u",
	    port->name, port->mac[0], port->mac[1], port->mac[2], port->mac[3], port->mac[4], port->mac[5],
	    cards->count);
}

/* The number of the port's card, or -errno. */
static int card_for(const struct cards *cards, const struct port_config *port)
{
	int card = port->mac_given ? card_by_mac(cards, port) : port->slot;

	if (card < 0)
		return card;
	if ((unsigned int)card >= cards->count)
		return complain(-ENODEV, "port %s: no network card in slot %d; the machine has %u",
				port->name, card, cards->count);
	if (cards->owner[card] != NULL)
		return complain(-EBUSY, "port %s: the network card in slot %d is port %s already", port->name,
				card, cards->owner[card]);
	return card;
}

/* On Xen a port need not have its vif at start, or for ever. */
static int open_vifs(void)
{
	static struct netfront_wish wishes[PORTS_MAX];
	int error = 0;

	can_wake = true;
	for (uint16_t i = 0; i < device_count && error == 0; i++) {
		const struct port_config *port = &port_configs[i];

		wishes[i] =
		    (struct netfront_wish){.name = port->name, .by_mac = port->mac_given, .slot = port->slot};
		memcpy(wishes[i].mac, port->mac, sizeof(wishes[i].mac));
		error = netfront_open(device_prepare(i), &wishes[i]);
	}
	if (error == 0)
		netfront_start();
	return error;
}

/* Every port finds its card before the first is opened: asking a card for its MAC address resets it. */
int devices_open_cards(const struct handover *handover)
{
	struct cards cards;
	int card_of[PORTS_MAX], error = 0;

	if (handover->xen != NULL)
		return open_vifs();
	cards_find(&cards, handover);
	for (uint16_t i = 0; i < device_count; i++) {
		card_of[i] = card_for(&cards, &port_configs[i]);
		if (card_of[i] < 0)
			return card_of[i];
		cards.owner[card_of[i]] = port_configs[i].name;
	}
	for (uint16_t i = 0; i < device_count && error == 0; i++) {
		const struct handover_device *card = cards.card[card_of[i]];

		can_wake = can_wake && card->interrupt;
		error = virtio_net_open(device_prepare(i), card);
		stats.port[i].link_up = devices[i].link_up;
	}
	return error;
}

static int source_open(struct device *device, const struct device_source *source)
{
	switch (source->kind) {
	case SOURCE_PCAP:
		return pcap_device_open(device, source->in, source->out);
	case SOURCE_TAP:
		return tap_device_open(device, source->in);
	default:
		none_device_open(device);
		return 0;
	}
}

/* Beside taps a port may be left unconnected; a replay waits for the end of every port's capture. */
static int sources_check(const struct device_source *sources)
{
	enum source_kind kind = SOURCE_NONE;

	for (uint16_t i = 0; i < device_count; i++) {
		if (kind != SOURCE_NONE && sources[i].kind != SOURCE_NONE && sources[i].kind != kind)
			return complain(-EINVAL, "port %s: captures and tap interfaces can't be mixed",
					port_configs[i].name);
		kind = RTE_MAX(kind, sources[i].kind);
	}
	for (uint16_t i = 0; i < device_count && kind != SOURCE_TAP; i++)
		if (sources[i].kind == SOURCE_NONE)
			return complain(-ENODEV,
					"port %s: has no device; say %s=tap:INTERFACE or %s=pcap:IN[:OUT]",
					port_configs[i].name, port_configs[i].name, port_configs[i].name);
	opened_sources = kind;
	return 0;
}

int devices_open_sources(const struct device_source *sources)
{
	int error = sources_check(sources);

	for (uint16_t i = 0; i < device_count && error == 0; i++)
		error = source_open(device_prepare(i), &sources[i]);
	if (error == 0)
		devices_check_links();
	return error;
}

int devices_close(void)
{
	int error = 0;

	for (uint16_t i = 0; i < device_count && opened_sources != SOURCE_NONE; i++) {
		if (opened_sources == SOURCE_TAP && devices[i].state != NULL)
			tap_device_close(&devices[i]);
		else if (opened_sources == SOURCE_PCAP && pcap_device_close(&devices[i]) != 0)
			error = -EIO;
	}
	opened_sources = SOURCE_NONE;
	return error;
}

bool devices_can_wake(void)
{
	return can_wake;
}

void devices_check_links(void)
{
	for (uint16_t i = 0; i < device_count; i++) {
		devices[i].link_up = devices[i].driver->link(&devices[i]);
		stats.port[i].link_up = devices[i].link_up;
	}
}

uint16_t host_transmit(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	return offload_transmit(&devices[device], packets, count);
}

bool host_takes_super_frames(void)
{
	for (uint16_t i = 0; i < device_count; i++)
		if (devices[i].offloads & (DEVICE_TX_TSO4 | DEVICE_TX_TSO6))
			return true;
	return false;
}

bool host_link_is_up(uint16_t device)
{
	return devices[device].link_up;
}

const uint8_t *host_mac_address(uint16_t device)
{
	return devices[device].mac;
}
