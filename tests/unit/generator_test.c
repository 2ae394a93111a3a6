/* SPDX-License-Identifier: Apache-2.0
 *
 * The bench's traffic generator, without its ports: that its figures are right, and that it sees what goes
 * wrong.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bench/generator/histogram.h"
#include "bench/generator/inspect.h"
#include "bench/generator/neighbour.h"
#include "bench/generator/sample.h"
#include "bench/generator/window.h"
#include "bench/generator/words.h"

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)(sample_random(&random_state) % limit);
}

/* Histogram */

static void cells_hold_what_they_say(void **state)
{
	static const uint32_t edges[] = {0,   1,   63,	 64,   127,	 128,	    129,
					 255, 256, 4095, 4096, 1u << 31, UINT32_MAX};
	uint32_t before = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		uint32_t cell = histogram_cell(edges[i]);

		assert_in_range(cell, before, HISTOGRAM_CELLS - 1);
		before = cell;
	}
	assert_int_equal(histogram_cell(UINT32_MAX), HISTOGRAM_CELLS - 1);
	for (int i = 0; i < 100000; i++) {
		uint32_t value = (uint32_t)sample_random(&random_state) >> random_below(32);
		uint32_t cell = histogram_cell(value);

		/* No value further than 1/64 away is in the cell, and cells are in order. */
		if (value < UINT32_MAX)
			assert_in_range(histogram_cell(value + 1), cell, cell + 1);
		assert_true(histogram_cell((uint32_t)fmin(value * (1 + 1 / 32.0) + 1, UINT32_MAX)) > cell ||
			    value > UINT32_MAX - (1u << 27));
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void quantiles_of_a_sorted_list(void **state)
{
	enum { VALUES = 20000 };
	static const double shares[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
	static struct histogram histogram, half;
	static uint32_t values[VALUES];

	(void)state;
	histogram_clear(&histogram);
	histogram_clear(&half);
	assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
	for (int i = 0; i < VALUES; i++) {
		values[i] = (uint32_t)sample_random(&random_state) >> random_below(32);
		histogram_add(i % 2 ? &histogram : &half, values[i]);
	}
	histogram_merge(&histogram, &half);
	qsort(values, VALUES, sizeof(*values), by_value);
	assert_int_equal(histogram.count, VALUES);
	assert_int_equal(histogram.min, values[0]);
	assert_int_equal(histogram.max, values[VALUES - 1]);
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		double exact = values[(size_t)ceil(shares[i] * VALUES) - 1];
		double found = histogram_quantile(&histogram, shares[i]);

		assert_true(found >= exact && found <= exact * (1 + 1 / 64.0));
	}
}

/* Sampler */

static void even_flows_come_once_each(void **state)
{
	size_t count;
	uint32_t *schedule = sample_schedule(1000, 0, 7, &count), moved = 0;
	uint8_t seen[1000] = {0};

	(void)state;
	assert_int_equal(count, 1000);
	for (size_t i = 0; i < count; i++) {
		assert_in_range(schedule[i], 0, 999);
		assert_int_equal(seen[schedule[i]]++, 0);
		moved += schedule[i] != i;
	}
	assert_true(moved > 900);
	free(schedule);
}

static void zipf_flows_follow_the_law(void **state)
{
	static const double exponents[] = {0.5, 1, 1.5};
	enum { FLOWS = 1000 };

	(void)state;
	for (size_t e = 0; e < sizeof(exponents) / sizeof(*exponents); e++) {
		size_t count;
		uint32_t *schedule = sample_schedule(FLOWS, exponents[e], 3, &count);
		double expected[FLOWS], sum = 0, chi = 0;
		uint32_t seen[FLOWS] = {0};

		for (size_t i = 0; i < count; i++) {
			assert_in_range(schedule[i], 0, FLOWS - 1);
			seen[schedule[i]]++;
		}
		for (int k = 0; k < FLOWS; k++)
			sum += expected[k] = pow(k + 1, -exponents[e]);
		for (int k = 0; k < FLOWS; k++) {
			double mean = expected[k] / sum * (double)count;

			chi += (seen[k] - mean) * (seen[k] - mean) / mean;
		}
		/* 999 degrees of freedom: a mean of 999, a deviation of 45. */
		assert_true(chi > 750 && chi < 1250);
		free(schedule);
	}
}

/* Window, against an array of all numbers. */

static void window_knows_what_it_saw(void **state)
{
	enum { NUMBERS = 20 * WINDOW_BITS };
	static uint8_t seen[NUMBERS + 1000];
	static struct window window;

	(void)state;
	for (int round = 0; round < 4; round++) {
		uint64_t unique = 0, duplicate = 0, reordered = 0, late = 0, next = 0;

		memset(seen, 0, sizeof(seen));
		window_clear(&window);
		while (next < NUMBERS) {
			uint32_t back = round == 0 || random_below(8) ? 0 : random_below(500);
			uint32_t gap = round < 2 || random_below(50)
					   ? 0
					   : random_below(random_below(9) ? 200 : WINDOW_BITS + 50000);
			uint64_t number = back > 0 && back <= next ? next - back : next + gap;
			bool known, old, first;

			if (round == 3 && back % 2 == 1 && next > WINDOW_BITS + 100) /* the window's end */
				number = next - WINDOW_BITS + 300 - random_below(400);
			old = number < next;

			if (number >= NUMBERS + 1000)
				break;
			known = seen[number];
			first = window_add(&window, (uint32_t)number);
			if (old && next - 1 - number >= WINDOW_BITS - 64) {
				late++;
				assert_false(first);
				continue;
			}
			assert_int_equal(first, !known);
			unique += !known;
			duplicate += known;
			reordered += old && !known;
			seen[number] = 1;
			if (number >= next)
				next = number + 1;
		}
		assert_int_equal(window.unique, unique);
		assert_int_equal(window.duplicate, duplicate);
		assert_int_equal(window.reordered, reordered);
		assert_int_equal(window.late, late);
		assert_int_equal(late > 0, round == 3);
	}
}

/* Frames */

static const char *const specs[] = {
    "size=64 flows=3",
    "size=imix flows=70000 a-hosts=3 b-hosts=200 zipf=1",
    "size=1518 proto=tcp flows=10",
    "size=64 family=6 flows=100 a-hosts=7",
    "size=64:1,9000:1,77:2 family=6 proto=tcp flows=9",
    "size=9018",
};

static void make(struct stream *stream, const char *words)
{
	char line[256], error[256];
	struct spec spec;

	stamp_begin();
	words_defaults(&spec);
	snprintf(line, sizeof(line), "%s", words);
	assert_int_equal(words_take_line(&spec, line, error, sizeof(error)), 0);
	assert_int_equal(stream_make(stream, &spec, error, sizeof(error)), 0);
}

/* A frame of the stream; returns its length. */
static uint32_t some_frame(const struct stream *stream, uint8_t *frame, uint32_t *number, int *side)
{
	struct stamp stamp = {
	    .magic = STAMP_MAGIC, .trial = 5, .sequence = random_below(UINT32_MAX), .time = 77};
	const struct shape *shape;

	*side = (int)random_below(2);
	*number = random_below(stream->spec.flows);
	shape = &stream->data[*side][random_below(stream->size_count)];
	stamp.flow = stamp_word(*number, KIND_DATA, *side);
	memcpy(frame, shape->frame, shape->bytes);
	stream_write(stream, shape, frame, stream_stored(stream, *number, *side), &stamp);
	return shape->bytes;
}

static void frames_come_back_intact(void **state)
{
	uint8_t frame[RING_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		struct stream stream;

		make(&stream, specs[i]);
		for (int j = 0; j < 1000; j++) {
			const struct stamp *stamp;
			uint32_t number, length;
			int side;

			length = some_frame(&stream, frame, &number, &side);
			assert_int_equal(inspect(&stream, frame, length, true, &stamp), VERDICT_INTACT);
			assert_int_equal(stamp_flow(stamp), number);
			assert_int_equal(stamp_side(stamp), side);
			assert_int_equal(stamp_kind(stamp), KIND_DATA);
			assert_int_equal(stamp->trial, 5);
			/* What a card pads a frame with is not of the packet. */
			memset(frame + length, 0xee, 10);
			assert_int_equal(inspect(&stream, frame, length + 10, true, &stamp), VERDICT_INTACT);
		}
		stream_free(&stream);
	}
}

/* Any bit behind the Ethernet header, but for those that routers change without harm: it is never taken for
 * intact. In the payload, the stamp's bits are seen without a whole check, too. */
static void a_flipped_bit_is_seen(void **state)
{
	uint8_t frame[RING_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		struct stream stream;
		const struct stamp *stamp;
		uint32_t number, length, corrupt = 0;
		int side;

		make(&stream, specs[i]);
		length = some_frame(&stream, frame, &number, &side);
		for (uint32_t bit = ETHERNET_BYTES * 8; bit < length * 8; bit++) {
			/* IPv6: traffic class, flow label, hop limit are under no checksum. */
			bool free_bit =
			    stream.ip6 && ((bit / 8 >= 14 && bit / 8 < 18 && bit >= 14 * 8) || bit / 8 == 21);
			enum verdict verdict;

			frame[bit / 8] ^= 1 << bit % 8;
			verdict = inspect(&stream, frame, length, true, &stamp);
			if (!free_bit)
				assert_int_not_equal(verdict, VERDICT_INTACT);
			if (bit / 8 >= stream.stamp_at)
				assert_int_equal(verdict, VERDICT_CORRUPT);
			if (bit / 8 >= stream.stamp_at && bit / 8 < stream.stamp_at + sizeof(struct stamp))
				assert_int_equal(inspect(&stream, frame, length, false, &stamp),
						 VERDICT_CORRUPT);
			corrupt += verdict == VERDICT_CORRUPT;
			frame[bit / 8] ^= 1 << bit % 8;
		}
		assert_true(corrupt > 8 * sizeof(struct stamp));
		assert_int_equal(inspect(&stream, frame, length, true, &stamp), VERDICT_INTACT);
		stream_free(&stream);
	}
}

static void others_frames_are_foreign(void **state)
{
	uint8_t frame[RING_BYTES_MAX];
	const struct stamp *stamp;
	struct stream stream;
	uint32_t number, length;
	int side;

	(void)state;
	make(&stream, "size=594");
	for (int i = 0; i < 10000; i++) {
		length = random_below(RING_BYTES_MAX);
		for (uint32_t at = 0; at < length && at < 100; at++)
			frame[at] = (uint8_t)sample_random(&random_state);
		assert_int_equal(inspect(&stream, frame, length, true, &stamp), VERDICT_FOREIGN);
	}
	length = some_frame(&stream, frame, &number, &side);
	assert_int_equal(inspect(&stream, frame, length - 1, true, &stamp), VERDICT_CORRUPT); /* cut off */
	frame[17]--; /* of a length that is never sent */
	assert_int_equal(inspect(&stream, frame, length, true, &stamp), VERDICT_FOREIGN);
	frame[17]++;
	frame[20] |= 0x20; /* a fragment */
	assert_int_equal(inspect(&stream, frame, length, true, &stamp), VERDICT_FOREIGN);
	stream_free(&stream);
}

static int by_tuple(const void *a, const void *b)
{
	return memcmp(a, b, IP4_TUPLE_BYTES);
}

/* No two flows have the same addresses and ports, and what answers a flow is that flow from the other side.
 */
static void flows_differ(void **state)
{
	enum { FLOWS = 200000 };
	uint8_t(*tuples)[IP4_TUPLE_BYTES] = calloc(FLOWS, sizeof(*tuples));
	struct stream stream;

	(void)state;
	make(&stream, "flows=200000 a-hosts=3 b-hosts=5");
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct flow flow, back;
		uint8_t frame[64] = {0};

		stream_flow(&stream, i, SIDE_A, &flow);
		memcpy(frame + IP4_TUPLE_AT, flow.tuple, IP4_TUPLE_BYTES);
		stream_answer(&stream, frame, &back);
		stream_flow(&stream, i, SIDE_B, &flow);
		assert_memory_equal(&back, &flow, sizeof(flow));
		memcpy(tuples[i], flow.tuple, IP4_TUPLE_BYTES);
	}
	qsort(tuples, FLOWS, sizeof(*tuples), by_tuple);
	for (uint32_t i = 1; i < FLOWS; i++)
		assert_true(memcmp(tuples[i - 1], tuples[i], IP4_TUPLE_BYTES) < 0);
	free(tuples);
	stream_free(&stream);
}

/* Neighbours: what is asked for, and what for is answered. */

static uint32_t ask(const char *words, const uint8_t *frame, uint32_t length, uint8_t *answer)
{
	char line[128], error[64];
	struct spec spec;

	words_defaults(&spec);
	snprintf(line, sizeof(line), "%s", words);
	assert_int_equal(words_take_line(&spec, line, error, sizeof(error)), 0);
	return neighbour_answer(&spec.sides[SIDE_A], frame, length, answer);
}

static void neighbours_are_answered(void **state)
{
	static const uint8_t request[42] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 1,  0, 8, 6,
					    0,	 1,   8,   0,	6,   4,	  0, 1, 2, 0, 0,  0, 1, 0,
					    10,	 0,   0,   1,	0,   0,	  0, 0, 0, 0, 10, 0, 0, 12};
	static const uint8_t wanted[42] = {2,  0, 0, 0,	 1, 0, 2, 0, 0, 0, 10, 10, 8,  6,
					   0,  1, 8, 0,	 6, 4, 0, 2, 2, 0, 0,  0,  10, 10,
					   10, 0, 0, 12, 2, 0, 0, 0, 1, 0, 10, 0,  0,  1};
	uint8_t answer[NEIGHBOUR_ANSWER_MAX], frame[42];

	(void)state;
	assert_int_equal(ask("a-hosts=3", request, 42, answer), 60);
	assert_memory_equal(answer, wanted, 42);
	assert_int_equal(ask("a-hosts=2", request, 42, answer), 0);
	assert_int_equal(ask("a-hosts=2 a-answer=10.0.0.12", request, 42, answer), 60);
	assert_int_equal(ask("a-hosts=3", request, 41, answer), 0);
	memcpy(frame, request, 42);
	frame[21] = 2; /* a reply */
	assert_int_equal(ask("a-hosts=3", frame, 42, answer), 0);
}

/* For whatever address is asked, but not for the one of who asks, nor for who has none yet. */
static void any_neighbour_is_answered(void **state)
{
	uint8_t answer[NEIGHBOUR_ANSWER_MAX], frame[46];
	uint8_t request[42] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 1,   0, 8,   6,
			       0,   1,	 8,   0,   6,	4,   0, 1, 2, 0, 0,   0, 1,   0,
			       10,  0,	 0,   1,   0,	0,   0, 0, 0, 0, 203, 0, 113, 7};

	(void)state;
	assert_int_equal(ask("a-any=1", request, 42, answer), 60);
	assert_memory_equal(answer + 28, request + 38, 4);
	assert_int_equal(ask("a-any=0", request, 42, answer), 0);
	memcpy(frame, request, 12);
	memcpy(frame + 12, "\x81\x00\x20\x14", 4); /* within a VLAN */
	memcpy(frame + 16, request + 12, 30);
	assert_int_equal(ask("a-any=1", frame, 46, answer), 64);
	assert_memory_equal(answer + 12, frame + 12, 6);
	assert_memory_equal(answer + 32, request + 38, 4);
	assert_int_equal(ask("a-any=1", frame, 45, answer), 0);
	memset(request + 28, 0, 4); /* a probe: RFC 5227, section 1.1 */
	assert_int_equal(ask("a-any=1", request, 42, answer), 0);
	memcpy(request + 28, request + 38, 4); /* an announcement */
	assert_int_equal(ask("a-any=1", request, 42, answer), 0);
}

/* Words */

static const struct {
	const char *words, *error;
} bad_words[] = {
    {"size=63", "`size=63`: not a value of it"},
    {"size=64:0", "`size=64:0`: not a value of it"},
    {"size=9019", "`size=9019`: not a value of it"},
    {"size=64,,65", "`size=64,,65`: not a value of it"},
    {"flows=0", "`flows=0`: not a value of it"},
    {"flows=-1", "`flows=-1`: not a value of it"},
    {"rate=nan", "`rate=nan`: not a value of it"},
    {"rate=1x", "`rate=1x`: not a value of it"},
    {"family=5", "`family=5`: not a value of it"},
    {"a-mac=02:00:00:00:00", "`a-mac=02:00:00:00:00`: not a value of it"},
    {"direction=c", "`direction=c`: not a value of it"},
    {"core=1", "`core` is for the command line only"},
    {"colour=red", "unknown word `colour=red`"},
    {"size", "unknown word `size`"},
};

static void wrong_words_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_words) / sizeof(*bad_words); i++) {
		char line[64], error[256] = "";
		struct spec spec;

		words_defaults(&spec);
		snprintf(line, sizeof(line), "%s", bad_words[i].words);
		assert_int_equal(words_take_line(&spec, line, error, sizeof(error)), -1);
		assert_string_equal(error, bad_words[i].error);
	}
}

static void words_are_taken(void **state)
{
	char line[] = "  size=imix --rate=1e6  direction=both\tzipf=1.1 a-ip=192.0.2.7\n", error[64];
	struct spec spec;

	(void)state;
	words_defaults(&spec);
	assert_int_equal(words_take_line(&spec, line, error, sizeof(error)), 0);
	assert_int_equal(spec.size_count, 3);
	assert_int_equal(spec.sizes[1], 594);
	assert_int_equal(spec.weights[0], 7);
	assert_true(spec.rate == 1e6 && spec.zipf == 1.1 && !spec.replay_clock);
	assert_true(spec.sends[SIDE_A] && spec.sends[SIDE_B]);
	assert_memory_equal(spec.sides[SIDE_A].ip, "\xc0\0\2\7", 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cells_hold_what_they_say),
	    cmocka_unit_test(quantiles_of_a_sorted_list),
	    cmocka_unit_test(even_flows_come_once_each),
	    cmocka_unit_test(zipf_flows_follow_the_law),
	    cmocka_unit_test(window_knows_what_it_saw),
	    cmocka_unit_test(frames_come_back_intact),
	    cmocka_unit_test(a_flipped_bit_is_seen),
	    cmocka_unit_test(others_frames_are_foreign),
	    cmocka_unit_test(flows_differ),
	    cmocka_unit_test(neighbours_are_answered),
	    cmocka_unit_test(any_neighbour_is_answered),
	    cmocka_unit_test(wrong_words_are_refused),
	    cmocka_unit_test(words_are_taken),
	};

	return cmocka_run_group_tests_name("generator", tests, NULL, NULL);
}
