/* SPDX-License-Identifier: Apache-2.0
 *
 * The bench's traffic generator between simulated rings: a device that loses, doubles, damages and swaps
 * frames by a count, or translates addresses; each trial's books must say exactly what it did.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <pcap/pcap.h>
#include "bench/generator/port.h"
#include "bench/generator/report.h"
#include "bench/generator/trial.h"
#include "bench/generator/words.h"

enum { RING = 256, FRAMES = 20000, FLOWS = 500, PAUSE_US = 3000 };

/* A frame that waits at a side. */
struct waiting {
	uint32_t length;
	uint8_t bytes[2048];
};

static struct wire {
	struct waiting frames[2 * RING];
	uint32_t head, tail; /* taken, put */
	uint32_t lent;	     /* of what is there, until it is released */
} rings[SIDES];

/* What the device does to data frames from a: to every so manieth, counted from 1. 0: never. */
static struct device {
	uint32_t lose, twice, damage, swap;
	uint32_t room;	     /* takes so many frames at once, at most */
	uint32_t pause_turn; /* in which it stands still for some milliseconds */
	uint32_t turns;
	bool translates, down;
	uint32_t count, lost, doubled, damaged, swapped, strangers;
	uint16_t translated[65536]; /* by port of a: the port outside */
	uint16_t inside[65536];
} device;

static struct trial trial;

static void put(int side, const uint8_t *bytes, uint32_t length)
{
	struct wire *ring = &rings[side];
	struct waiting *frame = &ring->frames[ring->tail++ % (2 * RING)];

	assert_true(ring->tail - ring->head <= 2 * RING && length <= sizeof(frame->bytes));
	frame->length = length;
	memcpy(frame->bytes, bytes, length);
}

static uint16_t get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

/* Another 16 bits under a checksum: RFC 1624, equation 3. */
static void change16(uint8_t *field, uint16_t value, uint8_t *checksum)
{
	uint32_t sum = (uint16_t)~get16(checksum) + (uint16_t)~get16(field) + value;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	field[0] = (uint8_t)(value >> 8);
	field[1] = (uint8_t)value;
	checksum[0] = (uint8_t)(sum >> 8);
	checksum[1] = (uint8_t)sum;
}

/* Port translation: a flow gets its port outside when it opens; outside, none but that is known. */
static bool translate(int from, uint8_t *frame)
{
	uint8_t *l4 = frame + L4_AT4, *sum = l4 + (frame[23] == 6 ? TCP_SUM_AT : UDP_SUM_AT);
	uint16_t port = get16(l4 + (from == SIDE_A ? 0 : 2));

	if (from == SIDE_A) {
		static uint16_t next = 30000;

		if (!device.translated[port]) {
			device.translated[port] = ++next;
			device.inside[next] = port;
		}
		change16(l4, device.translated[port], sum);
		return true;
	}
	if (!device.inside[port])
		return false;
	change16(l4 + 2, device.inside[port], sum);
	return true;
}

static void pass(int from, uint8_t *frame, uint32_t length)
{
	uint32_t n = ++device.count;

	if (device.translates && !translate(from, frame)) {
		device.strangers++;
		return;
	}
	if (device.lose && n % device.lose == 0) {
		device.lost++;
		return;
	}
	if (device.damage && n % device.damage == 0) {
		frame[length - 1 - n % 18] ^= 1 << n % 8;
		device.damaged++;
	} else if (device.swap && n % device.swap == 0 && rings[!from].tail != rings[!from].head) {
		struct waiting *last = &rings[!from].frames[(rings[!from].tail - 1) % (2 * RING)],
			       keep = *last;

		memcpy(last->bytes, frame, last->length = length);
		put(!from, keep.bytes, keep.length);
		device.swapped++;
		return;
	}
	put(!from, frame, length);
	if (device.twice && n % device.twice == 0 && !(device.damage && n % device.damage == 0)) {
		put(!from, frame, length);
		device.doubled++;
	}
}

bool port_up(int side)
{
	(void)side;
	return !device.down;
}

bool port_packed(int side)
{
	return side == SIDE_A;
}

void port_turn(void)
{
	if (++device.turns == device.pause_turn)
		usleep(PAUSE_US);
}

void port_rest(void)
{
}

uint32_t port_send(int side, struct frame *const *frames, uint32_t count)
{
	uint32_t sent;

	for (sent = 0; sent < count && rings[!side].tail - rings[!side].head < RING; sent++) {
		if (device.room && sent == device.room)
			break;
		uint8_t frame[2048];

		memcpy(frame, frames[sent]->bytes, frames[sent]->length);
		pass(side, frame, frames[sent]->length);
	}
	return sent;
}

uint32_t port_receive(int side, struct frame *frames, uint32_t count)
{
	struct wire *ring = &rings[side];
	uint32_t got;

	assert_int_equal(ring->lent, 0);
	for (got = 0; got < count && ring->head + got != ring->tail; got++) {
		struct waiting *frame = &ring->frames[(ring->head + got) % (2 * RING)];

		frames[got] = (struct frame){frame->bytes, frame->length};
	}
	ring->lent = got;
	return got;
}

void port_release(int side)
{
	rings[side].head += rings[side].lent;
	rings[side].lent = 0;
}

static int run(const char *words, char *error)
{
	char line[256];
	struct spec spec;

	words_defaults(&spec);
	snprintf(line, sizeof(line), "drain=20 %s", words);
	assert_int_equal(words_take_line(&spec, line, error, 256), 0);
	return trial_run(&trial, &spec, error, 256);
}

static void runs(const char *words)
{
	char error[256] = "";

	if (run(words, error) < 0)
		fail_msg("%s", error);
}

/* The number behind the first "key": in the report. */
static uint64_t reported(const char *key)
{
	char *text = NULL, name[64], *at;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	uint64_t value;

	report_result(out, &trial);
	fclose(out);
	snprintf(name, sizeof(name), "\"%s\":", key);
	at = strstr(text, name);
	assert_non_null(at);
	value = strtoull(at + strlen(name), NULL, 10);
	free(text);
	return value;
}

static int begin(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	memset(rings, 0, sizeof(rings));
	return 0;
}

static void a_good_wire(void **state)
{
	(void)state;
	runs("packets=20000 size=imix flows=500");
	assert_int_equal(reported("sent"), FRAMES);
	assert_int_equal(reported("received"), FRAMES);
	assert_int_equal(
	    reported("lost") + reported("duplicate") + reported("reordered") + reported("corrupt"), 0);
	assert_int_equal(reported("foreign") + reported("late") + reported("refused"), 0);
	assert_int_equal(reported("count"), FRAMES); /* of latencies */
}

static void each_fault_is_counted_as_what_it_is(void **state)
{
	static const struct device faults[] = {
	    {.lose = 100},
	    {.twice = 97},
	    {.damage = 89},
	    {.swap = 83},
	    {.lose = 71, .twice = 73, .damage = 101},
	    {.lose = 71, .swap = 103},
	};
	static const char *const streams[] = {"size=64", "size=imix family=6 flows=500",
					      "size=1518 proto=tcp open=0 flows=500",
					      "size=594 check=10 flows=500"};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		for (size_t j = 0; j < sizeof(streams) / sizeof(*streams); j++) {
			bool one = !strstr(streams[j], "flows"); /* flow: then all reordering is within it */
			char words[128];

			begin(NULL);
			device = faults[i];
			snprintf(words, sizeof(words), "packets=20000 %s", streams[j]);
			/* The damaged byte is in the last 18: of a long frame that is filler, which a check
			 * in ten sees. */
			if (strstr(words, "check") && device.damage)
				continue;
			runs(words);
			assert_int_equal(reported("offered"), FRAMES);
			assert_int_equal(reported("lost"), device.lost);
			assert_int_equal(reported("duplicate"), device.doubled);
			assert_int_equal(reported("corrupt"), device.damaged);
			assert_int_equal(trial.senders[SIDE_A].corrupt, device.damaged);
			assert_int_equal(reported("reordered"), device.swapped);
			assert_int_equal(reported("reordered_flow"), one ? device.swapped : 0);
			assert_int_equal(reported("received"), FRAMES - device.lost - device.damaged);
		}
}

/* One check in ten sees a tenth of what is damaged where only it looks. */
static void a_share_is_checked(void **state)
{
	(void)state;
	device.damage = 7;
	runs("packets=20000 flows=500 size=594 check=10");
	assert_in_range(reported("corrupt"), device.damaged / 20, device.damaged / 5);
}

static void answers_go_through_nat(void **state)
{
	static const char *const streams[] = {"proto=udp", "proto=tcp"};

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		char words[128];

		begin(NULL);
		device.translates = true;
		snprintf(words, sizeof(words), "packets=20000 flows=500 direction=both %s", streams[i]);
		runs(words);
		assert_int_equal(trial.stream.opened, FLOWS);
		assert_int_equal(reported("received"), FRAMES);
		assert_int_equal(trial.senders[SIDE_B].window.unique, FRAMES / 2);
		assert_int_equal(device.strangers + reported("corrupt"), 0);
		/* Flows stay open: the next trial has nothing but its own frames. */
		device.count = 0;
		runs(words);
		assert_int_equal(device.count, FRAMES);
	}
}

static void lost_openings_are_sent_again(void **state)
{
	(void)state;
	device.lose = 5;
	device.translates = true;
	runs("packets=20000 flows=501 direction=both proto=tcp");
	assert_int_equal(trial.stream.opened, FLOWS + 1);
}

static void flows_that_never_open_are_an_error(void **state)
{
	char error[256];

	(void)state;
	device.lose = 1;
	assert_int_equal(run("flows=502 direction=both", error), -1);
	assert_non_null(strstr(error, "0 of 502 flows opened"));
}

/* New flows are of the packets from a, and each has an answer and a third packet. */
static void new_flows_are_opened(void **state)
{
	(void)state;
	device.translates = true;
	runs("packets=20000 flows=100 proto=tcp new=1000000 rate=2000000 wait=1");
	assert_int_equal(reported("received"), reported("sent"));
	assert_in_range(reported("new_flows"), 100, FRAMES);
	assert_int_equal(reported("answers"), 2 * reported("new_flows"));
	assert_int_equal(reported("lost") + reported("foreign"), 0);
}

static void a_full_ring_refuses_or_makes_wait(void **state)
{
	(void)state;
	device.room = 10;
	runs("packets=20000 wait=1");
	assert_int_equal(reported("refused"), 0);
	assert_int_equal(reported("received"), FRAMES);
	runs("packets=20000 wait=0");
	assert_int_equal(reported("offered"), FRAMES);
	assert_int_equal(reported("refused"), FRAMES / 32 * 22);
	assert_int_equal(reported("lost"), reported("refused"));
}

static void a_rate_is_kept(void **state)
{
	(void)state;
	runs("seconds=0.05 rate=100000 direction=both open=0");
	assert_int_equal(reported("offered") + reported("missed"), 5000);
	/* A second of the mini-EAL's clock is 10^9 ticks. */
	assert_in_range(trial.last_sent - trial.first_sent, 40000000, 80000000);
}

/* What is due after a pause is not made up for in one burst. */
static void a_pause_makes_no_burst(void **state)
{
	(void)state;
	device.pause_turn = 100;
	runs("seconds=0.05 rate=1000000 wait=1");
	assert_int_equal(reported("offered") + reported("missed"), 50000);
	assert_in_range(reported("missed"), PAUSE_US - 300,
			50000); /* two or three ticks of the TSC are one of its */
}

static void foreign_frames_are_told_apart(void **state)
{
	static const uint8_t request[60] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 1,  0, 8, 6,
					    0,	 1,   8,   0,	6,   4,	  0, 1, 2, 0, 0,  0, 1, 0,
					    10,	 0,   0,   1,	0,   0,	  0, 0, 0, 0, 10, 0, 0, 10};
	const struct waiting *answer = &rings[SIDE_B].frames[1];

	(void)state;
	put(SIDE_A, request, 60);
	put(SIDE_B, request, 20);
	put(SIDE_A, request, 0);
	runs("packets=100");
	assert_int_equal(reported("received"), 100);
	assert_int_equal(reported("answered"), 1);
	/* The answer passed the wire, and is foreign on the other side. */
	assert_int_equal(reported("foreign"), 4);
	assert_int_equal(get16(answer->bytes + 20), 2);
}

static void a_port_that_goes_down_ends_the_trial(void **state)
{
	char error[256];

	(void)state;
	device.down = true;
	assert_int_equal(run("link=0.01", error), -1);
	assert_non_null(strstr(error, "did not come up"));
}

/* Replays */

enum { CAPTURED = 40, CAPTURED_BYTES = 100, APART_US = 500 };

static char capture[] = "/tmp/generator-trial-XXXXXX";

static void add_captured(pcap_dumper_t *file, int number, uint32_t there, uint32_t length)
{
	uint8_t frame[CAPTURED_BYTES] = {
	    number % 2 ? 0xff : 0x0c, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0c, 1, 2, 3, 4, 5, 8};
	struct pcap_pkthdr header = {.ts = {.tv_usec = number * APART_US}, .caplen = there, .len = length};

	frame[20] = (uint8_t)number;
	pcap_dump((u_char *)file, &header, frame);
}

/* Every other frame goes to a group. Two can't be replayed: one is cut off, one is too short. */
static int make_capture(void **state)
{
	int descriptor = mkstemp(capture);
	pcap_t *none = pcap_open_dead(DLT_EN10MB, CAPTURED_BYTES);
	pcap_dumper_t *file = pcap_dump_open(none, capture);

	(void)state;
	close(descriptor);
	if (!file)
		return -1;
	add_captured(file, 0, CAPTURED_BYTES, CAPTURED_BYTES + 1);
	add_captured(file, 0, 13, 13);
	for (int i = 0; i < CAPTURED; i++)
		add_captured(file, i, CAPTURED_BYTES, CAPTURED_BYTES);
	pcap_dump_close(file);
	pcap_close(none);
	return 0;
}

static int remove_capture(void **state)
{
	(void)state;
	return unlink(capture);
}

static void replays(const char *more)
{
	char words[200];

	rings[SIDE_B].head = rings[SIDE_B].tail = 0; /* so that frames are where they were put */
	snprintf(words, sizeof(words), "replay-a=%s %s", capture, more);
	runs(words);
}

static void replayed_frames_are_addressed(void **state)
{
	static const uint8_t from[6] = {2, 0, 0, 0, 10, 10}, to[6] = {2, 0, 0, 0, 1, 0};
	static const uint8_t group[6] = {255, 255, 255, 255, 255, 255};

	(void)state;
	replays("rate=0");
	for (uint32_t i = 0; i < CAPTURED; i++) {
		const uint8_t *frame = rings[SIDE_B].frames[i].bytes;

		assert_memory_equal(frame, i % 2 ? group : to, 6);
		assert_memory_equal(frame + 6, from, 6);
		assert_int_equal(frame[20], i);
	}
	replays("rate=0 replay-mac=0");
	assert_int_equal(rings[SIDE_B].frames[0].bytes[0], 0x0c);
	assert_int_equal(rings[SIDE_B].frames[0].bytes[6], 0x0c);
}

static void a_replay_has_books(void **state)
{
	(void)state;
	replays("rate=0 loops=3");
	assert_int_equal(reported("frames"), CAPTURED);
	assert_int_equal(reported("skipped"), 2);
	assert_int_equal(reported("passes"), 3);
	assert_int_equal(reported("sent"), 3 * CAPTURED);
	assert_int_equal(reported("received"), 3 * CAPTURED);
	assert_int_equal(trial.bits_out, 3 * CAPTURED * (CAPTURED_BYTES + FCS_BYTES + GAP_BYTES) * 8);
	assert_int_equal(trial.bits_in, trial.bits_out);
}

/* A second of the mini-EAL's clock is 10^9 ticks. */
static void a_replay_lasts(void **state)
{
	(void)state;
	replays("rate=0 loops=0 whole=1 seconds=0.01");
	assert_true(trial.last_sent - trial.start >= 9000000);
	assert_true(reported("passes") > 1);
	assert_int_equal(reported("sent"), CAPTURED * reported("passes"));
	replays("loops=0 seconds=0.01"); /* half of it, by its clock */
	assert_int_equal(reported("passes"), 0);
	assert_in_range(reported("sent"), 1, CAPTURED - 1);
	replays("loops=0 whole=1 seconds=0.0001");
	assert_int_equal(reported("passes"), 1);
	assert_true(trial.last_sent - trial.first_sent >= (CAPTURED - 2) * APART_US * 1000);
	replays("speed=1000");
	assert_int_equal(reported("sent"), CAPTURED);
}

static void frames_behind_their_time_are_told(void **state)
{
	(void)state;
	device.pause_turn = 10;
	replays("speed=2");
	assert_in_range(reported("behind"), 1, CAPTURED);
	assert_int_equal(reported("sent"), CAPTURED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_good_wire, begin),
	    cmocka_unit_test_setup(each_fault_is_counted_as_what_it_is, begin),
	    cmocka_unit_test_setup(a_share_is_checked, begin),
	    cmocka_unit_test_setup(answers_go_through_nat, begin),
	    cmocka_unit_test_setup(lost_openings_are_sent_again, begin),
	    cmocka_unit_test_setup(flows_that_never_open_are_an_error, begin),
	    cmocka_unit_test_setup(new_flows_are_opened, begin),
	    cmocka_unit_test_setup(a_full_ring_refuses_or_makes_wait, begin),
	    cmocka_unit_test_setup(a_rate_is_kept, begin),
	    cmocka_unit_test_setup(a_pause_makes_no_burst, begin),
	    cmocka_unit_test_setup(foreign_frames_are_told_apart, begin),
	    cmocka_unit_test_setup(a_port_that_goes_down_ends_the_trial, begin),
	    cmocka_unit_test_setup(replayed_frames_are_addressed, begin),
	    cmocka_unit_test_setup(a_replay_has_books, begin),
	    cmocka_unit_test_setup(a_replay_lasts, begin),
	    cmocka_unit_test_setup(frames_behind_their_time_are_told, begin),
	};

	stamp_begin();
	return cmocka_run_group_tests_name("generator_trial", tests, make_capture, remove_capture);
}
