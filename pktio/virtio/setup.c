/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing a card up, by the numbers of virtio 1.2, section 3.1.1. Called by net.c, at open and after each
 * reset.
 */
#include <errno.h>
#include <string.h>
#include "net.h"

enum {
	RESET_POLLS = 1000000,
	GENERATION_TRIES = 16,
	QUEUE_SIZE_MIN = 2, /* a frame and the header that may need an mbuf of its own */
	MTU_MIN = 68,	    /* section 5.1.4.1 */
	/* of a buffer that a frame's header and its table of descriptors go into */
	TABLE_ROOM_MIN =
	    RTE_PKTMBUF_HEADROOM + NET_HEADER_BYTES + (RING_TABLE_MAX + 1) * RING_TABLE_ENTRY_BYTES,
	LINK_HEADER_BYTES = 18, /* Ethernet and one 802.1Q tag */
	SUPER_FRAME_RING_MIN =
	    64, /* descriptors, so that the 34 of a super-frame can pass while others wait */
};

/* What the driver understands, and what each of these needs (section 5.1.3.1). Not in the table, and so never
 * negotiated: IN_ORDER (the free list is no slower), ACCESS_PLATFORM
 * (addresses are physical ones, and nothing is encrypted), control queue and multiple queues (one core
 * polls). */
static const struct wish {
	enum feature feature;
	uint64_t needs;
} wishes[] = {
    {FEATURE_VERSION_1, 0},
    {FEATURE_RING_PACKED, 0},
    {FEATURE_INDIRECT_DESC, 0},
    {FEATURE_EVENT_IDX, 0},
    {FEATURE_MAC, 0},
    {FEATURE_STATUS, 0},
    {FEATURE_MTU, 0},
    {FEATURE_MRG_RXBUF, 0},
    {FEATURE_CSUM, 0},
    {FEATURE_HOST_TSO4, UINT64_C(1) << FEATURE_CSUM},
    {FEATURE_HOST_TSO6, UINT64_C(1) << FEATURE_CSUM},
    {FEATURE_HOST_ECN, UINT64_C(1) << FEATURE_CSUM},
    {FEATURE_GUEST_CSUM, 0},
    /* Without mergeable buffers each receive buffer would have to hold a super-frame. */
    {FEATURE_GUEST_TSO4, UINT64_C(1) << FEATURE_GUEST_CSUM | UINT64_C(1) << FEATURE_MRG_RXBUF},
    {FEATURE_GUEST_TSO6, UINT64_C(1) << FEATURE_GUEST_CSUM | UINT64_C(1) << FEATURE_MRG_RXBUF},
    {FEATURE_GUEST_ECN, UINT64_C(1) << FEATURE_GUEST_CSUM | UINT64_C(1) << FEATURE_MRG_RXBUF},
};

/* ECN needs one of the two TSO features beside it. */
static uint64_t drop_lone_ecn(uint64_t features)
{
	uint64_t host = UINT64_C(1) << FEATURE_HOST_TSO4 | UINT64_C(1) << FEATURE_HOST_TSO6;
	uint64_t guest = UINT64_C(1) << FEATURE_GUEST_TSO4 | UINT64_C(1) << FEATURE_GUEST_TSO6;

	if (!(features & host))
		features &= ~(UINT64_C(1) << FEATURE_HOST_ECN);
	if (!(features & guest))
		features &= ~(UINT64_C(1) << FEATURE_GUEST_ECN);
	return features;
}

/* EVENT_IDX is for split rings only. On packed ones QEMU (7.2) leaves its event position where it was before
 * a back end that had been busy took frames again; what is sent then waits for a notification that the
 * position does not ask for. Events that are just on or off have no such trap. */
static uint64_t choose_features(uint64_t offered)
{
	uint64_t chosen = 0;

	if (offered >> FEATURE_RING_PACKED & 1)
		offered &= ~(UINT64_C(1) << FEATURE_EVENT_IDX);
	for (size_t i = 0; i < RTE_DIM(wishes); i++) {
		bool possible = (chosen & wishes[i].needs) == wishes[i].needs;

		if (possible)
			chosen |= offered & UINT64_C(1) << wishes[i].feature;
	}
	return drop_lone_ecn(chosen);
}

/* Bits are added to what the device said last: it is asked where section 3.1.1 says so, not before each
 * step, because an access to a register can cost tens of microseconds. */
static void add_status(struct transport *transport, uint8_t bits)
{
	transport->status |= bits;
	transport->operations->set_status(transport, transport->status);
}

bool setup_reset(struct transport *transport)
{
	transport->status = STATUS_RESET;
	transport->operations->set_status(transport, STATUS_RESET);
	for (uint32_t i = 0; i < RESET_POLLS; i++)
		if (transport->operations->status(transport) == STATUS_RESET)
			return true;
	return false;
}

/* Steps 4 to 6. After a reset the same features are asked for again, so that what was promised to others
 * holds. */
static int negotiate(struct net *net)
{
	struct transport *transport = &net->transport;
	uint64_t offered = transport->operations->device_features(transport); /* 4 */
	uint64_t chosen = choose_features(offered);

	if (!(chosen >> FEATURE_VERSION_1 & 1)) {
		net_log(transport, "legacy device; it must be of virtio 1.0 or later (disable-legacy=on, "
				   "virtio-mmio.force-legacy=false)");
		return -ENOTSUP;
	}
	if (net->features && (net->features & ~chosen)) {
		net_log(transport, "offers less than before it was reset");
		return -EPROTO;
	}
	if (!net->features)
		net->features = chosen;
	transport->operations->set_driver_features(transport, net->features);
	add_status(transport, STATUS_FEATURES_OK);		      /* 5 */
	transport->status = transport->operations->status(transport); /* 6 */
	if (transport->status & STATUS_FEATURES_OK)
		return 0;
	if (offered >> FEATURE_ACCESS_PLATFORM & 1)
		net_log(transport,
			"insists on an IOMMU or protected memory (iommu_platform=on), which we have not");
	else
		net_log(transport, "refuses the features that we need");
	return -ENOTSUP;
}

/* Fields that go with no feature of `features` are not there (section 5.1.4), and stay as they are. Section
 * 2.5.3: fields that belong together are read again until the generation stood still meanwhile. */
static bool read_config(struct transport *transport, uint64_t features, struct net_config *config)
{
	const struct transport_operations *operations = transport->operations;

	for (int i = 0; i < GENERATION_TRIES; i++) {
		uint32_t before = operations->config_generation(transport);

		for (uint32_t j = 0; features >> FEATURE_MAC & 1 && j < sizeof(config->mac); j++)
			config->mac[j] = (uint8_t)operations->config(transport, j, 1);
		if (features >> FEATURE_STATUS & 1)
			config->status =
			    operations->config(transport, offsetof(struct net_config, status), 2);
		if (features >> FEATURE_MTU & 1)
			config->mtu = operations->config(transport, offsetof(struct net_config, mtu), 2);
		if (operations->config_generation(transport) == before)
			return true;
	}
	return false;
}

static bool mac_is_usable(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return !(mac[0] & 1) && memcmp(mac, none, sizeof(none));
}

/* Frames must fit: what the port carries into what the card carries, and, where a frame may not go on in
 * another buffer, into one buffer. */
static int check_mtu(struct net *net, uint16_t card_mtu)
{
	uint32_t room = net->rx.buffer_bytes - NET_HEADER_BYTES - LINK_HEADER_BYTES;
	uint16_t mtu = net->device->mtu;

	if (net_has(net, FEATURE_MTU) && (card_mtu < MTU_MIN || card_mtu < mtu)) {
		net_log(&net->transport, "carries %u bytes (host_mtu), the port's mtu is %u", card_mtu, mtu);
		return -EMSGSIZE;
	}
	if (!net_has(net, FEATURE_MRG_RXBUF) && mtu > room) {
		net_log(&net->transport,
			"has no mergeable buffers (mrg_rxbuf), so an mtu of %u is possible, not %u", room,
			mtu);
		return -EMSGSIZE;
	}
	return 0;
}

static int check_config(struct net *net)
{
	struct net_config config = {0};
	uint8_t *mac = net->device->mac;

	if (!read_config(&net->transport, net->features, &config)) {
		net_log(&net->transport, "changes its configuration all the time");
		return -EIO;
	}
	/* The address that others have learned is kept over a reset. */
	if (net_has(net, FEATURE_MAC) && !net->resets)
		memcpy(mac, config.mac, sizeof(config.mac));
	if (!mac_is_usable(mac)) {
		net_log(&net->transport, "has no usable MAC address");
		return -EADDRNOTAVAIL;
	}
	net->device->link_up = !net_has(net, FEATURE_STATUS) || (config.status & NET_STATUS_LINK_UP);
	return check_mtu(net, config.mtu);
}

/* The pool is a limit, too: full rings must not starve the others. */
uint16_t setup_ring_capacity(const struct device *device)
{
	uint32_t share = RTE_MAX(device->ring_buffers, (uint32_t)SUPER_FRAME_RING_MIN);

	return (uint16_t)RTE_MIN(share, (uint32_t)RING_ENTRIES_MAX);
}

/* The size to use, or 0 after a log line. */
static uint16_t queue_size(struct net *net, uint16_t queue)
{
	const struct ring *ring = queue == QUEUE_RECEIVE ? &net->rx : &net->tx;
	uint32_t offered = net->transport.operations->queue_size_max(&net->transport, queue);
	uint32_t size = offered;

	if (offered < QUEUE_SIZE_MIN || offered > QUEUE_SIZE_MAX) {
		net_log(&net->transport, "queue %u has an impossible size, %u", queue, offered);
		return 0;
	}
	if (!net_has(net, FEATURE_RING_PACKED) && (offered & (offered - 1))) {
		net_log(&net->transport, "queue %u has size %u, which is no power of two", queue, offered);
		return 0;
	}
	while (size > ring->capacity)
		size /= 2;
	return (uint16_t)size;
}

static int start_queue(struct net *net, struct ring *ring, uint16_t queue)
{
	struct queue_memory memory;
	int error;

	ring->queue = queue;
	ring->size = queue_size(net, queue);
	if (!ring->size)
		return -EPROTO;
	ring->operations = net_has(net, FEATURE_RING_PACKED) ? &packed_operations : &split_operations;
	ring->event_index = net_has(net, FEATURE_EVENT_IDX);
	ring->indirect = queue == QUEUE_TRANSMIT && net_has(net, FEATURE_INDIRECT_DESC) &&
			 rte_pktmbuf_data_room_size(net->device->pool) >= TABLE_ROOM_MIN;
	ring_start(ring, &memory);
	ring->operations->disable_interrupt(ring);
	error = net->transport.operations->queue_enable(&net->transport, queue, &memory);
	if (error)
		net_log(&net->transport, "queue %u can't be set up: %s", queue, strerror(-error));
	return error;
}

static uint16_t transmit_offloads(const struct net *net)
{
	bool room = net->tx.size >= SUPER_FRAME_RING_MIN;
	uint16_t offloads = 0;

	offloads |= net_has(net, FEATURE_CSUM) ? DEVICE_TX_CHECKSUM : 0;
	offloads |= room && net_has(net, FEATURE_HOST_TSO4) ? DEVICE_TX_TSO4 : 0;
	offloads |= room && net_has(net, FEATURE_HOST_TSO6) ? DEVICE_TX_TSO6 : 0;
	offloads |= room && net_has(net, FEATURE_HOST_ECN) ? DEVICE_TX_TSO_ECN : 0;
	return offloads;
}

/* Step 7: device-specific setup. */
static int setup_card(struct net *net)
{
	int error = check_config(net);

	if (!error)
		error = start_queue(net, &net->rx, QUEUE_RECEIVE);
	if (!error)
		error = start_queue(net, &net->tx, QUEUE_TRANSMIT);
	if (!error)
		net->device->offloads = transmit_offloads(net);
	return error;
}

int setup(struct net *net)
{
	struct transport *transport = &net->transport;
	int error;

	if (!setup_reset(transport)) { /* 1 */
		net_log(transport, "does not come out of reset");
		return -EIO;
	}
	add_status(transport, STATUS_ACKNOWLEDGE); /* 2 */
	add_status(transport, STATUS_DRIVER);	   /* 3 */
	error = negotiate(net);			   /* 4, 5, 6 */
	if (!error)
		error = setup_card(net); /* 7 */
	if (error) {
		add_status(transport, STATUS_FAILED);
		return error;
	}
	add_status(transport, STATUS_DRIVER_OK); /* 8 */
	return 0;
}

bool net_mac(struct transport *transport, uint8_t mac[6])
{
	struct net_config config = {0};
	bool has_mac;

	if (!setup_reset(transport))
		return false;
	add_status(transport, STATUS_ACKNOWLEDGE);
	add_status(transport, STATUS_DRIVER);
	/* Section 3.1.1 lets a driver look at the configuration during step 4. */
	has_mac = transport->operations->device_features(transport) >> FEATURE_MAC & 1;
	has_mac = has_mac && read_config(transport, UINT64_C(1) << FEATURE_MAC, &config) &&
		  mac_is_usable(config.mac);
	if (has_mac)
		memcpy(mac, config.mac, sizeof(config.mac));
	setup_reset(transport);
	return has_mac;
}
