/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports by librte_vhost; see port.h.
 *
 * Sources: DPDK 22.11, Programmer's Guide, "Vhost Library"; QEMU 7.2, docs/interop/vhost-user.rst.
 */
#include "port.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#define ALLOW_EXPERIMENTAL_API /* rte_vhost_vring_call_nonblock */
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_vhost.h>

enum {
	QUEUE_PUT = 0,
	QUEUE_TAKE = 1,
	QUEUES = 2,
	TURN_WAIT_US = 20,
	CALL_GAP_US = 50, /* from one call of a guest to the next, at least */
};

/* Whole frames with right checksums, on both ways: what the appliance would else leave to be done is work,
 * too. */
static const uint64_t unwanted =
    1ull << VIRTIO_NET_F_CSUM | 1ull << VIRTIO_NET_F_GUEST_CSUM | 1ull << VIRTIO_NET_F_HOST_TSO4 |
    1ull << VIRTIO_NET_F_HOST_TSO6 | 1ull << VIRTIO_NET_F_HOST_ECN | 1ull << VIRTIO_NET_F_HOST_UFO |
    1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6 | 1ull << VIRTIO_NET_F_GUEST_ECN |
    1ull << VIRTIO_NET_F_GUEST_UFO | 1ull << VIRTIO_NET_F_GUEST_ANNOUNCE |
    /* Whether to call is then a flag on split rings, too. librte_vhost's own test of an event
     * index would use its own index, which stands still. */
    1ull << VIRTIO_RING_F_EVENT_IDX;

static struct port {
	const char *socket;
	_Atomic int device; /* librte_vhost's number, or -1 */
	atomic_bool enabled[QUEUES];

	/* Counts what librte_vhost's thread changes of the above. The rest is the polling thread's, and true
	 * as long as it was attached after the last change. */
	atomic_uint changes;
	unsigned int attached_after;
	bool packed, merge;
	uint64_t called[QUEUES]; /* when the guest was told last, in ticks */
	bool owed[QUEUES];	 /* it was not told yet of what came since */
	struct ring_memory memory;
	struct ring rings[QUEUES];
	uint8_t *room;
} ports[SIDES] = {{.device = -1, .changes = 1}, {.device = -1, .changes = 1}};

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

	if (!port)
		return -1;
	atomic_store(&port->device, device);
	atomic_fetch_add(&port->changes, 1);
	return 0;
}

/* Until the polling thread's turn is over. It may call nothing in a turn that waits for this thread. */
static void wait_turn(void)
{
	unsigned long now = atomic_load(&turns);

	while (atomic_load(&turning) && atomic_load(&turns) == now)
		usleep(TURN_WAIT_US);
}

/* librte_vhost unmaps the guest when this returns. */
static void destroy_device(int device)
{
	struct port *port = port_of(device);

	if (!port)
		return;
	atomic_store(&port->device, -1);
	atomic_fetch_add(&port->changes, 1);
	wait_turn();
}

static int vring_state_changed(int device, uint16_t queue, int enable)
{
	struct port *port = port_of(device);

	if (port && queue < QUEUES) {
		atomic_store(&port->enabled[queue], enable);
		atomic_fetch_add(&port->changes, 1);
		wait_turn();
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
	return 0;
}

int port_open(int side, const char *socket)
{
	struct port *port = &ports[side];

	port->socket = socket;
	port->room = calloc(BURST_MAX, RING_BYTES_MAX);
	if (!port->room) {
		fprintf(stderr, "generator: no memory for frames\n");
		return -1;
	}
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
	free(ports[side].room);
	ports[side].socket = NULL;
}

static bool attach_memory(struct port *port, int device)
{
	struct rte_vhost_memory *memory;

	if (rte_vhost_get_mem_table(device, &memory) < 0)
		return false;
	port->memory.count = 0;
	for (uint32_t i = 0; i < memory->nregions && i < RING_REGIONS; i++) {
		const struct rte_vhost_mem_region *region = &memory->regions[i];

		port->memory.regions[port->memory.count].guest = region->guest_phys_addr;
		port->memory.regions[port->memory.count].size = region->size;
		port->memory.regions[port->memory.count++].host =
		    (uint8_t *)(uintptr_t)region->host_user_addr;
	}
	free(memory);
	return true;
}

/* A ring as the guest's driver has just set it up, or as it left it. */
static bool attach_ring(struct port *port, int device, uint16_t queue)
{
	struct ring *ring = &port->rings[queue];
	struct rte_vhost_vring vring;
	uint16_t next, used;

	if (rte_vhost_get_vhost_vring(device, queue, &vring) < 0 ||
	    rte_vhost_get_vring_base(device, queue, &next, &used) < 0 || !vring.desc || !vring.avail ||
	    !vring.used)
		return false;
	memset(ring, 0, sizeof(*ring));
	ring->packed = port->packed;
	ring->size = vring.size;
	ring->memory = &port->memory;
	if (port->packed) {
		ring->entries = vring.desc_packed;
		ring->driver_event = vring.driver_event;
		ring->next = next & 0x7fff;
		ring->wrap = next >> 15;
		if (ring->next >= ring->size)
			return false;
	} else {
		ring->split = vring.desc;
		ring->avail = vring.avail;
		ring->used = vring.used;
		ring->next = ring->ready = next;
	}
	/* We poll: the guest needn't tell us about what it makes available. */
	return rte_vhost_enable_guest_notification(device, queue, 0) == 0;
}

static bool attach(struct port *port, int device)
{
	uint64_t features = 0;

	rte_vhost_get_negotiated_features(device, &features);
	port->packed = features >> VIRTIO_F_RING_PACKED & 1;
	port->merge = features >> VIRTIO_NET_F_MRG_RXBUF & 1;
	if (!(features >> VIRTIO_F_VERSION_1 & 1) || !attach_memory(port, device))
		return false;
	for (uint16_t queue = 0; queue < QUEUES; queue++)
		if (!attach_ring(port, device, queue))
			return false;
	return true;
}

static bool attached(const struct port *port)
{
	return atomic_load_explicit(&port->changes, memory_order_acquire) == port->attached_after;
}

/* Attaches where it must: in the polling thread, which holds no views here. */
bool port_up(int side)
{
	struct port *port = &ports[side];
	unsigned int changes = atomic_load(&port->changes);
	int device = atomic_load(&port->device);

	if (changes == port->attached_after || !port->socket)
		return true;
	if (device < 0 || !atomic_load(&port->enabled[QUEUE_PUT]) || !atomic_load(&port->enabled[QUEUE_TAKE]))
		return false;
	port_rest(); /* else a callback could wait for our turn's end with a lock that attaching takes */
	if (attach(port, device))
		port->attached_after = changes;
	return attached(port);
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

/* A guest that sleeps asks to be told until it runs again. Told of each frame meanwhile, it would not: where
 * its processor is that of QEMU's main thread, this thread passes on one call after the other, until the ring
 * is full. So calls have a gap between them, as a network card's interrupts have. */
static void tell(struct port *port, uint16_t queue)
{
	uint64_t now;

	port->owed[queue] = ring_wants_call(&port->rings[queue]);
	if (!port->owed[queue])
		return;
	now = rte_rdtsc();
	if (now - port->called[queue] < rte_get_tsc_hz() / 1000000 * CALL_GAP_US)
		return;
	port->owed[queue] = false;
	port->called[queue] = now;
	/* It tries: a message may hold the lock, whose thread may wait for our turn's end. */
	while (rte_vhost_vring_call_nonblock(port->device, queue) == -EAGAIN && attached(port))
		;
}

static void tell_what_is_owed(struct port *port)
{
	for (uint16_t queue = 0; queue < QUEUES; queue++)
		if (port->owed[queue])
			tell(port, queue);
}

uint32_t port_send(int side, struct frame *const *frames, uint32_t count)
{
	struct port *port = &ports[side];
	uint32_t put;

	if (!attached(port))
		return 0;
	put = ring_put(&port->rings[QUEUE_PUT], frames, count, port->merge);
	if (port->rings[QUEUE_PUT].held_count > 0) {
		ring_give_back(&port->rings[QUEUE_PUT]);
		tell(port, QUEUE_PUT);
	}
	return put;
}

uint32_t port_receive(int side, struct frame *frames, uint32_t count)
{
	struct port *port = &ports[side];

	if (!attached(port))
		return 0;
	tell_what_is_owed(port);
	return ring_take(&port->rings[QUEUE_TAKE], frames, count, port->room);
}

void port_release(int side)
{
	ring_give_back(&ports[side].rings[QUEUE_TAKE]);
	tell(&ports[side], QUEUE_TAKE);
}
