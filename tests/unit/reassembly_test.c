/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual reassembly over the whole chain: rows of fragments in their order of arrival, and what becomes of
 * each.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <string.h>
#include <cmocka.h>
#include <rte_ip.h>
#include "nf/host.h"
#include "nf/input/datagram.h"
#include "support/full_chain.h"
#include "support/nf_host.h"

enum { ETHERNET = 14, IPV6_FRAGMENT = 8, ROW_MAX = 8, NOT_LAST = 1 };

/* A piece of a UDP datagram from lan to the world: bytes [start, start + bytes) of it. */
struct piece {
	uint16_t start, bytes;
	uint16_t flags; /* NOT_LAST */
};

static size_t make_ipv4(uint8_t *to, const struct piece *piece, uint16_t id)
{
	struct rte_ipv4_hdr *ip = (void *)to;

	*ip = (struct rte_ipv4_hdr){
	    .version_ihl = RTE_IPV4_VHL_DEF,
	    .total_length = htons(sizeof(*ip) + piece->bytes),
	    .packet_id = htons(id),
	    .fragment_offset = htons(piece->start / 8 | (piece->flags & NOT_LAST ? RTE_IPV4_HDR_MF_FLAG : 0)),
	    .time_to_live = 64,
	    .next_proto_id = IPPROTO_UDP,
	    .src_addr = inet_addr("192.0.2.10"),
	    .dst_addr = inet_addr("203.0.113.7"),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return sizeof(*ip);
}

static size_t make_ipv6(uint8_t *to, const struct piece *piece, uint16_t id)
{
	static const uint8_t source[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 0x10};
	static const uint8_t destination[16] = {0x20, 1, 0x0d, 0xb8, 0, 0x77, [15] = 1};
	struct rte_ipv6_hdr *ip = (void *)to;
	uint8_t *fragment = to + sizeof(*ip);
	uint16_t field = htons(piece->start | (piece->flags & NOT_LAST ? 1 : 0));

	*ip = (struct rte_ipv6_hdr){
	    .vtc_flow = htonl(6u << 28),
	    .payload_len = htons(IPV6_FRAGMENT + piece->bytes),
	    .proto = IPPROTO_FRAGMENT,
	    .hop_limits = 64,
	};
	memcpy(ip->src_addr, source, 16);
	memcpy(ip->dst_addr, destination, 16);
	memset(fragment, 0, IPV6_FRAGMENT);
	fragment[0] = IPPROTO_UDP;
	memcpy(fragment + 2, &field, 2);
	fragment[7] = (uint8_t)id;
	return sizeof(*ip) + IPV6_FRAGMENT;
}

/* The UDP header is in the first 8 bytes; no checksum over IPv4, and over IPv6 none is looked at in
 * fragments. */
static struct rte_mbuf *make(bool ipv6, const struct piece *piece, uint16_t id)
{
	static const uint8_t udp[8] = {0x12, 0x34, 0, 53, 0, 40, 0, 0};
	uint8_t frame[2048] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 10, ipv6 ? 0x86 : 8, ipv6 ? 0xdd : 0};
	size_t headers = ETHERNET + (ipv6 ? make_ipv6 : make_ipv4)(frame + ETHERNET, piece, id);

	if (piece->start == 0)
		memcpy(frame + headers, udp, piece->bytes < 8 ? piece->bytes : 8);
	return nf_host_frame(frame, headers + piece->bytes, 0);
}

static void receive(bool ipv6, const struct piece *piece, uint16_t id)
{
	struct rte_mbuf *m = make(ipv6, piece, id);

	appliance_chain(0, &m, 1);
}

/* What the last row left in stats: forwarded, held, and the drop reason that counted. */
static const struct {
	const char *name;
	struct piece pieces[ROW_MAX];
	uint32_t count;
	uint32_t forwarded, held;
	enum drop_reason reason; /* DROP_REASON_COUNT: nothing is dropped */
	uint32_t dropped;
} rows[] = {
    {"in order", {{0, 16, NOT_LAST}, {16, 16, NOT_LAST}, {32, 8, 0}}, 3, 3, 0, DROP_REASON_COUNT, 0},
    {"the first one last",
     {{32, 8, 0}, {16, 16, NOT_LAST}, {0, 16, NOT_LAST}},
     3,
     3,
     0,
     DROP_REASON_COUNT,
     0},
    {"the last two the other way round",
     {{0, 16, NOT_LAST}, {32, 8, 0}, {16, 16, NOT_LAST}},
     3,
     3,
     0,
     DROP_REASON_COUNT,
     0},
    {"without its first one it waits", {{16, 16, NOT_LAST}, {32, 8, 0}}, 2, 0, 2, DROP_REASON_COUNT, 0},
    {"a repeated fragment is dropped alone",
     {{0, 16, NOT_LAST}, {16, 16, NOT_LAST}, {16, 16, NOT_LAST}, {32, 8, 0}},
     4,
     3,
     0,
     DROP_FRAGMENT_OVERLAP,
     1},
    {"an overlap ends the datagram",
     {{0, 24, NOT_LAST}, {16, 16, NOT_LAST}, {32, 8, 0}},
     3,
     1,
     0,
     DROP_FRAGMENT_OVERLAP,
     2},
    {"an overlap by one unit at the end",
     {{0, 16, NOT_LAST}, {24, 16, NOT_LAST}, {16, 16, NOT_LAST}, {40, 8, 0}},
     4,
     2,
     0,
     DROP_FRAGMENT_OVERLAP,
     2},
    {"one inside another",
     {{0, 8, NOT_LAST}, {8, 40, NOT_LAST}, {16, 8, NOT_LAST}},
     3,
     2,
     0,
     DROP_FRAGMENT_OVERLAP,
     1},
    {"an overlap ends what waits",
     {{16, 16, NOT_LAST}, {24, 16, NOT_LAST}, {0, 16, NOT_LAST}},
     3,
     0,
     0,
     DROP_FRAGMENT_OVERLAP,
     3},
    {"two ends", {{0, 16, NOT_LAST}, {16, 8, 0}}, 2, 2, 0, DROP_REASON_COUNT, 0},
    {"beyond the last", {{0, 16, NOT_LAST}, {32, 8, 0}, {40, 8, NOT_LAST}}, 3, 2, 0, DROP_FRAGMENT_BAD, 1},
    {"a second last one", {{0, 16, NOT_LAST}, {32, 8, 0}, {16, 8, 0}}, 3, 2, 0, DROP_FRAGMENT_BAD, 1},
    {"a last one before what came",
     {{0, 16, NOT_LAST}, {48, 8, NOT_LAST}, {16, 8, 0}},
     3,
     2,
     0,
     DROP_FRAGMENT_BAD,
     1},
};

static uint64_t all_dropped(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < DROP_REASON_COUNT; i++)
		sum += stats.dropped[i];
	return sum;
}

static void each_row_ends_as_it_says(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			print_message("# %s, IPv%d\n", rows[i].name, ipv6 ? 6 : 4);
			nf_host_start();
			for (uint32_t p = 0; p < rows[i].count; p++)
				receive(ipv6, &rows[i].pieces[p], 7);
			assert_int_equal(stats.forwarded, rows[i].forwarded);
			assert_int_equal(stats.held, rows[i].held);
			assert_int_equal(all_dropped(), rows[i].dropped);
			if (rows[i].reason != DROP_REASON_COUNT)
				assert_int_equal(stats.dropped[rows[i].reason], rows[i].dropped);
			assert_true(nf_host_books_balance());
			assert_true(nf_host_settles());
		}
	}
}

/* Fragments of one datagram are one flow's, whatever their order. */
static void fragments_belong_to_the_flow_of_their_first(void **state)
{
	const struct piece pieces[] = {{16, 16, NOT_LAST}, {0, 16, NOT_LAST}, {32, 8, 0}};

	(void)state;
	nf_host_start();
	for (int i = 0; i < 3; i++)
		receive(false, &pieces[i], 1);
	assert_int_equal(stats.flow.flows, 1);
	assert_int_equal(flow_records[1].packets[FLOW_ORIGINAL], 3);
	assert_int_equal(flow_records[1].tuple[FLOW_ORIGINAL].destination_port, htons(53));
	assert_true(nf_host_settles());
}

static void what_waits_in_vain_ends(void **state)
{
	const struct piece piece = {16, 16, NOT_LAST};

	(void)state;
	nf_host_start();
	receive(false, &piece, 1);
	nf_host_run(DATAGRAM_TIMEOUT_NS - 1);
	assert_int_equal(stats.held, 1);
	nf_host_run(2);
	assert_int_equal(stats.held, 0);
	assert_int_equal(stats.dropped[DROP_FRAGMENT_TIMEOUT], 1);
	assert_true(nf_host_settles());
}

/* As much as may wait, and then more: the oldest give way, a datagram in order passes all the same. */
static void a_flood_of_ends_does_not_stop_others(void **state)
{
	const struct piece end = {16, 16, 0}, good[] = {{0, 16, NOT_LAST}, {16, 16, 0}};

	(void)state;
	nf_host_start();
	for (uint16_t id = 100; id < 100 + 3 * DATAGRAMS_MAX; id++)
		receive(false, &end, id);
	assert_true(stats.held <= HELD_MAX);
	assert_int_equal(stats.held + stats.dropped[DROP_FRAGMENT_TABLE_FULL], 3 * DATAGRAMS_MAX);
	receive(false, &good[0], 1);
	receive(false, &good[1], 1);
	assert_int_equal(stats.forwarded, 2);
	assert_true(nf_host_settles());
}

static void more_pieces_than_there_may_be_end_it(void **state)
{
	(void)state;
	nf_host_start();
	for (uint16_t i = 0; i <= FRAGMENTS_MAX; i++)
		receive(true, &(struct piece){i * 8, 8, NOT_LAST}, 1);
	assert_int_equal(stats.forwarded, FRAGMENTS_MAX);
	assert_int_equal(stats.dropped[DROP_FRAGMENT_TABLE_FULL], 1);
	assert_true(nf_host_settles());
}

/* As much as may wait goes on in one burst, and in the same one more has to wait. */
static void all_that_waits_goes_on_at_once(void **state)
{
	enum { DATAGRAMS = HELD_MAX / HELD_EACH_MAX };
	const struct piece first = {0, 8, NOT_LAST}, end = {16, 16, 0};
	struct rte_mbuf *burst[DATAGRAMS + 1];

	(void)state;
	nf_host_start();
	for (uint16_t id = 0; id < DATAGRAMS; id++)
		for (uint16_t i = 1; i <= HELD_EACH_MAX; i++)
			receive(false, &(struct piece){i * 8, 8, NOT_LAST}, id);
	assert_int_equal(stats.held, HELD_MAX);
	for (uint16_t id = 0; id < DATAGRAMS; id++)
		burst[id] = make(false, &first, id);
	burst[DATAGRAMS] = make(false, &end, DATAGRAMS);
	appliance_chain(0, burst, DATAGRAMS + 1);
	assert_int_equal(stats.forwarded, HELD_MAX + DATAGRAMS);
	assert_int_equal(stats.held, 1);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_ends_as_it_says),
	    cmocka_unit_test(fragments_belong_to_the_flow_of_their_first),
	    cmocka_unit_test(what_waits_in_vain_ends),
	    cmocka_unit_test(a_flood_of_ends_does_not_stop_others),
	    cmocka_unit_test(more_pieces_than_there_may_be_end_it),
	    cmocka_unit_test(all_that_waits_goes_on_at_once),
	};

	return cmocka_run_group_tests_name("reassembly", tests, NULL, NULL);
}
