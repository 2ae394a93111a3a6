/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual reassembly; see reassembly.h, and datagram.h for the table.
 *
 * Fragments are compared with all of their datagram's that came before: each byte passes once. A fragment
 * that came before, to the byte, is dropped alone (RFC 8200, section 4.5, allows it: networks duplicate); any
 * other overlap ends the datagram. So does a second last fragment that disagrees, or one beyond the last.
 */
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <string.h>
#include <rte_ip.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "assemble.h"
#include "datagram.h"
#include "parse.h"
#include "reassembly.h"

enum { TICK_ENDS = 64 };

/* Fragments that wait no longer, and how many still do. */
static waiting_link released, *released_end;
static uint32_t held_count;

int reassembly_init(void)
{
	datagrams_init();
	released = NULL;
	released_end = &released;
	held_count = 0;
	return 0;
}

/* What a fragment says of itself. */
struct piece {
	struct datagram_key key;
	struct fragment fragment;
	bool first, last;
};

static void read_ipv4(struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct piece *piece)
{
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);

	memcpy(piece->key.source, &ip->src_addr, sizeof(ip->src_addr));
	memcpy(piece->key.destination, &ip->dst_addr, sizeof(ip->dst_addr));
	piece->key.identification = ip->packet_id;
	piece->key.protocol = ip->next_proto_id;
	piece->fragment.start = (field & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS;
	piece->fragment.end = piece->fragment.start + packet_meta(m)->l3_bytes - m->l3_len;
	piece->last = !(field & RTE_IPV4_HDR_MF_FLAG);
}

static void read_ipv6(struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, struct piece *piece)
{
	uint32_t announced, at = parse_fragment_header((const uint8_t *)ip, &announced);
	struct ip6_frag header;
	uint16_t field;

	memcpy(&header, (const uint8_t *)ip + at, sizeof(header));
	field = rte_be_to_cpu_16(header.ip6f_offlg);
	memcpy(piece->key.source, ip->src_addr, sizeof(ip->src_addr));
	memcpy(piece->key.destination, ip->dst_addr, sizeof(ip->dst_addr));
	piece->key.identification = header.ip6f_ident;
	piece->key.ipv6 = 1;
	piece->fragment.start = field & 0xfff8;
	piece->fragment.end = piece->fragment.start + packet_meta(m)->l3_bytes - at - sizeof(header);
	piece->last = !(field & 1);
}

static struct piece read_piece(struct rte_mbuf *m)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);
	const struct packet_meta *meta = packet_meta(m);
	struct piece piece = {.key.zone = port_configs[meta->in_port].zone};

	if (meta->flags & PACKET_IPV6)
		read_ipv6(m, ip, &piece);
	else
		read_ipv4(m, ip, &piece);
	piece.first = piece.fragment.start == 0;
	return piece;
}

/* Its fragments are somebody else's now. */
static void forget_held(struct datagram *datagram)
{
	held_count -= datagram->held_count;
	datagram->held = NULL;
	datagram->held_end = &datagram->held;
	datagram->held_count = 0;
}

/* Ends all fragments that a datagram holds. */
static void drop_held(struct datagram *datagram, enum drop_reason reason)
{
	struct rte_mbuf *m = datagram->held;

	stats.held -= datagram->held_count;
	while (m) {
		struct rte_mbuf *next = *datagram_link(m);

		packet_drop(m, reason);
		m = next;
	}
	forget_held(datagram);
}

static void lose(struct datagram *datagram)
{
	drop_held(datagram, DROP_FRAGMENT_TABLE_FULL);
}

static enum drop_reason kill(struct datagram *datagram, enum drop_reason reason)
{
	datagram->dead = reason;
	drop_held(datagram, reason);
	return reason;
}

/* Compares a fragment with those before it. DROP_REASON_COUNT: it fits. */
static enum drop_reason compare(struct datagram *datagram, const struct piece *piece)
{
	const struct fragment *new = &piece->fragment;

	for (uint16_t i = 0; i < datagram->fragment_count; i++) {
		const struct fragment *old = &datagram->fragments[i];

		if (new->start == old->start &&new->end == old->end)
			return DROP_FRAGMENT_OVERLAP;
		if (new->start < old->end && old->start < new->end)
			return kill(datagram, DROP_FRAGMENT_OVERLAP);
		if (piece->last && old->end > new->end)
			return kill(datagram, DROP_FRAGMENT_BAD);
	}
	if (datagram->total && (piece->last || new->end > datagram->total))
		return kill(datagram, DROP_FRAGMENT_BAD);
	if (datagram->fragment_count == FRAGMENTS_MAX)
		return kill(datagram, DROP_FRAGMENT_TABLE_FULL);
	return DROP_REASON_COUNT;
}

static void note(struct datagram *datagram, const struct piece *piece)
{
	datagram->fragments[datagram->fragment_count++] = piece->fragment;
	datagram->bytes += piece->fragment.end - piece->fragment.start;
	if (piece->last)
		datagram->total = piece->fragment.end;
}

/* Gives a later fragment the facts of the first one. */
static void inform(struct rte_mbuf *m, const struct datagram *datagram)
{
	struct packet_meta *meta = packet_meta(m);

	meta->protocol = datagram->protocol;
	meta->source_port = datagram->source_port;
	meta->destination_port = datagram->destination_port;
	meta->tcp_flags = datagram->tcp_flags;
	meta->flags |= datagram->l4_flag;
}

/* The first fragment: those that waited for it come behind. */
static void open_datagram(struct datagram *datagram, struct rte_mbuf *first)
{
	const struct packet_meta *meta = packet_meta(first);

	datagram->has_first = true;
	datagram->protocol = meta->protocol;
	datagram->source_port = meta->source_port;
	datagram->destination_port = meta->destination_port;
	datagram->tcp_flags = meta->tcp_flags;
	datagram->l4_flag = meta->flags & PACKET_L4;
	for (struct rte_mbuf *m = datagram->held; m; m = *datagram_link(m))
		inform(m, datagram);
	if (!datagram->held)
		return;
	*released_end = datagram->held;
	released_end = datagram->held_end;
	forget_held(datagram);
}

/* Room for one more that waits: where there is none, the oldest datagram that holds any gives up. */
static bool has_room(const struct datagram *datagram)
{
	struct datagram *victim = datagram_oldest();

	if (datagram->held_count == HELD_EACH_MAX)
		return false;
	if (held_count < HELD_MAX)
		return true;
	while (victim->held_count == 0)
		victim = datagram_newer(victim);
	kill(victim, DROP_FRAGMENT_TABLE_FULL);
	return victim != datagram;
}

static enum drop_reason hold(struct datagram *datagram, struct rte_mbuf *m)
{
	if (!has_room(datagram))
		return kill(datagram, DROP_FRAGMENT_TABLE_FULL);
	*datagram_link(m) = NULL;
	*datagram->held_end = m;
	datagram->held_end = datagram_link(m);
	datagram->held_count++;
	held_count++;
	stats.held++;
	return DROP_REASON_COUNT;
}

static bool is_whole(const struct datagram *datagram)
{
	return datagram->has_first && datagram->total && datagram->bytes == datagram->total &&
	       !datagram->dead;
}

/* What the appliance itself is to read goes on in one piece. */
static void hand_over(struct datagram *datagram)
{
	struct rte_mbuf *whole = assemble(datagram);

	stats.held -= datagram->held_count;
	forget_held(datagram);
	datagram_end(datagram);
	if (!whole)
		return;
	stats.held++;
	*datagram_link(whole) = NULL;
	*released_end = whole;
	released_end = datagram_link(whole);
}

/* A fragment that is the next of its datagram. True: it goes on. */
static bool go_on(struct datagram *datagram, struct rte_mbuf *m, bool first)
{
	if (first)
		open_datagram(datagram, m);
	else
		inform(m, datagram);
	if (is_whole(datagram))
		datagram_end(datagram);
	return true;
}

/* One fragment. True: it goes on. */
static bool take(struct rte_mbuf *m)
{
	struct piece piece = read_piece(m);
	struct datagram *datagram = datagram_get(&piece.key, lose);
	enum drop_reason reason = datagram->dead ? datagram->dead : compare(datagram, &piece);

	if (reason == DROP_REASON_COUNT) {
		note(datagram, &piece);
		if (piece.first && !datagram->has_first)
			datagram->wanted = assemble_wanted(m);
		if (!datagram->wanted && (piece.first || datagram->has_first))
			return go_on(datagram, m, piece.first);
		datagram->has_first |= piece.first;
		reason = hold(datagram, m);
	}
	if (reason != DROP_REASON_COUNT)
		packet_drop(m, reason);
	else if (is_whole(datagram))
		hand_over(datagram);
	return false;
}

static bool has_fragments(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t flags = 0;

	for (uint16_t i = 0; i < count; i++)
		flags |= packet_meta(packets[i])->flags;
	return flags & PACKET_FRAGMENT;
}

uint16_t reassembly(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	if (likely(!has_fragments(packets, count)))
		return count;
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];

		packets[kept] = m;
		kept += !(packet_meta(m)->flags & PACKET_FRAGMENT) || take(m);
	}
	return kept;
}

uint16_t reassembly_release(struct rte_mbuf **packets)
{
	uint16_t count = 0;

	while (released && count < BURST_MAX) {
		packets[count++] = released;
		released = *datagram_link(released);
	}
	if (!released)
		released_end = &released;
	stats.held -= count;
	return count;
}

/* Those that are due come first: they are in the order of their age. */
uint64_t reassembly_tick(void)
{
	struct datagram *datagram = datagram_oldest();

	for (int i = 0; i < TICK_ENDS && datagram && datagram->due_ns <= host_now_ns; i++) {
		drop_held(datagram, DROP_FRAGMENT_TIMEOUT);
		datagram_end(datagram);
		datagram = datagram_oldest();
	}
	return datagram ? datagram->due_ns : UINT64_MAX;
}
