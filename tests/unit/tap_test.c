/* SPDX-License-Identifier: Apache-2.0
 *
 * The tap driver against Linux's own tap interfaces, in a user and a network namespace that this program
 * makes:
 *
 *     driver --- /dev/net/tun --- interface weir0 --- packet socket (with PACKET_VNET_HDR), the far end
 *
 * The packet socket speaks struct virtio_net_hdr too, so checksums and super-frames are seen as Linux sees
 * them.
 */
#include "support/image_host.h"
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "pktio/linux/chain.h"
#include "pktio/linux/tap.h"
#include "pktio/offload.h"

#define INTERFACE "weir0"

enum {
	ETHER_TYPE_TEST = 0x88b5, /* for local experiments (IEEE 802, section 9.2.3) */
	HEADERS = 54,
	SEGMENT = 1000,
	GSO_UDP_L4 = 5, /* VIRTIO_NET_HDR_GSO_UDP_L4, which Debian 12's headers lack */
	WAIT_MS = 2000,
	ROOM = FRAME_MAX + 64
};

static char skip_reason[600];
static int far_end = -1;
static struct device device;
static uint8_t sent[ROOM], seen[ROOM];

static bool cannot(const char *what)
{
	snprintf(skip_reason, sizeof(skip_reason), "%s: %s", what, strerror(errno));
	return true;
}

static int set_up(bool up)
{
	struct ifreq request = {.ifr_name = INTERFACE, .ifr_flags = up ? IFF_UP : 0};
	int control = socket(AF_INET, SOCK_DGRAM, 0), result = ioctl(control, SIOCSIFFLAGS, &request);

	close(control);
	return result;
}

/* Not on a machine without /dev/net/tun or user namespaces: then all tests are skipped. */
static bool is_impossible(void)
{
	const int on = 1;
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return cannot("no user and network namespace");
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return cannot("/dev/net/tun");
	device = (struct device){.mtu = 1500, .pool = host_packet_pool};
	if (tap_device_open(&device, INTERFACE) != 0) {
		snprintf(skip_reason, sizeof(skip_reason), "%s", last_line);
		return true;
	}
	far_end = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	address.sll_ifindex = if_nametoindex(INTERFACE);
	if (far_end < 0 || setsockopt(far_end, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0)
		return cannot("packet socket");
	/* A socket bound to an interface that is down has an error waiting. */
	return (set_up(true) < 0 || bind(far_end, (void *)&address, sizeof(address)) < 0) &&
	       cannot(INTERFACE);
}

static int group_begin(void **state)
{
	if (image_pools(state))
		return -1;
	if (is_impossible())
		printf("# %s\n", skip_reason);
	return 0;
}

static int group_end(void **state)
{
	close(far_end);
	if (device.state)
		tap_device_close(&device);
	return image_balanced(state) || image_pools_free(state);
}

#define NEEDS_TAP() \
	do { \
		if (skip_reason[0]) \
			skip(); \
	} while (0)

static void fill(uint8_t *frame, uint32_t length, uint16_t type)
{
	for (uint32_t i = 0; i < length; i++)
		frame[i] = i * 7 + (i >> 8);
	memcpy(frame, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	frame[12] = type >> 8;
	frame[13] = type & 0xff;
}

/* Ethernet and IPv4 for so many bytes of transport, which are noise. Returns the IPv4 header. */
static struct rte_ipv4_hdr *fill_ipv4(uint8_t *frame, uint8_t protocol, uint16_t identification,
				      uint32_t bytes)
{
	struct rte_ipv4_hdr *ip = (void *)(frame + 14);

	fill(frame, 14 + sizeof(*ip) + bytes, RTE_ETHER_TYPE_IPV4);
	*ip = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
				    .total_length = htons(sizeof(*ip) + bytes),
				    .packet_id = htons(identification),
				    .time_to_live = 9,
				    .next_proto_id = protocol,
				    .src_addr = htonl(0x0a000001),
				    .dst_addr = htonl(0x0a000002)};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return ip;
}

/* A TCP segment in an IPv4 packet, its checksum still to be done. Returns the frame's length. */
static uint32_t fill_tcp(uint8_t *frame, uint32_t payload)
{
	struct rte_ipv4_hdr *ip = fill_ipv4(frame, IPPROTO_TCP, 0, sizeof(struct rte_tcp_hdr) + payload);
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);

	*tcp = (struct rte_tcp_hdr){
	    .src_port = htons(1), .dst_port = htons(2), .data_off = 5 << 4, .tcp_flags = RTE_TCP_ACK_FLAG};
	tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
	return HEADERS + payload;
}

static const struct virtio_net_hdr plain;
static const struct virtio_net_hdr checksum = {
    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16};
static const struct virtio_net_hdr super = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					    .csum_start = 34,
					    .csum_offset = 16,
					    .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					    .gso_size = SEGMENT,
					    .hdr_len = HEADERS};

static void far_send(const struct virtio_net_hdr *header, uint32_t length)
{
	struct iovec parts[] = {{(void *)header, sizeof(*header)}, {sent, length}};

	assert_int_equal(writev(far_end, parts, 2), sizeof(*header) + length);
}

/* The next frame of ours that the driver sent; the kernel's own are passed over. */
static uint32_t far_receive(struct virtio_net_hdr *header)
{
	for (;;) {
		struct pollfd readable = {.fd = far_end, .events = POLLIN};
		struct iovec parts[] = {{header, sizeof(*header)}, {seen, sizeof(seen)}};
		struct sockaddr_ll from;
		struct msghdr message = {
		    .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = parts, .msg_iovlen = 2};
		ssize_t length;

		assert_int_equal(poll(&readable, 1, WAIT_MS), 1);
		length = recvmsg(far_end, &message, 0);
		if (length > 0 && from.sll_pkttype != PACKET_OUTGOING)
			return length - sizeof(*header);
	}
}

static bool is_ours(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const uint8_t *)[11] == 2 && rte_pktmbuf_mtod(m, const uint8_t *)[0] == 2;
}

/* The next frame of ours at the driver, or NULL; the kernel's own (it looks for IPv6 routers) are passed
 * over. */
static struct rte_mbuf *receive(void)
{
	struct rte_mbuf *ours = NULL, *packets[1];

	while (!ours && device.driver->receive(&device, packets, 1)) {
		if (is_ours(packets[0]))
			ours = packets[0];
		else
			rte_pktmbuf_free(packets[0]);
	}
	return ours;
}

static void check_frame(struct rte_mbuf *m, uint32_t length)
{
	assert_non_null(m);
	assert_int_equal(m->pkt_len, length);
	rte_mbuf_sanity_check(m, 1);
	assert_memory_equal(rte_pktmbuf_read(m, 0, length, seen), sent, length);
}

static void frames_in(void **state)
{
	static const uint32_t lengths[] = {14, 15, 60, 1514};

	(void)state;
	NEEDS_TAP();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct rte_mbuf *m;

		fill(sent, lengths[i], ETHER_TYPE_TEST);
		far_send(&plain, lengths[i]);
		m = receive();
		check_frame(m, lengths[i]);
		assert_int_equal(m->port, 0);
		assert_true((m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)) == 0);
		rte_pktmbuf_free(m);
	}
	assert_null(receive());
}

static void transmit(struct rte_mbuf *m)
{
	assert_int_equal(device.driver->transmit(&device, &m, 1), 1);
}

static void frames_out(void **state)
{
	static const uint16_t segments[] = {1514, 100, 24};
	struct virtio_net_hdr header;

	(void)state;
	NEEDS_TAP();
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		fill(sent, 1514, ETHER_TYPE_TEST);
		transmit(image_packet(sent, 1514, segments[i]));
		assert_int_equal(far_receive(&header), 1514);
		assert_memory_equal(seen, sent, 1514);
		assert_int_equal(header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM, 0);
		assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	}
	assert_int_equal(stats.port[0].device_errors, 0);
	transmit(image_packet(sent, 1514, 20)); /* more segments than it hands on: lost, and counted */
	assert_int_equal(stats.port[0].device_errors, 1);
}

static void open_checksum_in(void **state)
{
	struct rte_mbuf *m;
	uint32_t length = fill_tcp(sent, 100);

	(void)state;
	NEEDS_TAP();
	far_send(&checksum, length);
	m = receive();
	check_frame(m, length);
	assert_true((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM);
	assert_int_equal(m->l2_len + m->l3_len, 34);
	rte_pktmbuf_free(m);
}

/* The last is the longest that Linux doesn't cut itself: its limit counts the Ethernet header too. */
static void super_frames_in(void **state)
{
	static const uint32_t payloads[] = {1001, 60000, UINT16_MAX - HEADERS};

	(void)state;
	NEEDS_TAP();
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		uint32_t length = fill_tcp(sent, payloads[i]);
		struct rte_mbuf *m;

		far_send(&super, length);
		m = receive();
		check_frame(m, length);
		assert_true(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
		assert_int_equal(m->tso_segsz, SEGMENT);
		assert_int_equal(m->l4_len, 20);
		rte_pktmbuf_free(m);
	}
}

static struct rte_mbuf *wish(uint32_t length, uint64_t flags)
{
	struct rte_mbuf *m = image_packet(sent, length, 1900);

	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM | flags;
	m->l2_len = 14;
	m->l3_len = m->l4_len = 20;
	m->tso_segsz = SEGMENT;
	return m;
}

static void offloads_out(void **state)
{
	struct virtio_net_hdr header;
	uint32_t length;

	(void)state;
	NEEDS_TAP();
	length = fill_tcp(sent, 100);
	transmit(wish(length, 0));
	assert_int_equal(far_receive(&header), length);
	assert_memory_equal(seen, sent, length);
	assert_int_equal(header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(header.csum_start, 34);
	assert_int_equal(header.csum_offset, 16);
	length = fill_tcp(sent, 60000);
	transmit(wish(length, RTE_MBUF_F_TX_TCP_SEG));
	assert_int_equal(far_receive(&header), length);
	assert_memory_equal(seen, sent, length);
	assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(header.gso_size, SEGMENT);
}

enum { ROW = 5, ROW_LAST = 300, UDP_HEADERS = 42 };

static const struct virtio_net_hdr row = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					  .csum_start = 34,
					  .csum_offset = 6,
					  .gso_type = GSO_UDP_L4,
					  .gso_size = SEGMENT,
					  .hdr_len = UDP_HEADERS};

/* A datagram in an IPv4 packet with that identification, its checksum still to be done. Returns the frame's
 * length. */
static uint32_t fill_udp(uint8_t *frame, uint16_t identification, uint32_t payload)
{
	struct rte_ipv4_hdr *ip =
	    fill_ipv4(frame, IPPROTO_UDP, identification, sizeof(struct rte_udp_hdr) + payload);
	struct rte_udp_hdr *udp = (void *)(ip + 1);

	*udp =
	    (struct rte_udp_hdr){.src_port = htons(1), .dst_port = htons(2), .dgram_len = htons(8 + payload)};
	udp->dgram_cksum = rte_ipv4_phdr_cksum(ip, 0);
	return UDP_HEADERS + payload;
}

/* Whether the kernel has UDP segmentation for tap interfaces. */
static bool knows_rows(void)
{
	struct utsname kernel;
	int major = 0, minor = 0;

	return uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 2));
}

#define NEEDS_ROWS() \
	do { \
		NEEDS_TAP(); \
		if (!knows_rows()) { \
			printf("# Linux before 6.2 has no UDP segmentation for tap interfaces\n"); \
			skip(); \
		} \
	} while (0)

/* Takes datagram `number` of the row that the far end sent. */
static void check_datagram(struct rte_mbuf *m, uint32_t number, uint32_t payload)
{
	static uint8_t whole[UDP_HEADERS + SEGMENT];
	uint32_t length = fill_udp(whole, 7 + number, payload);

	assert_non_null(m);
	assert_int_equal(m->pkt_len, length);
	assert_int_equal(m->nb_segs, 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), whole, UDP_HEADERS);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, void *, UDP_HEADERS),
			    sent + UDP_HEADERS + number * SEGMENT, payload);
	assert_true((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM);
	rte_pktmbuf_free(m);
}

/* A row of datagrams arrives as datagrams, as many as are asked for at a time. */
static void rows_in(void **state)
{
	struct rte_mbuf *packets[ROW];

	(void)state;
	NEEDS_ROWS();
	assert_null(receive());
	far_send(&row, fill_udp(sent, 7, (ROW - 1) * SEGMENT + ROW_LAST));
	for (uint32_t i = 0; i < 2; i++)
		check_datagram(receive(), i, SEGMENT);
	assert_true(device.driver->arm(&device)); /* there is more */
	assert_int_equal(device.driver->receive(&device, packets, ROW), ROW - 2);
	for (uint32_t i = 2; i < ROW; i++)
		check_datagram(packets[i - 2], i, i + 1 == ROW ? ROW_LAST : SEGMENT);
	assert_null(receive());
	assert_int_equal(stats.port[0].device_errors, 0);
}

/* What of a row finds no buffer waits for one. */
static void rows_in_without_buffers(void **state)
{
	struct rte_mbuf *taken[IMAGE_BUFFERS];
	unsigned int left;

	(void)state;
	NEEDS_ROWS();
	far_send(&row, fill_udp(sent, 7, (ROW - 1) * SEGMENT + ROW_LAST));
	check_datagram(receive(), 0, SEGMENT);
	left = rte_mempool_avail_count(host_packet_pool);
	assert_int_equal(rte_pktmbuf_alloc_bulk(host_packet_pool, taken, left), 0);
	assert_null(receive());
	assert_int_equal(stats.port[0].rx_no_buffer, 1);
	rte_pktmbuf_free_bulk(taken, left);
	for (uint32_t i = 1; i < ROW; i++)
		check_datagram(receive(), i, i + 1 == ROW ? ROW_LAST : SEGMENT);
}

/* Datagrams of a row leave together, and what else there is leaves before and behind it. */
static void rows_out(void **state)
{
	struct rte_mbuf *packets[ROW + 2];
	struct virtio_net_hdr header;

	(void)state;
	NEEDS_ROWS();
	for (uint16_t i = 0; i < ROW + 2; i++) {
		uint32_t length = fill_udp(sent, i == 0 ? 99 : 7 + i, i == ROW ? ROW_LAST : SEGMENT);

		packets[i] = image_packet(sent, length, length);
		packets[i]->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		packets[i]->l2_len = 14;
		packets[i]->l3_len = 20;
	}
	assert_int_equal(device.driver->transmit(&device, packets, ROW + 2), ROW + 2);
	assert_int_equal(far_receive(&header), UDP_HEADERS + SEGMENT);
	assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(far_receive(&header), UDP_HEADERS + (ROW - 1) * SEGMENT + ROW_LAST);
	assert_int_equal(header.gso_type, GSO_UDP_L4);
	assert_int_equal(header.gso_size, SEGMENT);
	for (uint32_t i = 0; i < ROW; i++)
		assert_memory_equal(seen + UDP_HEADERS + i * SEGMENT, sent + UDP_HEADERS,
				    i + 1 == ROW ? ROW_LAST : SEGMENT);
	assert_int_equal(far_receive(&header), UDP_HEADERS + SEGMENT);
	assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(stats.port[0].device_errors, 0);
}

/* Frames wait in the interface as long as there is no buffer, and none is cut. */
static void no_buffers(void **state)
{
	struct rte_mbuf *taken[IMAGE_BUFFERS], *m;
	uint32_t length = fill_tcp(sent, 60000);
	unsigned int left;

	(void)state;
	NEEDS_TAP();
	far_send(&super, length);
	left = rte_mempool_avail_count(host_packet_pool);
	assert_int_equal(rte_pktmbuf_alloc_bulk(host_packet_pool, taken, left), 0);
	for (unsigned int free_ones = 0; free_ones < 3; free_ones++) {
		assert_null(receive());
		assert_int_equal(stats.port[0].rx_no_buffer, free_ones + 1);
		rte_pktmbuf_free(taken[--left]);
	}
	rte_pktmbuf_free_bulk(taken, left);
	m = receive();
	check_frame(m, length);
	rte_pktmbuf_free(m);
	assert_int_equal(stats.port[0].device_errors, 0);
}

static void link_follows_the_interface(void **state)
{
	struct virtio_net_hdr header;

	(void)state;
	NEEDS_TAP();
	assert_true(device.driver->link(&device));
	assert_int_equal(set_up(false), 0);
	assert_false(device.driver->link(&device));
	fill(sent, 60, ETHER_TYPE_TEST);
	transmit(image_packet(sent, 60, 60)); /* taken, and lost: the caller asks for the link first */
	assert_int_equal(stats.port[0].device_errors, 1);
	assert_null(receive());
	assert_int_equal(set_up(true), 0);
	assert_true(device.driver->link(&device));
	transmit(image_packet(sent, 60, 60));
	assert_int_equal(far_receive(&header), 60);
}

static void arming_sees_a_frame(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	NEEDS_TAP();
	while ((m = receive()))
		rte_pktmbuf_free(m);
	fill(sent, 60, ETHER_TYPE_TEST);
	far_send(&plain, 60);
	assert_true(device.driver->arm(&device));
	m = receive();
	check_frame(m, 60);
	rte_pktmbuf_free(m);
}

static void names_that_cannot_be(void **state)
{
	static const char *const names[] = {"a/b", "sixteen-letters!",
					    "a-name-that-is-much-too-long-for-linux"};

	(void)state;
	NEEDS_TAP();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct device other = {.pool = host_packet_pool};

		last_line[0] = '\0';
		assert_true(tap_device_open(&other, names[i]) < 0);
		assert_non_null(strstr(last_line, names[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(frames_in, image_begin),
	    cmocka_unit_test_setup(frames_out, image_begin),
	    cmocka_unit_test_setup(open_checksum_in, image_begin),
	    cmocka_unit_test_setup(super_frames_in, image_begin),
	    cmocka_unit_test_setup(offloads_out, image_begin),
	    cmocka_unit_test_setup(rows_in, image_begin),
	    cmocka_unit_test_setup(rows_in_without_buffers, image_begin),
	    cmocka_unit_test_setup(rows_out, image_begin),
	    cmocka_unit_test_setup(no_buffers, image_begin),
	    cmocka_unit_test_setup(link_follows_the_interface, image_begin),
	    cmocka_unit_test_setup(arming_sees_a_frame, image_begin),
	    cmocka_unit_test_setup(names_that_cannot_be, image_begin),
	};

	return cmocka_run_group_tests_name("tap", tests, group_begin, group_end);
}
