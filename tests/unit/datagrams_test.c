/* SPDX-License-Identifier: Apache-2.0
 *
 * Which datagrams leave as one super-frame, and that cutting it (offload.h, nf/segment.h) brings them back.
 * Frames are written and checked by code that shares nothing with pktio/.
 */
#include "support/image_host.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include "nf/segment.h"
#include "pktio/datagrams.h"

enum { ROOM = 1600, ROW = 40, PAYLOAD = 1200, IDENTIFICATION = 0xfffe };

/* Of the rows that are made here. */
enum kind { NO_CHECKSUM4, OPEN4, OPEN4_TAGGED, OPEN6, OPEN6_TAGGED, KINDS };

static struct frame {
	uint8_t bytes[ROOM];
	uint32_t length, l3, l4;
} frames[ROW];

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static uint32_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint16_t sum_of(const uint8_t *p, uint32_t length, uint32_t sum)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool is_ipv6(enum kind kind)
{
	return kind == OPEN6 || kind == OPEN6_TAGGED;
}

/* Of the pseudo-header of a transport part of `bytes`. */
static uint16_t pseudo_sum(const struct frame *f, enum kind kind, uint32_t bytes)
{
	const uint8_t *ip = f->bytes + f->l3;

	return is_ipv6(kind) ? sum_of(ip + 8, 32, IPPROTO_UDP + bytes)
			     : sum_of(ip + 12, 8, IPPROTO_UDP + bytes);
}

static void finish_ipv4(struct frame *f)
{
	uint8_t *ip = f->bytes + f->l3;

	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum_of(ip, 20, 0));
}

static void make(struct frame *f, enum kind kind, uint32_t number, uint32_t payload)
{
	bool ipv6 = is_ipv6(kind), tagged = kind == OPEN4_TAGGED || kind == OPEN6_TAGGED;
	uint8_t *ip, *udp;

	*f = (struct frame){.l3 = tagged ? 18 : 14};
	f->l4 = f->l3 + (ipv6 ? 40 : 20);
	f->length = f->l4 + 8 + payload;
	ip = f->bytes + f->l3;
	udp = f->bytes + f->l4;
	memset(f->bytes, 2, 12);
	if (tagged)
		memcpy(f->bytes + 12, "\x81\x00\x00\x07", 4);
	put16(ip - 2, ipv6 ? 0x86dd : 0x0800);
	ip[0] = ipv6 ? 0x60 : 0x45;
	put16(ip + (ipv6 ? 4 : 2), f->length - (ipv6 ? f->l4 : f->l3));
	ip[ipv6 ? 6 : 9] = IPPROTO_UDP;
	ip[ipv6 ? 7 : 8] = 64;
	for (uint32_t i = 0; i < (ipv6 ? 32 : 8); i++)
		ip[(ipv6 ? 8 : 12) + i] = 10 + i * 3;
	if (!ipv6) {
		put16(ip + 4, IDENTIFICATION + number);
		finish_ipv4(f);
	}
	put16(udp, 51820);
	put16(udp + 2, 4242);
	put16(udp + 4, 8 + payload);
	if (kind != NO_CHECKSUM4)
		put16(udp + 6, pseudo_sum(f, kind, 8 + payload));
	for (uint32_t i = 0; i < payload; i++)
		udp[8 + i] = i * 31 + number;
}

static struct rte_mbuf *packet_of(const struct frame *f, enum kind kind)
{
	struct rte_mbuf *m = image_packet(f->bytes, f->length, ROOM);

	if (kind != NO_CHECKSUM4)
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	return m;
}

/* Joins the first `count` of frames[], and says whether the packets are as they were. */
static uint16_t join(enum kind kind, uint16_t count, struct datagrams_head *head)
{
	struct rte_mbuf *packets[ROW] = {NULL};
	uint16_t run;

	for (uint16_t i = 0; i < count; i++)
		packets[i] = packet_of(&frames[i], kind);
	run = datagrams_join(packets, count, head);
	for (uint16_t i = 0; i < count; i++)
		assert_memory_equal(rte_pktmbuf_mtod(packets[i], void *), frames[i].bytes, frames[i].length);
	rte_pktmbuf_free_bulk(packets, count);
	return run;
}

static void make_row(enum kind kind, uint16_t count, uint32_t last)
{
	for (uint16_t i = 0; i < count; i++)
		make(&frames[i], kind, i, i + 1 == count ? last : PAYLOAD);
}

/* A datagram that came back: as it went, but that its checksum is open now. */
static void check_piece(struct rte_mbuf *m, enum kind kind, uint16_t number)
{
	struct frame *f = &frames[number];

	if (kind == NO_CHECKSUM4)
		put16(f->bytes + f->l4 + 6, pseudo_sum(f, kind, f->length - f->l4));
	assert_int_equal(m->pkt_len, f->length);
	assert_int_equal(m->nb_segs, 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), f->bytes, f->length);
	assert_true((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM);
	assert_false(m->ol_flags & RTE_MBUF_F_TX_UDP_SEG);
	assert_int_equal(m->l2_len, f->l3);
	assert_int_equal(m->l2_len + m->l3_len, f->l4);
	rte_pktmbuf_free(m);
}

/* The super-frame as a device gets it, in mbufs of `segment` bytes. */
static struct rte_mbuf *super_frame(const struct datagrams_head *head, uint16_t count, uint16_t segment)
{
	static uint8_t bytes[ROW * ROOM];
	uint32_t length = head->bytes;

	memcpy(bytes, head->headers, head->bytes);
	for (uint16_t i = 0; i < count; i++) {
		uint32_t payload = frames[i].length - head->bytes;

		memcpy(bytes + length, frames[i].bytes + head->bytes, payload);
		length += payload;
	}
	return image_packet(bytes, length, segment);
}

static void there_and_back(enum kind kind, uint16_t count, uint32_t last, uint16_t segment)
{
	struct datagrams_head head;
	struct segment_cut cut;
	struct rte_mbuf *m;

	make_row(kind, count, last);
	assert_int_equal(join(kind, count, &head), count);
	assert_int_equal(head.virtio.gso_size, PAYLOAD);
	assert_int_equal(head.virtio.csum_start, frames[0].l4);
	if (!is_ipv6(kind))
		assert_int_equal(sum_of(head.headers + frames[0].l3, 20, 0), 0xffff);
	m = super_frame(&head, count, segment);
	assert_int_equal(get16(head.headers + frames[0].l4 + 4), m->pkt_len - frames[0].l4);
	assert_true(offload_from_header(m, &head.virtio));
	assert_true(m->ol_flags & RTE_MBUF_F_TX_UDP_SEG);
	cut = segment_cut_begin(m);
	for (uint16_t i = 0; i < count; i++) {
		assert_true(segment_cut_left(&cut) > 0);
		check_piece(segment_cut_next(&cut, m->tso_segsz, host_packet_pool), kind, i);
	}
	assert_int_equal(segment_cut_left(&cut), 0);
	rte_pktmbuf_free(m);
}

static void rows_come_back(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		there_and_back(kind, 2, PAYLOAD, 2000);
		there_and_back(kind, 2, 1, 2000);
		there_and_back(kind, 32, PAYLOAD, 1999);
		there_and_back(kind, 33, PAYLOAD - 1, 257);
	}
}

static void change(uint32_t offset, uint8_t to)
{
	frames[1].bytes[offset] = to;
}

/* What the second datagram has that the first has not; `at` counts from IP, or from UDP. */
static const struct difference {
	const char *name;
	enum kind kind;
	bool udp;
	int at;
	uint8_t value;
} differences[] = {
    {"station", OPEN4, false, -14, 4},
    {"tag", OPEN4_TAGGED, false, -3, 8},
    {"traffic class", OPEN4, false, 1, 4},
    {"ECN", NO_CHECKSUM4, false, 1, 3},
    {"identification", OPEN4, false, 5, 0x17},
    {"don't fragment", OPEN4, false, 6, 0x40},
    {"fragment", OPEN4, false, 7, 1},
    {"TTL", OPEN4, false, 8, 63},
    {"protocol", OPEN4, false, 9, IPPROTO_UDPLITE},
    {"source", NO_CHECKSUM4, false, 12, 99},
    {"destination", OPEN4, false, 19, 99},
    {"source port", OPEN4, true, 0, 99},
    {"destination port", OPEN4, true, 3, 99},
    {"UDP length", OPEN4, true, 5, 99},
    {"IP length", OPEN4, false, 3, 99},
    {"options", OPEN4, false, 0, 0x46},
    {"a checksum, which might be wrong", NO_CHECKSUM4, true, 6, 99},
    {"IPv6 traffic class", OPEN6, false, 1, 0x10},
    {"IPv6 flow label", OPEN6, false, 3, 1},
    {"IPv6 length", OPEN6, false, 5, 1},
    {"IPv6 hop limit", OPEN6, false, 7, 63},
    {"IPv6 extension", OPEN6, false, 6, IPPROTO_DSTOPTS},
    {"IPv6 source", OPEN6_TAGGED, false, 8, 99},
    {"IPv6 destination", OPEN6, false, 39, 99},
};

static void what_differs_stays_alone(void **state)
{
	struct datagrams_head head;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(differences); i++) {
		const struct difference *d = &differences[i];

		print_message("  %s\n", d->name);
		make_row(d->kind, 3, PAYLOAD);
		change((d->udp ? frames[1].l4 : frames[1].l3) + d->at, d->value);
		assert_int_equal(join(d->kind, 3, &head), 1);
	}
}

static void lengths(void **state)
{
	struct datagrams_head head;

	(void)state;
	make_row(OPEN4, 3, PAYLOAD + 1); /* longer than the first */
	assert_int_equal(join(OPEN4, 3, &head), 2);
	make_row(OPEN4, 4, PAYLOAD);
	make(&frames[1], OPEN4, 1, PAYLOAD - 1); /* a shorter one ends the row */
	assert_int_equal(join(OPEN4, 4, &head), 2);
	make_row(OPEN4, 2, 0);
	assert_int_equal(join(OPEN4, 2, &head), 1);
	for (uint16_t i = 0; i < 3; i++) {
		make(&frames[i], OPEN4, i, PAYLOAD);
		frames[i].length++; /* padding of the link */
	}
	assert_int_equal(join(OPEN4, 3, &head), 1);
}

/* 65,535 bytes of IP, and not one more. */
static void as_long_as_ip_can_be(void **state)
{
	static const uint32_t row_bytes = 65535 - 20 - 8;
	enum { COUNT = 43 };
	struct rte_mbuf *packets[COUNT + 1];
	struct datagrams_head head;
	struct frame f;

	(void)state;
	for (uint32_t over = 0; over <= 1; over++) {
		uint32_t last = row_bytes - (COUNT - 1) * 1525 + over;

		for (uint16_t i = 0; i < COUNT; i++) {
			make(&f, NO_CHECKSUM4, i, i + 1 == COUNT ? last : 1525);
			packets[i] = packet_of(&f, NO_CHECKSUM4);
		}
		assert_int_equal(datagrams_join(packets, COUNT, &head), COUNT - over);
		rte_pktmbuf_free_bulk(packets, COUNT);
	}
}

static void what_is_no_datagram_stays_alone(void **state)
{
	struct rte_mbuf *packets[2];
	struct datagrams_head head;

	(void)state;
	make_row(OPEN4, 2, PAYLOAD);
	packets[0] = image_packet(frames[0].bytes, frames[0].length, 700); /* in several mbufs */
	packets[1] = packet_of(&frames[1], OPEN4);
	packets[0]->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	assert_int_equal(datagrams_join(packets, 2, &head), 1);
	rte_pktmbuf_free_bulk(packets, 2);
	for (uint32_t cut = 1; cut < frames[0].l4 + 8; cut++) { /* AddressSanitizer watches */
		uint8_t *exact = malloc(cut);

		memcpy(exact, frames[0].bytes, cut);
		packets[0] = image_packet(exact, cut, ROOM);
		packets[1] = image_packet(exact, cut, ROOM);
		assert_int_equal(datagrams_join(packets, 2, &head), 1);
		rte_pktmbuf_free_bulk(packets, 2);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(rows_come_back, image_begin, image_balanced),
	    cmocka_unit_test_setup_teardown(what_differs_stays_alone, image_begin, image_balanced),
	    cmocka_unit_test_setup_teardown(lengths, image_begin, image_balanced),
	    cmocka_unit_test_setup_teardown(as_long_as_ip_can_be, image_begin, image_balanced),
	    cmocka_unit_test_setup_teardown(what_is_no_datagram_stays_alone, image_begin, image_balanced),
	};

	return cmocka_run_group_tests_name("datagrams", tests, image_pools, image_pools_free);
}
