/* SPDX-License-Identifier: Apache-2.0
 *
 * Tap interfaces: each read and write moves one frame behind a virtio header, so super-frames of 64 KiB and
 * open checksums pass as they are. A read needs room for the longest frame, so the driver keeps a stock of
 * empty mbufs as long, of which a frame takes what it filled.
 *
 * Super-frames of UDP are joined and cut here, where the kernel knows them (Linux 6.2).
 *
 * Source: Linux, Documentation/networking/tuntap.rst, and <linux/if_tun.h>.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "nf/host.h"
#include "nf/segment.h"
#include "nf/stats.h"
#include "pktio/datagrams.h"
#include "pktio/offload.h"
#include "chain.h"
#include "tap.h"

enum {
	STOCK_MAX = 40,	   /* mbufs: FRAME_MAX and its virtio header in the smallest usual ones */
	SEGMENTS_MAX = 64, /* of a frame that is sent: DPDK chains are shorter */
	ROW_MAX = 64,	   /* datagrams that leave together: as many as Linux itself joins */
	LINE_BYTES = 160,
	OFFLOADS_TCP = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
	OFFLOADS_UDP = 0x20 | 0x40, /* TUN_F_USO4 and _USO6, which Debian 12's headers lack */
};

struct tap_state {
	int descriptor;
	int control; /* a socket, to ask whether the interface is up */
	char name[IFNAMSIZ];
	bool joins_datagrams;
	struct rte_mbuf *row; /* a super-frame of UDP that is being cut, or NULL */
	struct segment_cut cut;
	uint32_t stocked, stock_bytes;
	struct rte_mbuf *stock[STOCK_MAX];
};

static int complain(const char *name, const char *what, int error)
{
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "tap %s: %s: %s", name, what, strerror(error));
	host_log(line);
	return -error;
}

/* False: there is no room for the longest frame. */
static bool fill_stock(struct device *device, struct tap_state *state)
{
	while (state->stock_bytes < FRAME_MAX && state->stocked < STOCK_MAX) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(device->pool);

		if (m == NULL)
			return false;
		state->stock[state->stocked++] = m;
		state->stock_bytes += rte_pktmbuf_tailroom(m);
	}
	return state->stock_bytes >= FRAME_MAX;
}

/* Makes a packet of the first mbufs in stock, which `length` bytes were read into. */
static struct rte_mbuf *take_stock(struct tap_state *state, uint32_t length)
{
	struct rte_mbuf *head = state->stock[0], **link = &head;
	uint32_t left = length, used = 0;

	do {
		struct rte_mbuf *m = state->stock[used++];
		uint32_t room = rte_pktmbuf_tailroom(m);

		state->stock_bytes -= room;
		m->data_len = RTE_MIN(left, room);
		left -= m->data_len;
		*link = m;
		link = &m->next;
	} while (left > 0);
	head->pkt_len = length;
	head->nb_segs = used;
	state->stocked -= used;
	memmove(state->stock, state->stock + used, state->stocked * sizeof(state->stock[0]));
	return head;
}

/* One frame, or NULL: none there, or refused. *more says whether to go on. */
static struct rte_mbuf *receive_frame(struct device *device, struct tap_state *state, bool *more)
{
	struct virtio_net_header header;
	struct iovec parts[STOCK_MAX + 1] = {{.iov_base = &header, .iov_len = sizeof(header)}};
	struct rte_mbuf *m;
	ssize_t length;

	*more = fill_stock(device, state);
	if (!*more) {
		stats.port[device->index].rx_no_buffer++;
		return NULL;
	}
	for (uint32_t i = 0; i < state->stocked; i++)
		parts[i + 1] = (struct iovec){rte_pktmbuf_mtod(state->stock[i], void *),
					      rte_pktmbuf_tailroom(state->stock[i])};
	length = readv(state->descriptor, parts, state->stocked + 1);
	*more = length > 0;
	if (length <= (ssize_t)sizeof(header)) {
		stats.port[device->index].device_errors += length > 0;
		return NULL;
	}
	m = take_stock(state, length - sizeof(header));
	m->port = device->index;
	if (offload_from_header(m, &header))
		return m;
	stats.port[device->index].device_errors++;
	rte_pktmbuf_free(m);
	return NULL;
}

/* The next datagram of the row, or NULL: there is no buffer for it. */
static struct rte_mbuf *receive_datagram(struct device *device, struct tap_state *state)
{
	struct rte_mbuf *m = segment_cut_next(&state->cut, state->row->tso_segsz, device->pool);

	if (m == NULL)
		stats.port[device->index].rx_no_buffer++;
	else if (segment_cut_left(&state->cut) == 0) {
		rte_pktmbuf_free(state->row);
		state->row = NULL;
	}
	return m;
}

/* A frame that is a row of datagrams is kept back, and cut. */
static bool begins_row(struct tap_state *state, struct rte_mbuf *m)
{
	if (likely(!(m->ol_flags & RTE_MBUF_F_TX_UDP_SEG)))
		return false;
	state->row = m;
	state->cut = segment_cut_begin(m);
	return true;
}

static uint16_t tap_receive(struct device *device, struct rte_mbuf **packets, uint16_t max)
{
	struct tap_state *state = device->state;
	uint16_t count = 0;
	bool more = true;

	while (count < max && more) {
		struct rte_mbuf *m;

		if (state->row != NULL) {
			m = receive_datagram(device, state);
			more = m != NULL;
		} else {
			m = receive_frame(device, state, &more);
		}
		if (m != NULL && !begins_row(state, m))
			packets[count++] = m;
	}
	return count;
}

enum outcome { SENT, NOT_NOW, NEVER };

static enum outcome write_parts(const struct tap_state *state, const struct iovec *parts, int count)
{
	if (writev(state->descriptor, parts, count) >= 0)
		return SENT;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? NOT_NOW : NEVER;
}

static enum outcome transmit_frame(const struct tap_state *state, struct rte_mbuf *m)
{
	struct virtio_net_header header;
	struct iovec parts[SEGMENTS_MAX + 1] = {{.iov_base = &header, .iov_len = sizeof(header)}};
	int used = 1;

	if (m->nb_segs > SEGMENTS_MAX)
		return NEVER;
	offload_to_header(m, &header);
	for (; m != NULL; m = m->next)
		parts[used++] = (struct iovec){rte_pktmbuf_mtod(m, void *), m->data_len};
	return write_parts(state, parts, used);
}

static enum outcome transmit_row(const struct tap_state *state, struct rte_mbuf *const *datagrams,
				 uint16_t count, struct datagrams_head *head)
{
	struct iovec parts[2 + ROW_MAX] = {
	    {.iov_base = &head->virtio, .iov_len = sizeof(head->virtio)},
	    {.iov_base = head->headers, .iov_len = head->bytes},
	};

	for (uint16_t i = 0; i < count; i++)
		parts[2 + i] = (struct iovec){rte_pktmbuf_mtod_offset(datagrams[i], void *, head->bytes),
					      datagrams[i]->data_len - head->bytes};
	return write_parts(state, parts, 2 + count);
}

/* Sends the first packet, and those that can leave with it. Returns how many; 0: the interface takes no more
 * now. A frame that it will never take counts as sent, and as an error. */
static uint16_t transmit_some(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	struct tap_state *state = device->state;
	enum outcome outcome = NEVER;
	struct datagrams_head head;
	uint16_t row = 1;

	if (state->joins_datagrams)
		row = datagrams_join(packets, RTE_MIN(count, ROW_MAX), &head);
	if (row > 1) {
		outcome = transmit_row(state, packets, row, &head);
		if (outcome == NEVER && errno == EINVAL) { /* a kernel that had promised otherwise */
			state->joins_datagrams = false;
			row = 1;
		}
	}
	if (row == 1)
		outcome = transmit_frame(state, packets[0]);
	if (outcome == NOT_NOW)
		return 0;
	if (outcome == NEVER)
		stats.port[device->index].device_errors += row;
	rte_pktmbuf_free_bulk(packets, row);
	return row;
}

static uint16_t tap_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t sent = 0, some = 1;

	while (sent < count && some > 0) {
		some = transmit_some(device, packets + sent, count - sent);
		sent += some;
	}
	return sent;
}

static bool tap_arm(struct device *device)
{
	const struct tap_state *state = device->state;
	struct pollfd readable = {.fd = device->descriptor, .events = POLLIN};

	return state->row != NULL || (poll(&readable, 1, 0) > 0 && (readable.revents & POLLIN));
}

static void tap_disarm(struct device *device __rte_unused)
{
}

/* The interface has carrier as long as this process is attached, so its link is whether somebody took it up.
 * One that can't be asked (it was renamed or moved away) still takes frames. */
static bool tap_link(struct device *device)
{
	const struct tap_state *state = device->state;
	struct ifreq request = {0};

	memcpy(request.ifr_name, state->name, sizeof(request.ifr_name));
	return ioctl(state->control, SIOCGIFFLAGS, &request) < 0 || (request.ifr_flags & IFF_UP);
}

static const struct device_driver tap_driver = {
    .name = "tap",
    .receive = tap_receive,
    .transmit = tap_transmit,
    .arm = tap_arm,
    .disarm = tap_disarm,
    .link = tap_link,
};

static int attach(struct tap_state *state, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int header_bytes = sizeof(struct virtio_net_header);

	if (strlen(name) >= sizeof(request.ifr_name))
		return complain(name, "name of an interface", ENAMETOOLONG);
	strcpy(request.ifr_name, name);
	if (ioctl(state->descriptor, TUNSETIFF, &request) < 0)
		return complain(name, "can't attach", errno);
	memcpy(state->name, request.ifr_name, sizeof(state->name));
	if (ioctl(state->descriptor, TUNSETVNETHDRSZ, &header_bytes) < 0 ||
	    ioctl(state->descriptor, TUNSETOFFLOAD, OFFLOADS_TCP) < 0)
		return complain(name, "can't negotiate offloads", errno);
	state->joins_datagrams = ioctl(state->descriptor, TUNSETOFFLOAD, OFFLOADS_TCP | OFFLOADS_UDP) == 0;
	return 0;
}

static int open_descriptors(struct tap_state *state, const char *name)
{
	state->descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (state->descriptor < 0)
		return complain(name, "/dev/net/tun", errno);
	state->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (state->control < 0)
		return complain(name, "control socket", errno);
	return attach(state, name);
}

static void release(struct tap_state *state)
{
	for (uint32_t i = 0; i < state->stocked; i++)
		rte_pktmbuf_free(state->stock[i]);
	rte_pktmbuf_free(state->row);
	if (state->descriptor >= 0)
		close(state->descriptor);
	if (state->control >= 0)
		close(state->control);
	free(state);
}

int tap_device_open(struct device *device, const char *name)
{
	struct tap_state *state = calloc(1, sizeof(*state));
	int error;

	if (state == NULL)
		return -ENOMEM;
	state->descriptor = state->control = -1;
	error = open_descriptors(state, name);
	if (error != 0) {
		release(state);
		return error;
	}
	device->driver = &tap_driver;
	device->state = state;
	device->descriptor = state->descriptor;
	device->offloads = DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4 | DEVICE_TX_TSO6 | DEVICE_TX_TSO_ECN;
	device->link_up = true;
	return 0;
}

void tap_device_close(struct device *device)
{
	release(device->state);
	device->state = NULL;
}
