/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes offloads: a virtio header and a frame, as a device would give them, and what is left of them for a
 * device that can do less. The input is a byte that says what the way out can, one that says how the frame is
 * cut into segments, the header, and the frame.
 */
#include <assert.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/offload.h"
#include "tests/unit/support/watched_pool.h"

enum { MBUFS = 4095, FRAME_MAX = 65536, START = 2 + sizeof(struct virtio_net_header) };

struct stats_page stats;

static struct rte_mempool *packets, *indirect;
static uint32_t sent, sent_bytes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static uint16_t take(struct device *device, struct rte_mbuf **burst, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = burst[i];
		struct virtio_net_header header;

		rte_mbuf_sanity_check(m, 1);
		offload_to_header(m, &header);
		assert(device->offloads & DEVICE_TX_CHECKSUM || header.flags == 0);
		assert(device->offloads & (DEVICE_TX_TSO4 | DEVICE_TX_TSO6) || header.gso_type == 0);
		assert(!header.flags || header.csum_start + header.csum_offset + 2u <= m->pkt_len);
		sent++;
		sent_bytes += m->pkt_len;
		rte_pktmbuf_free(m);
	}
	return count;
}

static struct rte_mbuf *frame(const uint8_t *bytes, size_t count, uint16_t segment)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(packets), *last = head;

	for (size_t done = 0; done < count; done += last->data_len) {
		uint16_t part = RTE_MIN(segment, count - done);

		if (last->data_len) {
			last = rte_pktmbuf_alloc(packets);
			assert(rte_pktmbuf_chain(head, last) == 0);
		}
		memcpy(rte_pktmbuf_append(head, part), bytes + done, part);
	}
	return head;
}

static void send(struct device *device, struct rte_mbuf *m)
{
	uint32_t length = m->pkt_len;

	sent = sent_bytes = 0;
	assert(offload_transmit(device, &m, 1) == 1);
	while (!offload_flush(device))
		;
	assert(sent >= 1 && sent <= OFFLOAD_PIECES_MAX && sent_bytes >= length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	static const struct device_driver driver = {.transmit = take};
	struct device device = {.driver = &driver};
	struct virtio_net_header header;
	struct rte_mbuf *m;

	if (!packets) {
		packets = watched_pool("packets", MBUFS, 2048);
		indirect = watched_pool("indirect", MBUFS, 0);
		offload_init(packets, indirect);
	}
	if (count < START + sizeof(struct rte_ether_hdr))
		return 0;
	device.offloads = data[0] & 1 ? data[0] >> 1 & 0xf : 0;
	memcpy(&header, data + 2, sizeof(header));
	m = frame(data + START, RTE_MIN(count - START, (size_t)FRAME_MAX), data[1] ? data[1] + 30 : 2048);
	if (offload_from_header(m, &header))
		send(&device, m);
	else
		rte_pktmbuf_free(m);
	assert(rte_mempool_full(packets) && rte_mempool_full(indirect));
	return 0;
}
