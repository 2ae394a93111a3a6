/* SPDX-License-Identifier: Apache-2.0
 *
 * Offloads: virtio headers that are right and wrong about frames, and what leaves a device that can do
 * nothing itself. Checksums and segments are checked by code that shares nothing with pktio/.
 */
#include "support/image_host.h"
#include <netinet/in.h>
#include <stdbool.h>
#include "pktio/offload.h"

enum { FRAME_ROOM = 65600, SENT_MAX = 600, MAC_BYTES = 12, TCP_BYTES = 20, UDP_BYTES = 8 };
enum { FIN = 1, PSH = 8, ACK = 16, CWR = 128 };

struct frame {
	uint8_t bytes[FRAME_ROOM];
	uint32_t length, l3, l4, payload; /* offsets, and bytes of payload */
	bool ipv6;
	uint8_t protocol;
};

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static uint32_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static uint32_t sum_of(const uint8_t *p, uint32_t length)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? p[i] << 8 : p[i];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Of the IP header at `ip` and a transport part of `length` bytes. */
static uint32_t pseudo_sum(const uint8_t *ip, bool ipv6, uint8_t protocol, uint32_t length)
{
	return (ipv6 ? sum_of(ip + 8, 32) : sum_of(ip + 12, 8)) + protocol + length;
}

static void frame_make(struct frame *f, bool ipv6, bool vlan, uint8_t protocol, uint32_t payload,
		       uint8_t flags)
{
	uint32_t l4_bytes = protocol == IPPROTO_TCP ? TCP_BYTES : UDP_BYTES, i;
	uint8_t *ip, *l4;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < MAC_BYTES; i++)
		f->bytes[i] = 2 + i;
	if (vlan)
		put16(f->bytes + MAC_BYTES, 0x8100);
	f->l3 = vlan ? 18 : 14;
	put16(f->bytes + f->l3 - 2, ipv6 ? 0x86dd : 0x0800);
	f->l4 = f->l3 + (ipv6 ? 40 : 20);
	f->ipv6 = ipv6;
	f->protocol = protocol;
	f->payload = payload;
	f->length = f->l4 + l4_bytes + payload;
	ip = f->bytes + f->l3;
	l4 = f->bytes + f->l4;
	ip[0] = ipv6 ? 0x60 : 0x45;
	ip[ipv6 ? 6 : 9] = protocol;
	put16(ip + (ipv6 ? 4 : 2), f->length - (ipv6 ? f->l4 : f->l3));
	for (i = 0; i < (ipv6 ? 32 : 8); i++)
		ip[(ipv6 ? 8 : 12) + i] = 10 + i * 3;
	if (!ipv6)
		put16(ip + 4, 0xfffe); /* identification: wraps */
	if (protocol == IPPROTO_TCP) {
		put16(l4 + 4, 0xffff);
		put16(l4 + 6, 0xff00); /* sequence number: wraps */
		l4[12] = 5 << 4;
		l4[13] = flags;
	} else {
		put16(l4 + 4, UDP_BYTES + payload);
	}
	for (i = 0; i < payload; i++)
		l4[l4_bytes + i] = i * 31 + (i >> 8);
	put16(l4 + (protocol == IPPROTO_TCP ? 16 : 6),
	      fold(pseudo_sum(ip, ipv6, protocol, f->length - f->l4)));
}

/* Changes to a good header for a TCP or UDP frame; -1: as it is. */
struct header_row {
	const char *name;
	bool ipv6, vlan;
	uint8_t protocol;
	uint32_t payload;
	int flags, gso_type, gso_size, csum_start, csum_offset;
	bool accepted;
	uint64_t ol_flags;
};

#define TCP4 (RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4)
#define TCP6 (RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV6)
#define UDP4 (RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4)
#define UDP6 (RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV6)
#define SEG  RTE_MBUF_F_TX_TCP_SEG
#define ROW  RTE_MBUF_F_TX_UDP_SEG

static const struct header_row header_rows[] = {
    {"nothing to do", 0, 0, IPPROTO_TCP, 10, 0, 0, 0, -1, -1, true, 0},
    {"checksum known good", 0, 0, IPPROTO_TCP, 10, 2, 0, 0, -1, -1, true, RTE_MBUF_F_RX_L4_CKSUM_GOOD},
    {"TCP checksum", 0, 0, IPPROTO_TCP, 10, 1, 0, 0, -1, -1, true, TCP4},
    {"TCP checksum, tagged", 0, 1, IPPROTO_TCP, 10, 1, 0, 0, -1, -1, true, TCP4},
    {"TCP checksum, IPv6", 1, 0, IPPROTO_TCP, 10, 1, 0, 0, -1, -1, true, TCP6},
    {"UDP checksum", 0, 0, IPPROTO_UDP, 10, 1, 0, 0, -1, -1, true, UDP4},
    {"super-frame", 0, 0, IPPROTO_TCP, 4000, 1, 1, 1448, -1, -1, true, TCP4 | SEG},
    {"super-frame, IPv6, tagged", 1, 1, IPPROTO_TCP, 4000, 1, 4, 1448, -1, -1, true, TCP6 | SEG},
    {"super-frame with ECN", 0, 0, IPPROTO_TCP, 4000, 1, 0x81, 1448, -1, -1, true, TCP4 | SEG},
    {"super-frame of one segment", 0, 0, IPPROTO_TCP, 1448, 1, 1, 1448, -1, -1, true, TCP4},
    {"row of datagrams", 0, 0, IPPROTO_UDP, 4000, 1, 5, 1448, -1, -1, true, UDP4 | ROW},
    {"row of datagrams, IPv6, tagged", 1, 1, IPPROTO_UDP, 4000, 1, 5, 1448, -1, -1, true, UDP6 | ROW},
    {"row of datagrams of one byte", 0, 0, IPPROTO_UDP, 4000, 1, 5, 1, -1, -1, true, UDP4 | ROW},
    {"row of one datagram", 0, 0, IPPROTO_UDP, 1448, 1, 5, 1448, -1, -1, true, UDP4},
    {"row of datagrams of nothing", 0, 0, IPPROTO_UDP, 4000, 1, 5, 0, -1, -1, false, 0},
    {"row of datagrams without a checksum", 0, 0, IPPROTO_UDP, 4000, 0, 5, 1448, -1, -1, false, 0},
    {"row of datagrams with ECN", 0, 0, IPPROTO_UDP, 4000, 1, 0x85, 1448, -1, -1, false, 0},
    {"row of datagrams that are TCP", 0, 0, IPPROTO_TCP, 4000, 1, 5, 1448, -1, -1, false, 0},
    {"checksum elsewhere: done at once", 0, 0, IPPROTO_TCP, 40, 1, 0, 0, 60, 2, true, 0},
    {"checksum in the frame's last bytes", 0, 0, IPPROTO_TCP, 40, 1, 0, 0, 60, 32, true, 0},
    {"checksum one byte behind the frame", 0, 0, IPPROTO_TCP, 40, 1, 0, 0, 60, 33, false, 0},
    {"checksum far behind the frame", 0, 0, IPPROTO_TCP, 40, 1, 0, 0, 65535, 65535, false, 0},
    {"checksum over the Ethernet header", 0, 0, IPPROTO_TCP, 40, 1, 0, 0, 0, 16, false, 0},
    {"segments without a checksum", 0, 0, IPPROTO_TCP, 4000, 0, 1, 1448, -1, -1, false, 0},
    {"segments of nothing", 0, 0, IPPROTO_TCP, 4000, 1, 1, 0, -1, -1, false, 0},
    {"segments of one byte", 0, 0, IPPROTO_TCP, 4000, 1, 1, 1, -1, -1, false, 0},
    {"segments of UDP", 0, 0, IPPROTO_UDP, 4000, 1, 1, 1448, -1, -1, false, 0},
    {"UDP fragmentation, not negotiated", 0, 0, IPPROTO_UDP, 4000, 1, 3, 1448, -1, -1, false, 0},
    {"IPv6 segments of IPv4", 0, 0, IPPROTO_TCP, 4000, 1, 4, 1448, -1, -1, false, 0},
    {"IPv4 segments of IPv6", 1, 0, IPPROTO_TCP, 4000, 1, 1, 1448, -1, -1, false, 0},
    {"segments of a kind nobody knows", 0, 0, IPPROTO_TCP, 4000, 1, 0x7f, 1448, -1, -1, false, 0},
    {"ECN alone", 0, 0, IPPROTO_TCP, 4000, 1, 0x80, 1448, -1, -1, false, 0},
    {"segments, checksum not TCP's", 0, 0, IPPROTO_TCP, 4000, 1, 1, 1448, 60, 2, false, 0},
};

static struct virtio_net_header row_header(const struct header_row *row, const struct frame *f)
{
	return (struct virtio_net_header){
	    .flags = row->flags,
	    .gso_type = row->gso_type,
	    .gso_size = row->gso_size,
	    .csum_start = row->csum_start < 0 ? f->l4 : (uint32_t)row->csum_start,
	    .csum_offset = row->csum_offset >= 0	  ? row->csum_offset
			   : row->protocol == IPPROTO_TCP ? 16
							  : 6,
	};
}

static void test_headers(void **state)
{
	static struct frame f;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(header_rows); i++) {
		const struct header_row *row = &header_rows[i];
		struct virtio_net_header header, back;
		struct rte_mbuf *m;

		print_message("  %s\n", row->name);
		frame_make(&f, row->ipv6, row->vlan, row->protocol, row->payload, ACK | CWR);
		header = row_header(row, &f);
		m = image_packet(f.bytes, f.length, 700);
		assert_int_equal(offload_from_header(m, &header), row->accepted);
		if (row->accepted)
			assert_int_equal(m->ol_flags, row->ol_flags);
		if (row->ol_flags & RTE_MBUF_F_TX_L4_MASK) {
			offload_to_header(m, &back);
			assert_int_equal(back.csum_start, header.csum_start);
			assert_int_equal(back.csum_offset, header.csum_offset);
			assert_int_equal(back.gso_size, row->ol_flags & SEG ? header.gso_size : 0);
			assert_int_equal(back.gso_type,
					 row->ol_flags & SEG ? header.gso_type | VIRTIO_NET_GSO_ECN : 0);
		}
		rte_pktmbuf_free(m);
	}
}

/* A header that is right about a frame, over the frame cut at every length: never a read outside
 * (AddressSanitizer), and never accepted when the checksum's place is cut off. */
static void test_truncated(void **state)
{
	static struct frame f;

	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		frame_make(&f, ipv6, false, IPPROTO_TCP, 200, ACK);
		for (uint32_t length = 1; length < f.length; length++) {
			const struct virtio_net_header header = {.flags = VIRTIO_NET_NEEDS_CSUM,
								 .gso_type = ipv6 ? 4 : 1,
								 .gso_size = 100,
								 .csum_start = f.l4,
								 .csum_offset = 16};
			uint8_t *exact = malloc(length);
			struct rte_mbuf *m;
			bool accepted;

			memcpy(exact, f.bytes, length);
			m = image_packet(exact, length, length % 3 == 0 ? 7 : 2000);
			accepted = offload_from_header(m, &header);
			assert_int_equal(accepted, length >= f.l4 + TCP_BYTES);
			rte_pktmbuf_free(m);
			free(exact);
		}
	}
}

/* A device that keeps copies of the frames that it is given, and has room for `room` at a time. */
static struct {
	uint16_t room;
	uint32_t count, bytes;
	uint32_t start[SENT_MAX + 1];
	uint8_t data[4 * FRAME_ROOM];
	uint64_t ol_flags[SENT_MAX];
} sent;

static uint16_t fake_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t taken = RTE_MIN(count, sent.room);

	(void)device;
	for (uint16_t i = 0; i < taken; i++) {
		assert_true(sent.count < SENT_MAX && sent.bytes + packets[i]->pkt_len <= sizeof(sent.data));
		assert_int_equal(rte_mbuf_check(packets[i], 1, &(const char *){0}), 0);
		for (struct rte_mbuf *m = packets[i]; m != NULL; m = m->next) {
			memcpy(sent.data + sent.bytes, rte_pktmbuf_mtod(m, void *), m->data_len);
			sent.bytes += m->data_len;
		}
		sent.ol_flags[sent.count] = packets[i]->ol_flags;
		sent.start[++sent.count] = sent.bytes;
		rte_pktmbuf_free(packets[i]);
	}
	sent.room -= taken;
	return taken;
}

static const struct device_driver fake_driver = {.name = "fake", .transmit = fake_transmit};

static void check_piece(const struct frame *f, uint32_t piece, uint32_t mss, uint32_t *payload, uint8_t flags)
{
	const uint8_t *bytes = sent.data + sent.start[piece], *ip = bytes + f->l3, *tcp = bytes + f->l4;
	uint32_t length = sent.start[piece + 1] - sent.start[piece], data = length - f->l4 - TCP_BYTES;
	bool last = *payload + data == f->payload;

	assert_true(data > 0 && (last ? data <= mss : data == mss));
	assert_memory_equal(bytes, f->bytes, f->l3);
	assert_int_equal(get16(ip + (f->ipv6 ? 4 : 2)), length - (f->ipv6 ? f->l4 : f->l3));
	if (!f->ipv6) {
		assert_int_equal(get16(ip + 4), (0xfffe + piece) & 0xffff);
		assert_int_equal(fold(sum_of(ip, 20)), 0xffff);
	}
	assert_int_equal(get32(tcp + 4), 0xffffff00 + *payload);
	assert_int_equal(tcp[13], flags & ~(last ? 0 : FIN | PSH) & ~(piece == 0 ? 0 : CWR));
	assert_int_equal(
	    fold(pseudo_sum(ip, f->ipv6, IPPROTO_TCP, length - f->l4) + sum_of(tcp, length - f->l4)), 0xffff);
	assert_memory_equal(tcp + TCP_BYTES, f->bytes + f->l4 + TCP_BYTES + *payload, data);
	*payload += data;
}

static struct rte_mbuf *super_frame(const struct frame *f, uint16_t mss, uint16_t segment)
{
	const struct virtio_net_header header = {.flags = VIRTIO_NET_NEEDS_CSUM,
						 .gso_type = f->ipv6 ? 4 : 1,
						 .gso_size = mss,
						 .csum_start = f->l4,
						 .csum_offset = 16};
	struct rte_mbuf *m = image_packet(f->bytes, f->length, segment);

	assert_true(offload_from_header(m, &header));
	return m;
}

static void cut_and_check(bool ipv6, bool vlan, uint32_t payload, uint16_t mss, uint16_t segment,
			  uint16_t room)
{
	struct device device = {.driver = &fake_driver, .index = 3};
	const uint8_t flags = FIN | PSH | ACK | CWR;
	static struct frame f;
	struct rte_mbuf *m;
	uint32_t seen = 0;

	print_message("  IPv%d%s: %u bytes in %u, mbufs of %u, room for %u\n", ipv6 ? 6 : 4,
		      vlan ? " tagged" : "", payload, mss, segment, room);
	frame_make(&f, ipv6, vlan, IPPROTO_TCP, payload, flags);
	m = super_frame(&f, mss, segment);
	memset(&sent, 0, sizeof(sent));
	sent.room = room;
	assert_int_equal(offload_transmit(&device, &m, 1), 1);
	for (int round = 0; round < SENT_MAX && !offload_flush(&device); round++)
		sent.room = room;
	assert_true(offload_flush(&device));
	for (uint32_t piece = 0; piece < sent.count; piece++)
		check_piece(&f, piece, mss, &seen, flags);
	assert_int_equal(seen, payload);
	assert_int_equal(stats.port[3].segmented, 1);
	assert_int_equal(stats.port[3].checksummed, sent.count);
	stats.port[3].segmented = stats.port[3].checksummed = 0;
}

static void test_cut(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		cut_and_check(ipv6, false, 4000, 1448, 2000, 100);
		cut_and_check(ipv6, true, 4344, 1448, 701, 1);
		cut_and_check(ipv6, false, 60000, 1448, 2048, 3);
		cut_and_check(ipv6, false, 65000, 536, 2047, 7);
		cut_and_check(ipv6, true, 1449, 1448, 33, 32);
		cut_and_check(ipv6, false, 97, 48, 3, 1);
	}
}

/* What can't be cut for want of buffers waits, keeps later packets behind it, and goes when there are some.
 */
static void test_cut_without_buffers(void **state)
{
	struct device device = {.driver = &fake_driver, .index = 1};
	struct rte_mbuf *hoard[IMAGE_BUFFERS], *m, *next;
	static struct frame f;
	uint32_t hoarded = 0;

	(void)state;
	frame_make(&f, true, false, IPPROTO_TCP, 4000, ACK);
	m = super_frame(&f, 1000, 2000);
	next = image_packet(f.bytes, 100, 100);
	while ((hoard[hoarded] = rte_pktmbuf_alloc(host_packet_pool)) != NULL)
		hoarded++;
	memset(&sent, 0, sizeof(sent));
	sent.room = 100;
	assert_int_equal(offload_transmit(&device, &m, 1), 1);
	assert_int_equal(offload_transmit(&device, &next, 1), 0);
	assert_int_equal(sent.count, 0);
	rte_pktmbuf_free_bulk(hoard, hoarded);
	assert_int_equal(offload_transmit(&device, &next, 1), 1);
	assert_int_equal(sent.count, 5);
	assert_int_equal(sent.start[5] - sent.start[4], 100);
}

static const struct {
	const char *name;
	bool ipv6;
	uint8_t flags;
	uint16_t offloads;
	bool whole;
} pass_rows[] = {
    {"all offloads", false, ACK, DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4, true},
    {"IPv6", true, ACK, DEVICE_TX_CHECKSUM | DEVICE_TX_TSO6, true},
    {"only the other family", true, ACK, DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4, false},
    {"segments without checksums", false, ACK, DEVICE_TX_TSO4, false},
    {"CWR, which the device would repeat", false, ACK | CWR, DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4, false},
    {"CWR, which the device knows", false, ACK | CWR, DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4 | DEVICE_TX_TSO_ECN,
     true},
};

static void test_pass_through(void **state)
{
	static struct frame f;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(pass_rows); i++) {
		struct device device = {.driver = &fake_driver, .offloads = pass_rows[i].offloads};
		struct rte_mbuf *m;

		print_message("  %s\n", pass_rows[i].name);
		frame_make(&f, pass_rows[i].ipv6, false, IPPROTO_TCP, 4000, pass_rows[i].flags);
		m = super_frame(&f, 1448, 2000);
		memset(&sent, 0, sizeof(sent));
		sent.room = 100;
		assert_int_equal(offload_transmit(&device, &m, 1), 1);
		assert_int_equal(sent.count, pass_rows[i].whole ? 1 : 3);
		if (pass_rows[i].whole) {
			assert_true(sent.ol_flags[0] & RTE_MBUF_F_TX_TCP_SEG);
			assert_memory_equal(sent.data, f.bytes, f.length);
		}
	}
}

/* What a sender calls a super-frame may be padding behind a short IP packet, which the chain cuts off. */
static void test_trimmed(void **state)
{
	static const uint32_t left[] = {0, 1, 1448};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(left) * 2; i++) {
		uint16_t offloads = i % 2 ? DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4 : 0;
		struct device device = {.driver = &fake_driver, .offloads = offloads};
		struct virtio_net_header header;
		static struct frame f;
		struct rte_mbuf *m;

		frame_make(&f, false, false, IPPROTO_TCP, 1500, ACK);
		m = super_frame(&f, 1448, 2000);
		rte_pktmbuf_trim(m, 1500 - left[i / 2]);
		m->l4_len = TCP_BYTES; /* as the chain reads it */
		offload_to_header(m, &header);
		assert_int_equal(header.gso_type, VIRTIO_NET_GSO_NONE);
		memset(&sent, 0, sizeof(sent));
		sent.room = 1;
		assert_int_equal(offload_transmit(&device, &m, 1), 1);
		assert_int_equal(sent.count, 1);
		assert_int_equal(sent.bytes, f.l4 + TCP_BYTES + left[i / 2]);
	}
}

/* Sums whose complement is 0 must be sent as 0xffff (RFC 768); odd lengths; a field that straddles two mbufs.
 */
static void test_checksum_in_software(void **state)
{
	struct device device = {.driver = &fake_driver};
	static struct frame f;

	(void)state;
	for (uint32_t payload = 0; payload < 40; payload++) {
		const struct virtio_net_header header = {.flags = 1, .csum_start = 34, .csum_offset = 6};
		struct rte_mbuf *m;
		uint8_t *udp;

		frame_make(&f, false, false, IPPROTO_UDP, payload, 0);
		if (payload >= 2) { /* makes the whole sum 0xffff */
			uint8_t *last = f.bytes + f.l4 + UDP_BYTES;

			put16(last, 0);
			put16(last, 0xffff ^ fold(sum_of(f.bytes + f.l4, f.length - f.l4)));
		}
		m = image_packet(f.bytes, f.length, payload % 2 ? 2000 : 41);
		assert_true(offload_from_header(m, &header));
		memset(&sent, 0, sizeof(sent));
		sent.room = 1;
		assert_int_equal(offload_transmit(&device, &m, 1), 1);
		udp = sent.data + f.l4;
		assert_int_not_equal(get16(udp + 6), 0);
		assert_int_equal(fold(pseudo_sum(sent.data + f.l3, false, IPPROTO_UDP, f.length - f.l4) +
				      sum_of(udp, f.length - f.l4)),
				 0xffff);
		if (payload >= 2)
			assert_int_equal(get16(udp + 6), 0xffff);
	}
}

static int set_up(void **state)
{
	int error = image_pools(state);

	offload_init(host_packet_pool, host_indirect_pool);
	return error;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, image_begin, image_balanced)
	const struct CMUnitTest tests[] = {
	    TEST(test_headers),	     TEST(test_truncated),
	    TEST(test_cut),	     TEST(test_cut_without_buffers),
	    TEST(test_pass_through), TEST(test_checksum_in_software),
	    TEST(test_trimmed),
	};

	return cmocka_run_group_tests_name("offload", tests, set_up, image_pools_free);
}
