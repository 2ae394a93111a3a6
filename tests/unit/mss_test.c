/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/flow/mss.c: rows of TCP options, and what the clamp makes of them. Every packet is compared as a whole,
 * its checksum with one that is computed anew over all of it.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include <rte_ip.h>
#include "nf/appliance.h"
#include "nf/flow/mss.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/full_chain.h"
#include "support/nf_host.h"

enum { LAN, WAN, PORTS, ETHERNET = 14, TCP_CHECKSUM = 16, TCP_OPTIONS = 20, IPV6_EXTRA = 20, NEVER = -1 };
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, ECE = 64, CWR = 128 };

/* The appliance: what is constant in nf/appliance.h and changes here has its name in the assembler. */
#define DB8(net, host) \
	{ \
		0x20, 1, 0xd, 0xb8, 0, net, [15] = host \
	}
#define DOC1(host) (192u << 24 | 0 << 16 | 2 << 8 | (host))
#define DOC2(host) (198u << 24 | 51 << 16 | 100 << 8 | (host))

static const struct ipv4_prefix lan4[] = {{DOC1(1), 24}}, wan4[] = {{DOC2(1), 24}};
static const struct ipv6_prefix lan6[] = {{DB8(1, 1), 64}}, wan6[] = {{DB8(2, 1), 64}};

#define PORT(index, text) \
	{ \
		.name = #text, .device = index, .slot = index, .mtu = 1500, .zone = index, \
		.mac = {2, 0, 0, 0, 0, 1 + index}, .ipv4 = text##4, .ipv4_count = 1, .ipv6 = text##6, \
		.ipv6_count = 1 \
	}
struct port_config clamped_ports[] __asm__("port_configs") = {PORT(LAN, lan), PORT(WAN, wan)};

const char appliance_name[] = "mss";
const uint16_t device_count = PORTS, port_count = PORTS;
const struct static_neighbour static_neighbours[] = {
    {.port = LAN, .ipv4 = DOC1(10), .mac = {2, 0, 0, 0, 1, 10}},
    {.port = LAN, .ipv6 = true, .ipv6_address = DB8(1, 0x10), .mac = {2, 0, 0, 0, 1, 10}},
    {.port = WAN, .ipv4 = DOC2(2), .mac = {2, 0, 0, 0, 2, 2}},
    {.port = WAN, .ipv6 = true, .ipv6_address = DB8(2, 2), .mac = {2, 0, 0, 0, 2, 2}},
};
const uint32_t static_neighbour_count = 4, neighbour_capacity = 16;
const struct ipv4_route ipv4_routes[] = {
    {.prefix = {DOC1(0), 24}, .kind = ROUTE_CONNECTED, .port = LAN},
    {.prefix = {DOC2(0), 24}, .kind = ROUTE_CONNECTED, .port = WAN},
};
const struct ipv6_route ipv6_routes[] = {
    {.prefix = {DB8(1, 0), 64}, .kind = ROUTE_CONNECTED, .port = LAN},
    {.prefix = {DB8(2, 0), 64}, .kind = ROUTE_CONNECTED, .port = WAN},
};
const uint32_t ipv4_route_count = 2, ipv6_route_count = 2, packet_buffers = 1023;
const uint16_t log_lines_per_second = 10, icmp_errors_per_second = 100;

/* `at` is the index of the size in the options, NEVER: the packet stays as it is. A size over IPv6 is 20 less
 * than what is written here, before and after. */
#define OPTIONS(...) .options = {__VA_ARGS__}, .bytes = sizeof((uint8_t[]){__VA_ARGS__})
static const struct row {
	const char *name;
	uint16_t in, out; /* `mss:` of the two ports */
	uint8_t options[40], bytes;
	int at;
	uint16_t before, after;
} rows[] = {
    {"no limit", 0, 0, OPTIONS(2, 4, 0, 0), 2, 1460, 1460},
    {"a limit on the way in", 1360, 0, OPTIONS(2, 4, 0, 0), 2, 1460, 1360},
    {"a limit on the way out", 0, 1360, OPTIONS(2, 4, 0, 0), 2, 1460, 1360},
    {"the lower of two, in", 1300, 1360, OPTIONS(2, 4, 0, 0), 2, 1460, 1300},
    {"the lower of two, out", 1360, 1300, OPTIONS(2, 4, 0, 0), 2, 1460, 1300},
    {"one more than the limit", 0, 1360, OPTIONS(2, 4, 0, 0), 2, 1361, 1360},
    {"just the limit", 0, 1360, OPTIONS(2, 4, 0, 0), 2, 1360, 1360},
    {"below the limit", 0, 1360, OPTIONS(2, 4, 0, 0), 2, 1359, 1359},
    {"far below", 0, 1360, OPTIONS(2, 4, 0, 0), 2, 20, 20},
    {"the largest", 0, 1360, OPTIONS(2, 4, 0, 0), 2, 65535, 1360},
    {"only the upper byte differs", 0, 0x0150, OPTIONS(2, 4, 0, 0), 2, 0x0550, 0x0150},
    {"only the lower byte differs", 0, 0x0550, OPTIONS(2, 4, 0, 0), 2, 0x05b4, 0x0550},
    {"no options", 0, 1360, .at = NEVER},
    {"options without it", 0, 1360, OPTIONS(4, 2, 8, 10, 0, 0, 2, 4, 5, 180, 1, 1), .at = NEVER},
    {"behind one no-operation", 0, 1360, OPTIONS(1, 2, 4, 0, 0, 1, 1, 1), 3, 1460, 1360},
    {"behind two no-operations", 0, 1360, OPTIONS(1, 1, 2, 4, 0, 0, 1, 1), 4, 1460, 1360},
    {"behind three no-operations", 0, 1360, OPTIONS(1, 1, 1, 2, 4, 0, 0, 0), 5, 1460, 1360},
    {"behind window scale", 0, 1360, OPTIONS(3, 3, 7, 2, 4, 0, 0, 0), 5, 1460, 1360},
    {"behind timestamps", 0, 1360, OPTIONS(8, 10, 2, 4, 5, 180, 2, 4, 5, 180, 2, 4, 0, 0, 0, 0), 12, 1460,
     1360},
    {"behind timestamps and a no-operation", 0, 1360,
     OPTIONS(8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 4, 0, 0, 0), 13, 1460, 1360},
    {"at the very end of the longest header", 0, 1360,
     OPTIONS(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	     1, 1, 1, 1, 2, 4, 0, 0),
     38, 1460, 1360},
    {"forty no-operations", 0, 1360,
     OPTIONS(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	     1, 1, 1, 1, 1, 1, 1, 1),
     .at = NEVER},
    {"an unknown option before it", 0, 1360, OPTIONS(254, 4, 2, 4, 2, 4, 0, 0), 6, 1460, 1360},
    {"behind the end of options", 0, 1360, OPTIONS(0, 1, 1, 1, 2, 4, 5, 180), .at = NEVER},
    {"cut off behind its kind", 0, 1360, OPTIONS(1, 1, 1, 2), .at = NEVER},
    {"cut off behind its length", 0, 1360, OPTIONS(1, 1, 2, 4), .at = NEVER},
    {"cut off in its size", 0, 1360, OPTIONS(1, 2, 4, 5), .at = NEVER},
    {"of length 0", 0, 1360, OPTIONS(2, 0, 5, 180, 1, 1, 1, 1), .at = NEVER},
    {"of length 1", 0, 1360, OPTIONS(2, 1, 5, 180, 1, 1, 1, 1), .at = NEVER},
    {"of length 2", 0, 1360, OPTIONS(2, 2, 5, 4, 1, 1, 1, 1), .at = NEVER},
    {"of length 3", 0, 1360, OPTIONS(2, 3, 5, 1, 1, 1, 1, 1), .at = NEVER},
    {"of length 5", 0, 1360, OPTIONS(2, 5, 5, 180, 5, 1, 1, 1), .at = NEVER},
    {"of length 255", 0, 1360, OPTIONS(2, 255, 5, 180, 1, 1, 1, 1), .at = NEVER},
    {"behind an option of length 0", 0, 1360, OPTIONS(8, 0, 1, 1, 2, 4, 5, 180), .at = NEVER},
    {"behind an option of length 1", 0, 1360, OPTIONS(8, 1, 1, 1, 2, 4, 5, 180), .at = NEVER},
    {"behind an option that is too long", 0, 1360, OPTIONS(8, 10, 1, 1, 2, 4, 5, 180), .at = NEVER},
    {"behind one of its kind that is too short", 0, 1360, OPTIONS(2, 3, 255, 1, 2, 4, 0, 0), 6, 1460, 1360},
};

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* The sum over pseudo-header and segment of a frame without IP options: 0xffff when it is right. */
static uint16_t sum_of(const uint8_t *frame, size_t bytes, bool ipv6)
{
	size_t header = ETHERNET + (ipv6 ? 40 : 20);
	uint32_t sum = ipv6 ? craft_sum(frame + ETHERNET + 8, 32, 0) : craft_sum(frame + ETHERNET + 12, 8, 0);

	return craft_sum(frame + header, bytes - header, sum + IPPROTO_TCP + bytes - header);
}

static struct craft segment(bool ipv6, uint8_t flags)
{
	return (struct craft){
	    .source = ipv6 ? "2001:db8:1::10" : "192.0.2.10",
	    .destination = ipv6 ? "2001:db8:2::2" : "198.51.100.2",
	    .protocol = IPPROTO_TCP,
	    .source_port = 4242,
	    .destination_port = 80,
	    .tcp_flags = flags,
	    .sequence = 0x12345678,
	    .window = 1000,
	};
}

static uint8_t *transport_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len + m->l3_len);
}

static void set_limits(uint16_t in, uint16_t out)
{
	clamped_ports[LAN].mss = in;
	clamped_ports[WAN].mss = out;
}

/* Passes a packet; the stage keeps it. */
static void pass(struct rte_mbuf *m)
{
	packet_meta(m)->in_port = LAN;
	packet_meta(m)->out_port = WAN;
	assert_int_equal(mss_clamp(&m, 1), 1);
}

/* Whether the packet is now `expected`. Frees it. */
static bool is_now(struct rte_mbuf *m, const uint8_t *expected, size_t bytes)
{
	bool same = m->pkt_len == bytes && memcmp(rte_pktmbuf_mtod(m, void *), expected, bytes) == 0;

	rte_pktmbuf_free(m);
	return same;
}

/* A row in one family, as one kind of segment. */
static bool row_holds(const struct row *row, bool ipv6, uint8_t flags, uint16_t payload)
{
	uint16_t less = ipv6 ? IPV6_EXTRA : 0;
	uint8_t frame[CRAFT_MAX];
	struct craft craft = segment(ipv6, flags);
	size_t bytes;
	struct rte_mbuf *m;

	craft.payload = payload;
	craft.option_bytes = row->bytes;
	memcpy(craft.options, row->options, row->bytes);
	if (row->at != NEVER)
		put16(craft.options + row->at, row->before - less);
	m = craft_packet(&craft);
	if (row->at != NEVER)
		put16(craft.options + row->at, row->after - less);
	bytes = craft_frame(&craft, frame);
	assert_int_equal(sum_of(frame, bytes, ipv6), 0xffff);
	set_limits(row->in, row->out);
	pass(m);
	return is_now(m, frame, bytes);
}

static void each_row(void **state)
{
	static const uint8_t kinds[] = {SYN, SYN | ACK, SYN | ECE | CWR, SYN | ACK | ECE};
	static const uint16_t payloads[] = {0, 1, 100};
	unsigned int failed = 0;

	(void)state;
	nf_host_start();
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		for (size_t j = 0; j < 2 * RTE_DIM(kinds) * RTE_DIM(payloads); j++)
			if (!row_holds(&rows[i], j & 1, kinds[j / 2 % RTE_DIM(kinds)],
				       payloads[j / 2 / RTE_DIM(kinds)])) {
				print_error("row failed: %s, IPv%d\n", rows[i].name, j & 1 ? 6 : 4);
				failed++;
			}
	assert_int_equal(failed, 0);
	assert_true(nf_host_settles());
}

/* A receiver may take the first or the last of several. */
static void each_of_several_is_lowered(void **state)
{
	static const uint8_t before[] = {2, 4, 5, 180, 1, 2, 4, 255, 255, 2, 4, 1, 0, 2, 4, 5, 181, 1, 1, 1},
			     after[] = {2, 4, 5, 80, 1, 2, 4, 5, 80, 2, 4, 1, 0, 2, 4, 5, 80, 1, 1, 1};
	struct craft craft = segment(false, SYN);
	uint8_t frame[CRAFT_MAX];
	struct rte_mbuf *m;

	(void)state;
	nf_host_start();
	set_limits(0, 1360);
	craft.option_bytes = sizeof(before);
	memcpy(craft.options, before, sizeof(before));
	m = craft_packet(&craft);
	memcpy(craft.options, after, sizeof(after));
	pass(m);
	assert_true(is_now(m, frame, craft_frame(&craft, frame)));
}

/* Every size against many limits, at even and odd offsets: the sum stays right, its carries included. */
static void checksums_of_every_size(void **state)
{
	static const uint16_t limits[] = {1, 21, 255, 256, 536, 1360, 0x7fff, 0x8000, 65534};

	(void)state;
	nf_host_start();
	for (uint32_t i = 0; i < 2 * RTE_DIM(limits); i++) {
		bool odd = i & 1;
		struct craft craft = segment(false, SYN);
		struct rte_mbuf *m;

		craft.source_port = 7 * i;
		craft.option_bytes = 8;
		memcpy(craft.options, odd ? "\1\2\4\0\0\1\1\1" : "\2\4\0\0\1\1\1\1", 8);
		m = craft_packet(&craft);
		set_limits(limits[i / 2], 0);
		for (uint32_t size = 0; size <= UINT16_MAX; size++) {
			uint8_t *tcp = transport_of(m), *frame = rte_pktmbuf_mtod(m, uint8_t *);

			put16(tcp + TCP_OPTIONS + 2 + odd, size);
			put16(tcp + TCP_CHECKSUM, 0);
			put16(tcp + TCP_CHECKSUM, ~sum_of(frame, m->pkt_len, false));
			pass(m);
			assert_int_equal(get16(tcp + TCP_OPTIONS + 2 + odd),
					 RTE_MIN(size, (uint32_t)limits[i / 2]));
			assert_int_equal(sum_of(frame, m->pkt_len, false), 0xffff);
		}
		rte_pktmbuf_free(m);
	}
}

static void with_mss(struct craft *craft, uint16_t size)
{
	craft->option_bytes = 4;
	memcpy(craft->options, (uint8_t[]){2, 4, size >> 8, size & 0xff}, 4);
}

/* A wrong checksum is wrong by as much as before: the receiver is to find it. */
static void a_wrong_checksum_stays_wrong(void **state)
{
	(void)state;
	nf_host_start();
	set_limits(0, 1360);
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		struct craft craft = segment(ipv6, SYN);
		uint16_t before;
		struct rte_mbuf *m;

		craft.bad_checksum = true;
		with_mss(&craft, 1460);
		m = craft_packet(&craft);
		before = sum_of(rte_pktmbuf_mtod(m, uint8_t *), m->pkt_len, ipv6);
		pass(m);
		assert_int_not_equal(before, 0xffff);
		assert_int_equal(sum_of(rte_pktmbuf_mtod(m, uint8_t *), m->pkt_len, ipv6), before);
		assert_int_equal(get16(transport_of(m) + TCP_OPTIONS + 2), ipv6 ? 1340 : 1360);
		rte_pktmbuf_free(m);
	}
}

/* A checksum that is finished below has the pseudo-header only, in which there is no option. */
static void an_unfinished_checksum_is_left_alone(void **state)
{
	static const uint64_t offloads[] = {
	    RTE_MBUF_F_TX_TCP_CKSUM, RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM, RTE_MBUF_F_TX_TCP_SEG};

	(void)state;
	nf_host_start();
	set_limits(0, 1360);
	for (size_t i = 0; i < RTE_DIM(offloads); i++) {
		struct craft craft = segment(false, SYN);
		struct rte_mbuf *m;

		with_mss(&craft, 1460);
		m = craft_packet(&craft);
		m->ol_flags |= offloads[i];
		put16(transport_of(m) + TCP_CHECKSUM, 0x1234);
		pass(m);
		assert_int_equal(get16(transport_of(m) + TCP_CHECKSUM), 0x1234);
		assert_int_equal(get16(transport_of(m) + TCP_OPTIONS + 2), 1360);
		rte_pktmbuf_free(m);
	}
}

/* Segments that open nothing, and fragments, whose options may be anything. */
static void other_packets_stay_as_they_are(void **state)
{
	(void)state;
	nf_host_start();
	set_limits(1000, 1360);
	for (uint32_t flags = 0; flags < 2 * 256; flags++) {
		struct craft craft = segment(flags & 1, flags / 2);
		uint8_t frame[CRAFT_MAX];
		struct rte_mbuf *m;

		craft.more_fragments = craft.tcp_flags & SYN;
		craft.payload = 8;
		with_mss(&craft, 1460);
		m = craft_packet(&craft);
		pass(m);
		assert_true(is_now(m, frame, craft_frame(&craft, frame)));
	}
}

/* A limit that IPv6's longer header eats up leaves a segment something to carry. */
static void the_smallest_limits(void **state)
{
	static const uint16_t limits[] = {1, 19, 20, 21, 22}, after[] = {1, 1, 1, 1, 2};

	(void)state;
	nf_host_start();
	for (size_t i = 0; i < RTE_DIM(limits); i++) {
		struct craft craft = segment(true, SYN);
		struct rte_mbuf *m;

		set_limits(limits[i], 0);
		with_mss(&craft, 1460);
		m = craft_packet(&craft);
		pass(m);
		assert_int_equal(get16(transport_of(m) + TCP_OPTIONS + 2), after[i]);
		rte_pktmbuf_free(m);
	}
}

/* What is for the appliance, or has no way, has the limit of the port that it came by. */
static void without_a_way_out(void **state)
{
	static const uint8_t ways[] = {PORT_SELF, PORT_NONE};

	(void)state;
	nf_host_start();
	set_limits(1300, 1);
	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		struct craft craft = segment(false, SYN);
		struct rte_mbuf *m;

		with_mss(&craft, 1460);
		m = craft_packet(&craft);
		packet_meta(m)->out_port = ways[i];
		assert_int_equal(mss_clamp(&m, 1), 1);
		assert_int_equal(get16(transport_of(m) + TCP_OPTIONS + 2), 1300);
		rte_pktmbuf_free(m);
	}
}

/* A header that is shorter than its options look: what is behind it is data. */
static void data_that_looks_like_options(void **state)
{
	static const uint8_t words[] = {5, 6, 7};

	(void)state;
	nf_host_start();
	set_limits(0, 1360);
	for (size_t i = 0; i < RTE_DIM(words); i++) {
		struct craft craft = segment(false, SYN);
		uint8_t frame[CRAFT_MAX];
		struct rte_mbuf *m;

		craft.option_bytes = 12;
		memcpy(craft.options, "\1\1\1\1\1\1\2\4\5\xb4\1\1", 12);
		m = craft_packet(&craft);
		transport_of(m)[12] = words[i] << 4;
		m->l4_len = 4 * words[i];
		memcpy(frame, rte_pktmbuf_mtod(m, void *), m->pkt_len);
		pass(m);
		assert_true(is_now(m, frame, m->pkt_len));
	}
}

/* Through the chain: both SYNs of a connection, and headers that say that they are shorter or longer than
 * they can be, which end before. */
static void through_the_chain(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		struct craft craft = segment(ipv6, SYN), answer = segment(ipv6, SYN | ACK);
		uint8_t frame[CRAFT_MAX];
		const uint8_t *sent;
		uint32_t bytes;
		size_t tcp = ETHERNET + (ipv6 ? 40 : 20);

		nf_host_start();
		set_limits(0, 1360);
		with_mss(&craft, 1460);
		memcpy(craft.mac, clamped_ports[LAN].mac, 6);
		nf_host_receive(LAN, frame, craft_frame(&craft, frame));
		answer.source = craft.destination;
		answer.destination = craft.source;
		answer.source_port = craft.destination_port;
		answer.destination_port = craft.source_port;
		answer.acknowledgement = craft.sequence + 1;
		with_mss(&answer, 8960);
		memcpy(answer.mac, clamped_ports[WAN].mac, 6);
		nf_host_receive(WAN, frame, craft_frame(&answer, frame));
		assert_int_equal(nf_host.sent_count, 2);
		for (uint32_t i = 0; i < 2; i++) {
			sent = nf_host_sent_bytes(i, &bytes);
			assert_int_equal(get16(sent + tcp + TCP_OPTIONS + 2), ipv6 ? 1340 : 1360);
			assert_int_equal(sum_of(sent, bytes, ipv6), 0xffff);
		}
		for (uint8_t words = 0; words < 16; words++) {
			size_t count = craft_frame(&craft, frame);

			frame[tcp + 12] = words << 4;
			nf_host_receive(LAN, frame, count);
		}
		assert_int_equal(stats.dropped[DROP_L4_TRUNCATED], 14); /* 5 and 6 fit */
		assert_true(nf_host_settles());
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row),
	    cmocka_unit_test(each_of_several_is_lowered),
	    cmocka_unit_test(checksums_of_every_size),
	    cmocka_unit_test(a_wrong_checksum_stays_wrong),
	    cmocka_unit_test(an_unfinished_checksum_is_left_alone),
	    cmocka_unit_test(other_packets_stay_as_they_are),
	    cmocka_unit_test(the_smallest_limits),
	    cmocka_unit_test(without_a_way_out),
	    cmocka_unit_test(data_that_looks_like_options),
	    cmocka_unit_test(through_the_chain),
	};

	return cmocka_run_group_tests_name("mss", tests, NULL, NULL);
}
