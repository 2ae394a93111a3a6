/* SPDX-License-Identifier: Apache-2.0
 *
 * Replay: the order and the grouping of bursts must not depend on when frames arrive; what is sent carries
 * the clock; frames without a proper header are refused.
 */
#include "support/image_host.h"
#include <stdbool.h>
#include <stdlib.h>
#include "pktio/device.h"
#include "pktio/replay.h"

enum { DEVICES = 3, FRAMES_MAX = 200, BURSTS_MAX = 2 * FRAMES_MAX, BURST = 32 };

/* A device that has frames with these times to give, `chance` of them in 100 polls; and keeps what it is
 * sent. */
static struct source {
	uint64_t times[FRAMES_MAX];
	uint32_t frames, given, polls;
	uint32_t chance;
	uint16_t room; /* packets it takes in one call */
	uint32_t refusals, sent;
	struct replay_header sent_header[FRAMES_MAX];
	uint32_t sent_bytes[FRAMES_MAX];
	uint32_t undrained;
} sources[DEVICES];
static struct device fakes[DEVICES];
static unsigned int pattern;

static struct rte_mbuf *framed(uint32_t magic, uint32_t flags, uint64_t time_ns, uint32_t number)
{
	const struct {
		struct replay_header header;
		uint32_t number, device;
	} frame = {{magic, flags, time_ns}, number, 0};

	return image_packet(&frame, flags & REPLAY_END ? sizeof(frame.header) : sizeof(frame), sizeof(frame));
}

static uint16_t fake_receive(struct device *device, struct rte_mbuf **packets, uint16_t max)
{
	struct source *source = &sources[device->index];
	uint16_t count = 0;

	while (count < max && source->given <= source->frames &&
	       rand_r(&pattern) % 100 < (int)source->chance) {
		bool end = source->given == source->frames;

		packets[count++] = framed(REPLAY_MAGIC, end ? REPLAY_END : 0,
					  end ? 0 : source->times[source->given], source->given);
		source->given++;
	}
	return count;
}

static uint16_t fake_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	struct source *source = &sources[device->index];
	uint16_t taken = RTE_MIN(count, source->room);

	if (source->refusals > 0) {
		source->refusals--;
		return 0;
	}
	for (uint16_t i = 0; i < taken; i++) {
		struct replay_header buffer;

		assert_true(source->sent < FRAMES_MAX);
		source->sent_header[source->sent] =
		    *(const struct replay_header *)rte_pktmbuf_read(packets[i], 0, sizeof(buffer), &buffer);
		source->sent_bytes[source->sent++] = packets[i]->pkt_len - sizeof(buffer);
		rte_pktmbuf_free(packets[i]);
	}
	source->refusals = 3;
	return taken;
}

static bool fake_drain(struct device *device)
{
	struct source *source = &sources[device->index];

	return source->undrained == 0 || --source->undrained == 0;
}

static const struct device_driver fake_driver = {
    .name = "fake", .receive = fake_receive, .transmit = fake_transmit, .drain = fake_drain};

static void fakes_start(void)
{
	for (uint16_t i = 0; i < DEVICES; i++) {
		sources[i].given = sources[i].sent = 0;
		sources[i].room = 5;
		fakes[i] =
		    (struct device){.index = i, .driver = &fake_driver, .offloads = DEVICE_TX_CHECKSUM};
	}
	replay_attach(fakes, DEVICES);
}

struct burst {
	uint16_t device, count;
	uint64_t time_ns;
	uint32_t first; /* number of its first frame */
};

/* Takes all bursts; checks their frames' order on each device. */
static uint32_t collect(struct burst *bursts)
{
	uint32_t next[DEVICES] = {0}, used = 0;
	struct rte_mbuf *packets[BURST];
	int count;

	while ((count = replay_next(packets, BURST, &bursts[used].device, &bursts[used].time_ns)) >= 0) {
		if (count == 0)
			continue;
		bursts[used].count = count;
		bursts[used].first = next[bursts[used].device];
		for (int i = 0; i < count; i++) {
			assert_int_equal(packets[i]->pkt_len, 2 * sizeof(uint32_t));
			assert_int_equal(*rte_pktmbuf_mtod(packets[i], uint32_t *),
					 next[bursts[used].device]++);
			rte_pktmbuf_free(packets[i]);
		}
		used++;
	}
	return used;
}

static void sources_fill(unsigned int seed)
{
	for (int d = 0; d < DEVICES; d++) {
		uint64_t now = 1000;

		sources[d] = (struct source){.frames = d == 2 && seed % 2 ? 0 : FRAMES_MAX - 20 * d};
		for (uint32_t i = 0; i < sources[d].frames; i++) {
			now += rand_r(&seed) % 4 == 0 ? rand_r(&seed) % 3 : 0;
			sources[d].times[i] =
			    rand_r(&seed) % 16 == 0 ? now - 1 : now; /* some run backwards */
		}
	}
}

static void test_order(void **state)
{
	static struct burst expected[BURSTS_MAX], found[BURSTS_MAX];
	static const uint32_t chances[] = {100, 90, 50, 10, 2};

	(void)state;
	for (unsigned int seed = 1; seed <= 10; seed++) {
		uint32_t expected_count = 0, total = 0;

		sources_fill(seed);
		for (size_t c = 0; c < RTE_DIM(chances); c++) {
			struct burst *bursts = c == 0 ? expected : found;
			uint32_t count;

			for (int d = 0; d < DEVICES; d++)
				sources[d].chance = chances[(c + (c > 0 ? d : 0)) % RTE_DIM(chances)];
			fakes_start();
			pattern = seed * 7 + c;
			memset(bursts, 0, sizeof(expected));
			count = collect(bursts);
			if (c == 0)
				expected_count = count;
			assert_int_equal(count, expected_count);
			assert_memory_equal(expected, bursts, count * sizeof(*bursts));
		}
		for (uint32_t i = 0; i < expected_count; i++) {
			total += expected[i].count;
			if (i > 0)
				assert_true(expected[i].time_ns > expected[i - 1].time_ns ||
					    (expected[i].time_ns == expected[i - 1].time_ns &&
					     expected[i].device >= expected[i - 1].device));
		}
		assert_int_equal(total, sources[0].frames + sources[1].frames + sources[2].frames);
	}
}

static const struct {
	const char *name;
	uint32_t magic, flags, bytes;
	uint64_t time_ns;
} bad_rows[] = {
    {"wrong magic", REPLAY_MAGIC + 1, 0, 24, 5},
    {"shorter than a header", REPLAY_MAGIC, 0, 15, 5},
    {"one byte", REPLAY_MAGIC, 0, 1, 5},
    {"a time beyond reason", REPLAY_MAGIC, 0, 24, UINT64_MAX},
    {"an end beyond reason", REPLAY_MAGIC, REPLAY_END, 16, UINT64_MAX},
};

static uint32_t bad_row;

static uint16_t bad_receive(struct device *device, struct rte_mbuf **packets, uint16_t max)
{
	(void)device;
	assert_true(max >= 3);
	packets[0] = framed(bad_rows[bad_row].magic, bad_rows[bad_row].flags, bad_rows[bad_row].time_ns, 0);
	rte_pktmbuf_trim(packets[0], packets[0]->pkt_len - bad_rows[bad_row].bytes);
	packets[1] = framed(REPLAY_MAGIC, REPLAY_END, 0, 0);
	packets[2] = framed(REPLAY_MAGIC, 0, 7, 0); /* after the end */
	return 3;
}

static void test_bad_frames(void **state)
{
	static const struct device_driver driver = {.name = "bad", .receive = bad_receive};
	struct rte_mbuf *packets[BURST];
	uint64_t time_ns;
	uint16_t from;

	(void)state;
	for (bad_row = 0; bad_row < RTE_DIM(bad_rows); bad_row++) {
		struct device device = {.driver = &driver};

		print_message("  %s\n", bad_rows[bad_row].name);
		stats.port[0].device_errors = 0;
		replay_attach(&device, 1);
		assert_int_equal(replay_next(packets, BURST, &from, &time_ns), -1);
		assert_int_equal(stats.port[0].device_errors, 2);
	}
}

/* Shared and indirect packets get their header in an mbuf of its own; a full ring is waited for. */
static void test_transmit(void **state)
{
	const uint8_t bytes[100] = {1, 2, 3};
	struct rte_mbuf *packets[40], *shared, *kept;
	int i;

	(void)state;
	sources_fill(1);
	fakes_start();
	host_now_ns = 4711;
	for (i = 0; i < 38; i++)
		packets[i] = image_packet(bytes, 60 + i, 100);
	kept = image_packet(bytes, 80, 100);
	shared = rte_pktmbuf_clone(kept, host_indirect_pool);
	packets[38] = shared;
	packets[39] = image_packet(bytes, 90, 100);
	rte_pktmbuf_prepend(packets[39], rte_pktmbuf_headroom(packets[39]));
	assert_int_equal(fakes[1].offloads, 0);
	assert_int_equal(fakes[1].driver->transmit(&fakes[1], packets, 40), 40);
	assert_int_equal(sources[1].sent, 40);
	for (i = 0; i < 40; i++) {
		assert_int_equal(sources[1].sent_header[i].magic, REPLAY_MAGIC);
		assert_int_equal(sources[1].sent_header[i].flags, 0);
		assert_int_equal(sources[1].sent_header[i].time_ns, 4711);
		assert_int_equal(sources[1].sent_bytes[i], i < 38 ? 60 + i : i == 38 ? 80 : 90 + 128);
	}
	assert_memory_equal(rte_pktmbuf_mtod(kept, void *), bytes, 80);
	rte_pktmbuf_free(kept);
}

static void test_finish(void **state)
{
	(void)state;
	sources_fill(1);
	sources[0].undrained = 100;
	fakes_start();
	host_now_ns = 99;
	assert_int_equal(replay_finish(), 0);
	for (int d = 0; d < DEVICES; d++) {
		assert_int_equal(sources[d].sent, 1);
		assert_int_equal(sources[d].sent_header[0].flags, REPLAY_END);
		assert_int_equal(sources[d].sent_bytes[0], 0);
		assert_int_equal(sources[d].undrained, 0);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, image_begin, image_balanced)
	const struct CMUnitTest tests[] = {
	    TEST(test_order),
	    TEST(test_bad_frames),
	    TEST(test_transmit),
	    TEST(test_finish),
	};

	return cmocka_run_group_tests_name("replay", tests, image_pools, image_pools_free);
}
