/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts a TCP super-frame into segments of tso_segsz, for IPv4 and IPv6 alike (rte_gso of DPDK 22.11 knows
 * IPv4 only, repeats CWR, and wants buffers for all pieces at once). A piece is a copy of the headers,
 * followed by mbufs without data room that point into the super-frame: no payload is copied.
 *
 * Each device has at most one super-frame in work. Its pieces are made a burst at a time as the device takes
 * them; what found no room waits here, and goes before anything else. A piece for which there is no buffer
 * waits too.
 */
#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "nf/segment.h"
#include "nf/stats.h"
#include "offload.h"
#include "segment.h"

enum { PIECES_BURST = 32 };

struct segmentation {
	struct rte_mbuf *whole; /* NULL: none in work */
	uint32_t done;		/* bytes of its payload that are in pieces */
	uint16_t number;	/* of the next piece */
	uint16_t first, count;	/* pieces that wait */
	struct rte_mbuf *pieces[PIECES_BURST];
};

static struct segmentation segmentations[PORTS_MAX];
static struct rte_mempool *header_pool, *payload_pool;

void offload_init(struct rte_mempool *packet_pool, struct rte_mempool *indirect_pool)
{
	header_pool = packet_pool;
	payload_pool = indirect_pool;
}

static uint32_t headers_length(const struct rte_mbuf *whole)
{
	return whole->l2_len + whole->l3_len + whole->l4_len;
}

void segment_start(struct device *device, struct rte_mbuf *whole)
{
	struct segmentation *work = &segmentations[device->index];

	assert(work->whole == NULL && work->count == 0);
	assert(headers_length(whole) <= SEGMENT_HEADERS_MAX && headers_length(whole) < whole->pkt_len);
	*work = (struct segmentation){.whole = whole};
	stats.port[device->index].segmented++;
}

/* Appends `length` bytes of `whole` from `offset` on to `piece`, without copying. False: no buffers. */
static bool append_payload(struct rte_mbuf *piece, struct rte_mbuf *whole, uint32_t offset, uint32_t length)
{
	struct rte_mbuf *last = piece, *from = whole;

	for (; offset >= from->data_len; from = from->next)
		offset -= from->data_len;
	for (; length > 0; from = from->next, offset = 0) {
		uint32_t bytes = RTE_MIN(length, from->data_len - offset);
		struct rte_mbuf *view;

		if (bytes == 0)
			continue;
		view = rte_pktmbuf_alloc(payload_pool);
		if (view == NULL)
			return false;
		rte_pktmbuf_attach(view, from);
		view->data_off = from->data_off + offset;
		view->data_len = view->pkt_len = bytes;
		last->next = view;
		last = view;
		piece->nb_segs++;
		piece->pkt_len += bytes;
		length -= bytes;
	}
	return true;
}

/* The next piece, or NULL when there are no buffers for it now. */
static struct rte_mbuf *cut_piece(struct segmentation *work)
{
	struct rte_mbuf *whole = work->whole, *piece = rte_pktmbuf_alloc(header_pool);
	uint32_t headers = headers_length(whole), left = whole->pkt_len - headers - work->done;
	uint32_t length = RTE_MIN(left, (uint32_t)whole->tso_segsz);
	const struct segment_place place = {work->done, work->number, length == left};
	uint8_t buffer[SEGMENT_HEADERS_MAX], *room;

	if (piece == NULL)
		return NULL;
	room = (uint8_t *)rte_pktmbuf_append(piece, headers);
	if (room == NULL || !append_payload(piece, whole, headers + work->done, length)) {
		rte_pktmbuf_free(piece);
		return NULL;
	}
	memcpy(room, rte_pktmbuf_read(whole, 0, headers, buffer), headers);
	piece->port = whole->port;
	piece->ol_flags |= whole->ol_flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6);
	piece->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
	piece->l2_len = whole->l2_len;
	piece->l3_len = whole->l3_len;
	segment_write_headers(piece, whole, &place);
	work->done += length;
	work->number++;
	return piece;
}

/* Makes as many pieces as fit the burst; lets go of the super-frame after its last one. */
static void cut_burst(struct device *device, struct segmentation *work)
{
	work->first = work->count = 0;
	while (work->whole != NULL && work->count < PIECES_BURST) {
		struct rte_mbuf *piece = cut_piece(work);

		if (piece == NULL)
			return;
		offload_checksum(device, piece);
		work->pieces[work->count++] = piece;
		if (headers_length(work->whole) + work->done == work->whole->pkt_len) {
			rte_pktmbuf_free(work->whole);
			work->whole = NULL;
		}
	}
}

bool offload_flush(struct device *device)
{
	struct segmentation *work = &segmentations[device->index];

	while (work->count > 0 || work->whole != NULL) {
		uint16_t taken;

		if (work->count == 0)
			cut_burst(device, work);
		if (work->count == 0)
			return false;
		taken = device->driver->transmit(device, work->pieces + work->first, work->count);
		work->first += taken;
		work->count -= taken;
		if (work->count > 0)
			return false;
	}
	return true;
}
