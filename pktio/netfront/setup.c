/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a connection: what the backend can do, what we can, and where the rings are. Called by state.c.
 * Source: Xen, public/io/netif.h, whose feature and key names these are.
 *
 * No transaction is needed: the backend looks at our keys when our state becomes Connected, which is written
 * last.
 *
 * Not asked for is the headroom for XDP that Linux's netback offers (feature-xdp-headroom, not in netif.h):
 * it takes a second entry of the ring for each frame, and the lengths in its answers include the headroom or
 * not, as versions go. There is headroom without (rx.c). Nor is the control ring used: it only steers
 * hashing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "pktio/xen/events.h"
#include "pktio/xen/grants.h"
#include "net.h"

enum {
	MTU_DEFAULT = 1500,
	MTU_MAX = 65535,
	LINK_HEADER_BYTES = 18, /* Ethernet and one 802.1Q tag */
	QUEUES_OFFERED_MAX = 65535,
};

void setup_path(const struct net *net, char path[STORE_PATH_BYTES], const char *key)
{
	snprintf(path, STORE_PATH_BYTES, "device/vif/%u/%s", net->handle, key);
}

/* Flags of the backend: absent, or no 0 or 1, they are not set. */
static const struct {
	const char *key;
	size_t offset; /* of a bool in struct net_features */
} flag_keys[] = {
    {"feature-rx-copy", offsetof(struct net_features, rx_copy)},
    {"feature-sg", offsetof(struct net_features, sg)},
    {"feature-gso-tcpv4", offsetof(struct net_features, gso_tcpv4)},
    {"feature-gso-tcpv6", offsetof(struct net_features, gso_tcpv6)},
    {"feature-no-csum-offload", offsetof(struct net_features, no_csum)},
    {"feature-ipv6-csum-offload", offsetof(struct net_features, ipv6_csum)},
    {"feature-split-event-channels", offsetof(struct net_features, split)},
    {"feature-multicast-control", offsetof(struct net_features, multicast)},
    {"feature-dynamic-multicast-control", offsetof(struct net_features, dynamic_multicast)},
};

/* What is read before a connection is made, all at once. */
struct keys {
	struct store_answer mtu, trusted; /* the toolstack's, in our folder */
	struct store_answer queues, flags[RTE_DIM(flag_keys)];
};

static void ask_backend(const struct net *net, const char *key, struct store_answer *answer)
{
	char path[2 * STORE_PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", net->backend, key);
	store_ask(path, answer);
}

static void ask_own(const struct net *net, const char *key, struct store_answer *answer)
{
	char path[STORE_PATH_BYTES];

	setup_path(net, path, key);
	store_ask(path, answer);
}

/* Returns -errno where the store does not answer. */
static int read_keys(struct net *net, struct keys *keys)
{
	uint8_t *features = (uint8_t *)&net->features;
	uint32_t value;
	int error;

	ask_own(net, "mtu", &keys->mtu);
	ask_own(net, "trusted", &keys->trusted);
	ask_backend(net, "multi-queue-max-queues", &keys->queues);
	for (size_t i = 0; i < RTE_DIM(flag_keys); i++)
		ask_backend(net, flag_keys[i].key, &keys->flags[i]);
	error = store_finish();
	if (error != 0)
		return error;
	for (size_t i = 0; i < RTE_DIM(flag_keys); i++)
		*(bool *)(features + flag_keys[i].offset) =
		    store_number(&keys->flags[i], 1, &value) == 0 && value == 1;
	if (store_number(&keys->queues, QUEUES_OFFERED_MAX, &net->features.queues) != 0)
		net->features.queues = 0;
	return 0;
}

/* Says once why a vif can't be used. */
static int refuse(struct net *net, int error, const char *why, uint32_t what)
{
	if (!net->refuses)
		netfront_log(net, "%s (%u, the port's mtu is %u)", why, what, net->device->mtu);
	net->refuses = true;
	return error;
}

static int check(struct net *net, const struct keys *keys)
{
	uint32_t mtu, room = XEN_PAGE_BYTES - LINK_HEADER_BYTES;

	if (!net->features.rx_copy)
		return refuse(net, -ENOTSUP, "the backend does not copy (feature-rx-copy)", 0);
	if (!net->features.sg && net->device->mtu > room)
		return refuse(net, -EMSGSIZE, "the backend takes frames of one page (feature-sg)", room);
	if (store_number(&keys->mtu, MTU_MAX, &mtu) != 0)
		mtu = MTU_DEFAULT;
	return net->device->mtu > mtu ? refuse(net, -EMSGSIZE, "its mtu is too small", mtu) : 0;
}

/* A frame whose backend is not trusted is handled like any other's: nothing is believed, and nothing but
 * packets is granted. What is different elsewhere can't be here: all packets' pages are readable to all
 * backends. */
static void warn_of_trust(const struct net *net, const struct keys *keys)
{
	uint32_t trusted;

	if (store_number(&keys->trusted, 1, &trusted) == 0 && trusted == 0)
		netfront_log(
		    net, "the backend is not trusted (trusted = 0); it can read all ports' packet buffers");
}

static uint16_t choose_queues(const struct net *net)
{
	uint32_t queues = net->device->ring_buffers / NET_QUEUE_BUFFERS_MIN;

	queues = RTE_MIN(queues, RTE_MIN(net->features.queues, (uint32_t)NET_QUEUES_MAX));
	return (uint16_t)RTE_MAX(queues, 1u);
}

static int open_channels(struct net *net, struct net_queue *queue)
{
	int port = events_open(net->domain);

	if (port < 0)
		return port;
	queue->rx_port = queue->tx_port = (uint32_t)port;
	if (!net->features.split)
		return 0;
	port = events_open(net->domain);
	if (port >= 0)
		queue->tx_port = (uint32_t)port;
	return RTE_MIN(port, 0);
}

/* The rings exist from here on, so that setup_disconnect can end them. */
static int start_queue(struct net *net, struct net_queue *queue, uint16_t size)
{
	void *tx_page = queue->pages, *rx_page = queue->pages + XEN_PAGE_BYTES;
	int error;

	tx_ring_start(&queue->tx, tx_page);
	rx_ring_start(&queue->rx, rx_page);
	queue->rx.size = size;
	error = open_channels(net, queue);
	if (error != 0)
		return error;
	queue->tx.reference = grants_give(net->domain, tx_page);
	queue->rx.reference = grants_give(net->domain, rx_page);
	if (queue->tx.reference == GRANT_NONE || queue->rx.reference == GRANT_NONE)
		return -ENOSPC;
	netfront_offer_first(net, queue);
	return 0;
}

static int start_queues(struct net *net)
{
	uint16_t queues = choose_queues(net);
	uint32_t size = RTE_MAX(net->device->ring_buffers / queues, (uint32_t)NET_QUEUE_BUFFERS_MIN);
	int error = 0;

	size = RTE_MIN(size, (uint32_t)RING_ENTRIES);
	net->refill = (uint16_t)RTE_MIN(size / 4, (uint32_t)NET_BATCH);
	net->pieces_max = net->features.sg ? XEN_NETIF_NR_SLOTS_MIN : 1;
	for (; net->queues < queues && error == 0; net->queues++)
		error = start_queue(net, &net->queue[net->queues], (uint16_t)size);
	return error;
}

static void write_key(const struct net *net, const char *key, uint32_t value)
{
	char path[STORE_PATH_BYTES];

	setup_path(net, path, key);
	store_post(path, "%u", value);
}

/* Keys of one queue are in a folder of its own where there are several. */
static void write_queue_key(const struct net *net, uint16_t queue, const char *key, uint32_t value)
{
	char name[64];

	snprintf(name, sizeof(name), "queue-%u/%s", queue, key);
	write_key(net, net->queues == 1 ? key : name, value);
}

static void write_queue(const struct net *net, uint16_t i)
{
	const struct net_queue *queue = &net->queue[i];

	write_queue_key(net, i, "tx-ring-ref", queue->tx.reference);
	write_queue_key(net, i, "rx-ring-ref", queue->rx.reference);
	if (queue->tx_port == queue->rx_port) {
		write_queue_key(net, i, "event-channel", queue->rx_port);
		return;
	}
	write_queue_key(net, i, "event-channel-tx", queue->tx_port);
	write_queue_key(net, i, "event-channel-rx", queue->rx_port);
}

/* What an earlier connection wrote must not be taken for this one's. */
static void remove_old(const struct net *net)
{
	static const char *const keys[] = {
	    "tx-ring-ref",	"rx-ring-ref",	    "event-channel",
	    "event-channel-tx", "event-channel-rx", "multi-queue-num-queues",
	    "queue-0",		"queue-1",	    "queue-2",
	    "queue-3",
	};
	char path[STORE_PATH_BYTES];

	for (size_t i = 0; i < RTE_DIM(keys); i++) {
		setup_path(net, path, keys[i]);
		store_post_remove(path);
	}
}

static int write_keys(struct net *net)
{
	if (net->written)
		remove_old(net);
	if (net->features.queues > 0)
		write_key(net, "multi-queue-num-queues", net->queues);
	for (uint16_t i = 0; i < net->queues; i++)
		write_queue(net, i);
	write_key(net, "request-rx-copy", 1);
	write_key(net, "feature-rx-notify", 1);
	write_key(net, "feature-sg", 1);
	write_key(net, "feature-gso-tcpv4", 1);
	write_key(net, "feature-gso-tcpv6", 1);
	write_key(net, "feature-no-csum-offload", 0);
	write_key(net, "feature-ipv6-csum-offload", 1);
	write_key(net, "request-multicast-control", multicast_is_filtered(net));
	net->written = true;
	return store_finish();
}

static uint16_t transmit_offloads(const struct net_features *features)
{
	uint16_t offloads = 0;

	if (features->no_csum)
		return 0;
	offloads |= features->ipv6_csum ? DEVICE_TX_CHECKSUM : DEVICE_TX_CHECKSUM_IPV4;
	offloads |= features->sg && features->gso_tcpv4 ? DEVICE_TX_TSO4 : 0;
	offloads |= features->sg && features->gso_tcpv6 && features->ipv6_csum ? DEVICE_TX_TSO6 : 0;
	return offloads;
}

int setup_connect(struct net *net)
{
	struct keys keys;
	int error = read_keys(net, &keys);

	if (error == 0)
		error = check(net, &keys);
	if (error != 0)
		return error;
	net->pool_reference = grants_run(net->domain);
	if (net->pool_reference == GRANT_NONE)
		return refuse(net, -ENOTSUP, "the grant table has no room for another backend", net->domain);
	warn_of_trust(net, &keys);
	net->device->offloads = transmit_offloads(&net->features);
	net->device->super_frame_max = XEN_NETIF_MAX_TX_SIZE;
	error = start_queues(net);
	return error != 0 ? error : write_keys(net);
}

static void recover(struct net_queue *queue)
{
	rx_ring_recover(&queue->rx);
	tx_ring_recover(&queue->tx);
	rte_pktmbuf_free(queue->assembly.head);
	queue->assembly = (struct net_assembly){0};
}

bool setup_take_back(struct net *net)
{
	bool all = true;

	for (uint16_t i = 0; i < NET_QUEUES_MAX; i++) {
		all &= grants_take_back(&net->queue[i].tx.reference);
		all &= grants_take_back(&net->queue[i].rx.reference);
	}
	return all;
}

void setup_disconnect(struct net *net)
{
	for (uint16_t i = 0; i < net->queues; i++) {
		struct net_queue *queue = &net->queue[i];

		recover(queue);
		if (queue->tx_port != queue->rx_port)
			events_close(&queue->tx_port);
		events_close(&queue->rx_port);
		queue->tx_port = EVENT_NONE;
	}
	net->queues = 0;
	setup_take_back(net);
}

void setup_forget(struct net *net)
{
	for (uint16_t i = 0; i < NET_QUEUES_MAX; i++) {
		struct net_queue *queue = &net->queue[i];

		if (i < net->queues)
			recover(queue);
		queue->rx_port = queue->tx_port = EVENT_NONE;
		queue->tx.reference = queue->rx.reference = GRANT_NONE;
	}
	net->queues = 0;
}
