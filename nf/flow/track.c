/* SPDX-License-Identifier: Apache-2.0
 *
 * Tracking of all protocols: TCP has track_tcp.c, errors have track_icmp.c, and what the others need is here.
 * A flow of UDP or of an unknown protocol lives as soon as both sides have spoken; ICMP queries are answered,
 * and soon forgotten.
 */
#include <netinet/in.h>
#include <rte_common.h>
#include <rte_udp.h>
#include "nf/checksum.h"
#include "nf/flow/track.h"
#include "nf/flow/track_tcp.h"

const uint8_t track_timeouts[FLOW_STATE_COUNT] = {
#define X(identifier, name, timeout) [FLOW_##identifier] = FLOW_TIMEOUT_##timeout,
    FLOW_STATES(X)
#undef X
};

/* Chunks that move an association (RFC 9260, section 3.2). */
enum sctp_chunk {
	SCTP_INIT = 1,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14,
	SCTP_HEADER_BYTES = 12,
	SCTP_CHUNK_BYTES = 4, /* of a chunk's own header: type, flags, length */
};
static const int SCTP_NONE = -1;

static uint8_t icmp_type(const struct packet_meta *meta)
{
	return rte_be_to_cpu_16(meta->destination_port) >> 8;
}

/* Whether a message asks for an answer that has the same identifier (RFC 792, RFC 950, RFC 4443). */
static bool is_query(const struct packet_meta *meta)
{
	uint8_t type = icmp_type(meta);

	if (meta->flags & PACKET_IPV6)
		return type == 128;
	return type == 8 || type == 13 || type == 15 || type == 17;
}

static bool is_icmp(const struct packet_meta *meta)
{
	return meta->protocol == (meta->flags & PACKET_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

/* The packet's own sum over the transport part, 0xffff when right; pseudo-header where there is one. */
static uint16_t transport_sum(struct rte_mbuf *m, const struct packet_meta *meta)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);
	uint32_t offset = m->l2_len + m->l3_len, bytes = meta->l3_bytes - m->l3_len;

	if (meta->flags & PACKET_IPV6)
		return checksum_transport6(m, ip, meta->protocol, offset, bytes);
	if (meta->protocol == IPPROTO_ICMP)
		return checksum_packet(m, offset, bytes, 0);
	if (meta->protocol == IPPROTO_UDP)
		bytes = rte_be_to_cpu_16(
		    rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, offset)->dgram_len);
	return checksum_transport4(m, ip, meta->protocol, offset, bytes);
}

/* A checksum that the way out will finish never was on a wire; UDP over IPv4 may have none (RFC 768). */
static bool checksum_is_right(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	uint32_t offset = m->l2_len + m->l3_len;

	if (meta->flags & PACKET_FRAGMENT ||
	    m->ol_flags & (RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM |
			   RTE_MBUF_F_TX_TCP_SEG))
		return true;
	if (meta->protocol != IPPROTO_TCP && meta->protocol != IPPROTO_UDP && !is_icmp(meta))
		return true;
	if (meta->protocol == IPPROTO_UDP &&
	    rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, offset)->dgram_cksum == 0)
		return !(meta->flags & PACKET_IPV6);
	return transport_sum(m, meta) == 0xffff;
}

/* The type of an SCTP packet's first chunk; SCTP_NONE where its header isn't there, or gives a length that
 * cannot be. A fragment may end before its chunk does. */
static int sctp_chunk(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	uint32_t at = m->l2_len + m->l3_len + SCTP_HEADER_BYTES, end = m->l2_len + meta->l3_bytes, bytes;
	const uint8_t *chunk = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);

	if (end < at + SCTP_CHUNK_BYTES || m->data_len < at + SCTP_CHUNK_BYTES)
		return SCTP_NONE;
	bytes = chunk[2] << 8 | chunk[3];
	if (bytes < SCTP_CHUNK_BYTES || (bytes > end - at && !(meta->flags & PACKET_FRAGMENT)))
		return SCTP_NONE;
	return chunk[0];
}

/* An association begins with a chunk of its own kind. */
static enum drop_reason track_first_sctp(struct rte_mbuf *m)
{
	int chunk = sctp_chunk(m);

	if (chunk == SCTP_NONE)
		return DROP_L4_TRUNCATED;
	return chunk == SCTP_INIT ? TRACK_GOOD : DROP_SCTP_STATE;
}

/* A later fragment begins nothing that its first one may not begin, and no connection at all: what it would
 * make has no numbers, and would stand in the way of the real one. */
static enum drop_reason track_first_later(const struct packet_meta *meta)
{
	if (meta->protocol == IPPROTO_TCP)
		return DROP_TCP_STATE;
	if (meta->protocol == IPPROTO_SCTP)
		return DROP_SCTP_STATE;
	return is_icmp(meta) && !is_query(meta) ? DROP_ICMP_UNRELATED : TRACK_GOOD;
}

enum drop_reason track_first(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);

	if (meta->flags & PACKET_LATER_FRAGMENT)
		return track_first_later(meta);
	if (!checksum_is_right(m))
		return DROP_L4_CHECKSUM;
	if (meta->protocol == IPPROTO_TCP)
		return track_tcp_first(m);
	if (is_icmp(meta) && !is_query(meta))
		return DROP_ICMP_UNRELATED;
	return meta->protocol == IPPROTO_SCTP ? track_first_sctp(m) : TRACK_GOOD;
}

void track_open(struct flow_record *record, struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);

	if (meta->protocol == IPPROTO_TCP)
		track_tcp_open(record, m);
	else if (meta->protocol == IPPROTO_UDP)
		record->state = FLOW_UDP_NEW;
	else if (is_icmp(meta))
		record->state = FLOW_ICMP_NEW;
	else if (meta->protocol == IPPROTO_SCTP)
		record->state = FLOW_SCTP_NEW;
	else
		record->state = FLOW_OTHER_NEW;
}

/* A reply: the flow is one of two sides. */
static void answered(struct flow_record *record, enum flow_state state, uint16_t flags)
{
	if (record->flags & FLOW_SEEN_REPLY)
		return;
	record->state = state;
	record->flags |= FLOW_SEEN_REPLY | flags;
}

/* Queries go one way and replies the other: their types differ, and so do their tuples. */
static enum drop_reason track_icmp(struct flow_record *record, enum flow_direction direction)
{
	if (direction == FLOW_REPLY)
		answered(record, FLOW_ICMP_ESTABLISHED, 0);
	return TRACK_GOOD;
}

/* A question and its answer are over, and were perhaps somebody else's question: any server answers a forged
 * one. That the answer has arrived shows when the asker goes on. */
static void track_udp(struct flow_record *record, enum flow_direction direction)
{
	if (direction == FLOW_REPLY)
		answered(record, FLOW_UDP_ESTABLISHED, 0);
	else if (record->flags & FLOW_SEEN_REPLY)
		record->flags |= FLOW_ASSURED;
}

static enum drop_reason track_sctp(struct flow_record *record, enum flow_direction direction,
				   struct rte_mbuf *m)
{
	int chunk = sctp_chunk(m);

	if (chunk == SCTP_NONE)
		return DROP_L4_TRUNCATED;
	if (record->state == FLOW_SCTP_CLOSING && chunk == SCTP_INIT)
		return TRACK_REOPENS;
	if (direction == FLOW_REPLY)
		record->flags |= FLOW_SEEN_REPLY;
	if (chunk == SCTP_COOKIE_ACK && direction == FLOW_REPLY) {
		record->state = FLOW_SCTP_ESTABLISHED;
		record->flags |= FLOW_ASSURED;
	} else if (chunk == SCTP_ABORT || chunk == SCTP_SHUTDOWN || chunk == SCTP_SHUTDOWN_ACK ||
		   chunk == SCTP_SHUTDOWN_COMPLETE) {
		record->state = FLOW_SCTP_CLOSING;
	}
	return TRACK_GOOD;
}

enum drop_reason track_packet(struct flow_record *record, enum flow_direction direction, struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);

	if (likely(meta->protocol == IPPROTO_TCP))
		return track_tcp(record, direction, m);
	if (meta->protocol == IPPROTO_UDP) {
		if (unlikely(!(record->flags & FLOW_ASSURED)))
			track_udp(record, direction);
		return TRACK_GOOD;
	}
	if (is_icmp(meta))
		return track_icmp(record, direction);
	if (meta->protocol == IPPROTO_SCTP)
		return track_sctp(record, direction, m);
	if (direction == FLOW_REPLY)
		answered(record, FLOW_OTHER_ESTABLISHED, FLOW_ASSURED);
	return TRACK_GOOD;
}
