/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes offloads: a virtio header and a frame, as a device would give them, and what is left of them for a
 * device that can do less. A row of datagrams is cut, and joined again. The input is a byte that says what
 * the way out can, one that says how the frame is cut into segments, the header, and the frame.
 */
#include <assert.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include "nf/host.h"
#include "nf/segment.h"
#include "nf/stats.h"
#include "pktio/datagrams.h"
#include "pktio/offload.h"
#include "tests/unit/support/watched_pool.h"

enum { MBUFS = 4095, FRAME_MAX = 65536, PIECE_MAX = 1500, START = 2 + sizeof(struct virtio_net_header) };

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

/* Borrows the row. Devices give all headers in one piece. */
static void cut(const struct rte_mbuf *row)
{
	uint32_t headers = row->l2_len + row->l3_len + row->l4_len, payload = 0;
	struct segment_cut cut = segment_cut_begin(row);
	struct rte_mbuf *pair[2] = {NULL};
	struct datagrams_head head;

	if (headers > row->data_len)
		return;
	while (segment_cut_left(&cut) > 0) {
		rte_pktmbuf_free(pair[0]);
		pair[0] = pair[1];
		pair[1] = segment_cut_next(&cut, row->tso_segsz, packets);
		assert(pair[1] && pair[1]->pkt_len > headers && pair[1]->pkt_len <= headers + row->tso_segsz);
		payload += pair[1]->pkt_len - headers;
		if (pair[0])
			assert(datagrams_join(pair, 2, &head) == 1 || head.bytes == headers);
	}
	assert(headers + payload == row->pkt_len);
	rte_pktmbuf_free(pair[0]);
	rte_pktmbuf_free(pair[1]);
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
	if (!offload_from_header(m, &header)) {
		rte_pktmbuf_free(m);
	} else if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) {
		if (m->tso_segsz <= PIECE_MAX)
			cut(m);
		rte_pktmbuf_free(m);
	} else {
		send(&device, m);
	}
	assert(rte_mempool_full(packets) && rte_mempool_full(indirect));
	return 0;
}
