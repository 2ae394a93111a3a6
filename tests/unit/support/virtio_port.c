/* SPDX-License-Identifier: Apache-2.0
 *
 * See virtio_port.h.
 */
#include <assert.h>
#include <string.h>
#include "nf/stats.h"
#include "pktio/virtio/net.h"
#include "virtio_port.h"
#include "watched_pool.h"

const struct ring_mode ring_modes[RING_MODES] = {
    {"split", 0},
    {"split, EVENT_IDX", FEATURE(EVENT_IDX)},
    {"packed", FEATURE(RING_PACKED)},
    {"packed, EVENT_IDX", FEATURE(RING_PACKED) | FEATURE(EVENT_IDX)},
    {"split, INDIRECT_DESC", FEATURE(EVENT_IDX) | FEATURE(INDIRECT_DESC)},
    {"packed, INDIRECT_DESC", FEATURE(RING_PACKED) | FEATURE(INDIRECT_DESC)},
};

void port_init(struct virtio_port *port, uint64_t features)
{
	static struct rte_mempool *pool;

	if (!pool)
		pool = watched_pool("packets", PORT_MBUFS, PORT_ROOM);
	memset(&stats, 0, sizeof(stats));
	card_init(&port->card, features);
	port->device = (struct device){.mtu = 1500, .pool = pool, .ring_buffers = PORT_MBUFS / 8};
}

void port_open(struct virtio_port *port)
{
	int error = net_open(&port->device, &port->card.transport);

	assert(!error);
}

bool port_close(struct virtio_port *port)
{
	if (port->device.state)
		net_close(&port->device);
	return rte_mempool_avail_count(port->device.pool) == PORT_MBUFS;
}

void port_pattern(uint8_t *frame, uint32_t bytes, uint8_t seed)
{
	for (uint32_t i = 0; i < bytes; i++)
		frame[i] = (uint8_t)(seed + i + (i >> 8));
}

struct rte_mbuf *port_frame(struct virtio_port *port, uint32_t bytes, uint16_t segment, uint8_t seed)
{
	static uint8_t pattern[CARD_FRAME_MAX];
	struct rte_mbuf *head = NULL, *last = NULL;

	port_pattern(pattern, bytes, seed);
	for (uint32_t done = 0; done < bytes; done += last->data_len) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(port->device.pool);
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

bool port_matches(struct rte_mbuf *m, uint32_t bytes, uint8_t seed)
{
	static uint8_t pattern[CARD_FRAME_MAX], copy[CARD_FRAME_MAX];
	const void *data;

	port_pattern(pattern, bytes, seed);
	if (rte_pktmbuf_pkt_len(m) != bytes)
		return false;
	data = rte_pktmbuf_read(m, 0, bytes, copy);
	return data && !memcmp(data, pattern, bytes);
}
