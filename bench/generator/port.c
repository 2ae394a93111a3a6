/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports by librte_vhost; see port.h.
 *
 * Sources: DPDK 22.11, Programmer's Guide, "Vhost Library"; QEMU 7.2, docs/interop/vhost-user.rst.
 */
#include "port.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_mempool.h>
#include <rte_vhost.h>

enum {
	QUEUE_PUT = 0,
	QUEUE_TAKE = 1,
	QUEUES = 2,
	MBUFS = 2047,
	MBUF_CACHE = 256,
	TURN_WAIT_US = 20,
};

/* Whole frames with right checksums, on both ways: what the appliance would else leave to be done is work,
 * too. */
static const uint64_t unwanted =
    1ull << VIRTIO_NET_F_CSUM | 1ull << VIRTIO_NET_F_GUEST_CSUM | 1ull << VIRTIO_NET_F_HOST_TSO4 |
    1ull << VIRTIO_NET_F_HOST_TSO6 | 1ull << VIRTIO_NET_F_HOST_ECN | 1ull << VIRTIO_NET_F_HOST_UFO |
    1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6 | 1ull << VIRTIO_NET_F_GUEST_ECN |
    1ull << VIRTIO_NET_F_GUEST_UFO | 1ull << VIRTIO_NET_F_GUEST_ANNOUNCE;

static struct port {
	const char *socket;
	_Atomic int device; /* librte_vhost's number, or -1 */
	atomic_bool enabled[QUEUES];
	atomic_bool quiet; /* the guest knows that we poll */
	bool packed;
} ports[SIDES] = {{.device = -1}, {.device = -1}};

static struct rte_mempool *pool;
static atomic_ulong turns; /* of the loop that polls */
static atomic_bool turning;

static struct port *port_of(int device)
{
	char path[256];

	if (rte_vhost_get_ifname(device, path, sizeof(path)) < 0)
		return NULL;
	for (int side = 0; side < SIDES; side++)
		if (ports[side].socket && !strcmp(ports[side].socket, path))
			return &ports[side];
	return NULL;
}

static int new_device(int device)
{
	struct port *port = port_of(device);
	uint64_t features = 0;

	if (!port)
		return -1;
	rte_vhost_get_negotiated_features(device, &features);
	port->packed = features >> VIRTIO_F_RING_PACKED & 1;
	atomic_store(&port->quiet, false);
	atomic_store(&port->device, device);
	return 0;
}

/* librte_vhost unmaps the guest when this returns, so it waits until the loop's turn is over. */
static void destroy_device(int device)
{
	struct port *port = port_of(device);
	unsigned long now;

	if (!port)
		return;
	atomic_store(&port->device, -1);
	now = atomic_load(&turns);
	while (atomic_load(&turning) && atomic_load(&turns) == now)
		usleep(TURN_WAIT_US);
}

static int vring_state_changed(int device, uint16_t queue, int enable)
{
	struct port *port = port_of(device);

	if (port && queue < QUEUES) {
		atomic_store(&port->quiet, false);
		atomic_store(&port->enabled[queue], enable);
	}
	return 0;
}

static const struct rte_vhost_device_ops operations = {
    .new_device = new_device,
    .destroy_device = destroy_device,
    .vring_state_changed = vring_state_changed,
};

int port_begin(int core)
{
	char cores[16], prefix[48];
	/* Without shared configuration EAL still makes a folder, which is left empty. (--in-memory would make
	 * none, but 22.11 refuses it beside --no-huge.) */
	char *words[] = {"generator",	"-l",
			 cores,		"--no-huge",
			 "-m",		"64",
			 "--no-pci",	"--no-telemetry",
			 "--no-shconf", "--log-level=*:error",
			 prefix,	"--iova-mode=va"};

	snprintf(cores, sizeof(cores), "%d", core);
	snprintf(prefix, sizeof(prefix), "--file-prefix=generator-%d", getpid());
	if (rte_eal_init(RTE_DIM(words), words) < 0) {
		fprintf(stderr, "generator: DPDK does not start: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	rmdir(rte_eal_get_runtime_dir());
	pool = rte_pktmbuf_pool_create("frames", MBUFS, MBUF_CACHE, 0, RTE_PKTMBUF_HEADROOM + RING_BYTES_MAX,
				       SOCKET_ID_ANY);
	if (!pool) {
		fprintf(stderr, "generator: no memory for frames: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	return 0;
}

int port_open(int side, const char *socket)
{
	struct port *port = &ports[side];

	port->socket = socket;
	unlink(socket); /* of a run before, which was killed */
	if (rte_vhost_driver_register(socket, 0) < 0 ||
	    rte_vhost_driver_disable_features(socket, unwanted) < 0 ||
	    rte_vhost_driver_callback_register(socket, &operations) < 0 ||
	    rte_vhost_driver_start(socket) < 0) {
		fprintf(stderr, "generator: can't listen at %s\n", socket);
		return -1;
	}
	return 0;
}

void port_close(int side)
{
	if (ports[side].socket)
		rte_vhost_driver_unregister(ports[side].socket);
	ports[side].socket = NULL;
}

bool port_up(int side)
{
	struct port *port = &ports[side];
	int device = atomic_load(&port->device);

	if (device < 0 || !atomic_load(&port->enabled[QUEUE_PUT]) || !atomic_load(&port->enabled[QUEUE_TAKE]))
		return false;
	/* We poll: the guest needn't tell us about what it puts into its rings. Not from a callback, which is
	 * called with the lock held that this takes. */
	if (!atomic_exchange(&port->quiet, true))
		for (uint16_t queue = 0; queue < QUEUES; queue++)
			rte_vhost_enable_guest_notification(device, queue, 0);
	return true;
}

bool port_packed(int side)
{
	return ports[side].packed;
}

void port_turn(void)
{
	atomic_store_explicit(&turning, true, memory_order_relaxed);
	/* Sequentially consistent: the devices that this turn reads are no older than its number. Pairs with
	 * destroy_device, which writes the device and then reads the number. */
	atomic_store(&turns, atomic_load_explicit(&turns, memory_order_relaxed) + 1);
}

void port_rest(void)
{
	atomic_store(&turning, false);
}

uint16_t port_send(int side, struct rte_mbuf **mbufs, uint16_t count)
{
	int device = atomic_load_explicit(&ports[side].device, memory_order_acquire);

	return device < 0 ? 0 : rte_vhost_enqueue_burst(device, QUEUE_PUT, mbufs, count);
}

uint16_t port_receive(int side, struct rte_mbuf **mbufs, uint16_t count)
{
	int device = atomic_load_explicit(&ports[side].device, memory_order_acquire);

	return device < 0 ? 0 : rte_vhost_dequeue_burst(device, QUEUE_TAKE, pool, mbufs, count);
}

struct rte_mbuf *port_mbuf(void)
{
	return rte_pktmbuf_alloc(pool);
}
