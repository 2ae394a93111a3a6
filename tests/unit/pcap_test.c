/* SPDX-License-Identifier: Apache-2.0
 *
 * Capture files as devices: both byte orders, both precisions, damaged files; and what is written is what
 * libpcap writes.
 */
#include "support/image_host.h"
#include <byteswap.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <pcap/pcap.h>
#include "pktio/linux/pcap.h"
#include "pktio/replay.h"

enum { FILE_ROOM = 200000, FRAMES = 8 };

static const uint32_t lengths[FRAMES] = {60, 1, 1514, 0, 9018, 2048, 65536, 64};
static uint8_t content[70000];
static char in_path[] = "/tmp/pcap_test.XXXXXX", out_path[] = "/tmp/pcap_test.XXXXXX";

static uint32_t order(bool swapped, uint32_t value)
{
	return swapped ? bswap_32(value) : value;
}

static void file_header(FILE *file, bool swapped, bool nanoseconds, uint32_t link_type)
{
	const uint32_t words[6] = {order(swapped, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
				   swapped ? 0x02000400 : 0x00040002,
				   0,
				   0,
				   order(swapped, 65536),
				   order(swapped, link_type)};

	fwrite(words, sizeof(words), 1, file);
}

static void record(FILE *file, bool swapped, uint32_t seconds, uint32_t fraction, uint32_t length,
		   uint32_t bytes)
{
	const uint32_t words[4] = {order(swapped, seconds), order(swapped, fraction), order(swapped, length),
				   order(swapped, length)};

	fwrite(words, sizeof(words), 1, file);
	fwrite(content, bytes, 1, file);
}

static struct device opened(const char *out, int expected)
{
	struct device device = {.pool = host_packet_pool, .index = 2};

	assert_int_equal(pcap_device_open(&device, in_path, out), expected);
	return device;
}

/* Takes a frame and checks its header. */
static void expect_frame(struct device *device, uint32_t flags, uint64_t time_ns, uint32_t length)
{
	struct rte_mbuf *m = NULL;
	const struct replay_header *header;
	uint8_t *copy = malloc(length + 1);

	assert_int_equal(device->driver->receive(device, &m, 1), 1);
	header = rte_pktmbuf_mtod(m, struct replay_header *);
	assert_int_equal(header->magic, REPLAY_MAGIC);
	assert_int_equal(header->flags, flags);
	assert_int_equal(header->time_ns, time_ns);
	assert_int_equal(m->pkt_len, sizeof(*header) + length);
	assert_int_equal(m->port, 2);
	if (length > 0)
		assert_memory_equal(rte_pktmbuf_read(m, sizeof(*header), length, copy), content, length);
	free(copy);
	rte_pktmbuf_free(m);
}

static void test_formats(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		bool swapped = kind & 1, nanoseconds = kind & 2;
		FILE *file = fopen(in_path, "wb");
		struct rte_mbuf *none;
		struct device device;

		file_header(file, swapped, nanoseconds, 1);
		for (uint32_t i = 0; i < FRAMES; i++)
			record(file, swapped, 0xfffffff0 + i, 123456, lengths[i], lengths[i]);
		fclose(file);
		device = opened(NULL, 0);
		for (uint32_t i = 0; i < FRAMES; i++)
			expect_frame(&device, 0,
				     (0xfffffff0 + (uint64_t)i) * 1000000000 +
					 123456 * (nanoseconds ? 1 : 1000),
				     lengths[i]);
		expect_frame(&device, REPLAY_END, 0, 0);
		assert_int_equal(device.driver->receive(&device, &none, 1), 0);
		assert_int_equal(pcap_device_close(&device), 0);
	}
}

static const struct {
	const char *name;
	uint32_t fraction, length, bytes; /* of the second record; bytes: how many of the frame are there */
	const char *line;
	uint32_t errors;
	bool goes_on;
} bad_records[] = {
    {"frame too long", 0, 65537, 65537, "", 1, true},
    {"frame far too long, not there", 0, 1 << 20, 100, "breaks off in a frame", 1, false},
    {"length beyond reason", 0, UINT32_MAX, 100, "damaged", 0, false},
    {"two seconds of microseconds", 2000000, 60, 60, "damaged", 0, false},
    {"breaks off in the frame", 0, 3000, 2999, "breaks off in a frame", 0, false},
};

static void test_bad_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad_records); i++) {
		FILE *file = fopen(in_path, "wb");
		struct device device;

		print_message("  %s\n", bad_records[i].name);
		image_begin(NULL);
		file_header(file, false, false, 1);
		record(file, false, 1, 0, 60, 60);
		record(file, false, 2, bad_records[i].fraction, bad_records[i].length, bad_records[i].bytes);
		if (bad_records[i].goes_on)
			record(file, false, 3, 0, 70, 70);
		fclose(file);
		device = opened(NULL, 0);
		expect_frame(&device, 0, 1000000000, 60);
		if (bad_records[i].goes_on)
			expect_frame(&device, 0, 3000000000, 70);
		expect_frame(&device, REPLAY_END, 0, 0);
		assert_non_null(strstr(last_line, bad_records[i].line));
		assert_int_equal(stats.port[2].device_errors, bad_records[i].errors);
		pcap_device_close(&device);
	}
}

/* A file cut at every length: refused, or all frames that are whole and then the end. */
static void test_truncated(void **state)
{
	FILE *file = fopen(in_path, "wb");

	(void)state;
	file_header(file, false, true, 1);
	record(file, false, 1, 0, 20, 20);
	record(file, false, 2, 0, 20, 20);
	fclose(file);
	for (int length = 24 + 2 * 36; length >= 0; length--) {
		struct device device;

		assert_int_equal(truncate(in_path, length), 0);
		device = opened(NULL, length < 24 ? -EINVAL : 0);
		if (length < 24)
			continue;
		for (int i = 0; i < (length - 24) / 36; i++)
			expect_frame(&device, 0, (i + 1) * UINT64_C(1000000000), 20);
		expect_frame(&device, REPLAY_END, 0, 0);
		pcap_device_close(&device);
	}
}

static void test_refused(void **state)
{
	struct device device = {.pool = host_packet_pool};
	FILE *file = fopen(in_path, "wb");

	(void)state;
	file_header(file, false, true, 113); /* Linux cooked capture */
	fclose(file);
	opened(NULL, -EINVAL);
	assert_non_null(strstr(last_line, "link type 113"));
	file = fopen(in_path, "wb");
	fwrite("\x0a\x0d\x0d\x0a and some more of a pcapng file", 1, 30, file);
	fclose(file);
	opened(NULL, -EINVAL);
	assert_non_null(strstr(last_line, "not a classic pcap file"));
	assert_int_equal(pcap_device_open(&device, "/nonexistent/capture", NULL), -ENOENT);
	assert_non_null(strstr(last_line, "No such file"));
}

static void write_by_libpcap(const char *path)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65536, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, path);

	for (uint32_t i = 0; i < FRAMES; i++) {
		const struct pcap_pkthdr header = {{1700000000 + i, 999999999 - i}, lengths[i], lengths[i]};

		pcap_dump((u_char *)dumper, &header, content);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
}

static size_t slurp(const char *path, uint8_t *room)
{
	FILE *file = fopen(path, "rb");
	size_t bytes = fread(room, 1, FILE_ROOM, file);

	fclose(file);
	return bytes;
}

static void test_written_as_libpcap_does(void **state)
{
	static uint8_t ours[FILE_ROOM], theirs[FILE_ROOM];
	struct rte_mbuf *m;
	struct device device;
	size_t bytes;

	(void)state;
	write_by_libpcap(in_path);
	device = opened(out_path, 0);
	for (uint32_t i = 0; i <= FRAMES; i++) { /* the end is not written */
		assert_int_equal(device.driver->receive(&device, &m, 1), 1);
		assert_int_equal(device.driver->transmit(&device, &m, 1), 1);
	}
	assert_int_equal(pcap_device_close(&device), 0);
	bytes = slurp(in_path, theirs);
	assert_int_equal(slurp(out_path, ours), bytes);
	assert_memory_equal(ours, theirs, bytes);
}

static int set_up(void **state)
{
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = i * 13 + (i >> 8);
	close(mkstemp(in_path));
	close(mkstemp(out_path));
	return image_pools(state);
}

static int tear_down(void **state)
{
	unlink(in_path);
	unlink(out_path);
	return image_pools_free(state);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, image_begin, image_balanced)
	const struct CMUnitTest tests[] = {
	    TEST(test_formats),
	    TEST(test_bad_records),
	    TEST(test_truncated),
	    TEST(test_refused),
	    TEST(test_written_as_libpcap_does),
	};

	return cmocka_run_group_tests_name("pcap", tests, set_up, tear_down);
}
