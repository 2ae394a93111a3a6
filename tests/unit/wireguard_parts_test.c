/* SPDX-License-Identifier: Apache-2.0
 *
 * WireGuard's small parts, as rows: padding (messages.h), timestamps (timestamp.h), load and its limits
 * (load.h).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/wireguard/load.h"
#include "nf/wireguard/messages.h"
#include "nf/wireguard/timestamp.h"
#include "support/nf_host.h"

#define SECONDS(n) ((uint64_t)(n)*SECOND)

/* A packet of so many bytes in a tunnel of that MTU is so long when it is sealed. */
static const struct {
	uint32_t bytes, mtu, padded;
} paddings[] = {
    {0, 1420, 0},	{1, 1420, 16},	    {15, 1420, 16},	{16, 1420, 16},	    {17, 1420, 32},
    {84, 1420, 96},	{1408, 1420, 1408}, {1409, 1420, 1420}, {1419, 1420, 1420}, {1420, 1420, 1420},
    {1279, 1280, 1280}, {1265, 1280, 1280}, {1264, 1280, 1264}, {70, 68, 84},	    {1421, 1420, 1436},
    {2840, 1420, 2840}, {2839, 1420, 2840}, {68, 68, 68},	{65, 68, 68},	    {64, 68, 64},
};

static void packets_are_padded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
		uint32_t padding = message_padding(paddings[i].bytes, paddings[i].mtu);

		if (paddings[i].bytes + padding != paddings[i].padded)
			fail_msg("%u of %u: %u", paddings[i].bytes, paddings[i].mtu,
				 paddings[i].bytes + padding);
	}
}

/* TAI64N of a wall clock, whose low 24 bits are not told. */
static const struct {
	uint64_t wall_ns;
	uint8_t timestamp[TIMESTAMP_BYTES];
} labels[] = {
    /* cr.yp.to/libtai/tai64.html, and ten seconds */
    {UINT64_C(0x01000000), {0x40, 0, 0, 0, 0, 0, 0, 10, 0x01, 0, 0, 0}},
    {UINT64_C(0x01ffffff), {0x40, 0, 0, 0, 0, 0, 0, 10, 0x01, 0, 0, 0}},
    {UINT64_C(0x02000000), {0x40, 0, 0, 0, 0, 0, 0, 10, 0x02, 0, 0, 0}},
    {UINT64_C(1700000000000000000), {0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x09, 0x3b, 0x70, 0xca, 0}},
    {UINT64_C(1) << 63, {0x40, 0, 0, 2, 0x25, 0xc1, 0x7d, 0x0e, 0x32, 0xf2, 0xd8, 0}},
};

static void timestamps_say_the_time(void **state)
{
	struct timestamp_memory memory = {.ahead_ns = 0};
	uint8_t timestamp[TIMESTAMP_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		host_now_ns = 1000;
		nf_host.wall_offset_ns = labels[i].wall_ns - host_now_ns;
		timestamp_now(&memory, timestamp);
		assert_memory_equal(timestamp, labels[i].timestamp, sizeof(timestamp));
	}
}

/* Initiations are 5 s apart; even at 20 ms they would be told apart. */
static void timestamps_grow(void **state)
{
	struct timestamp_memory memory = {.ahead_ns = 0}, receiver = {.ahead_ns = 0};
	uint8_t timestamp[TIMESTAMP_BYTES];

	(void)state;
	nf_host.wall_offset_ns = SECONDS(1700000000);
	for (int i = 0; i < 10000; i++) {
		host_now_ns += SECOND / INITIATIONS_PER_SECOND;
		timestamp_now(&memory, timestamp);
		assert_true(timestamp_accept(&receiver, timestamp));
		assert_false(timestamp_accept(&receiver, timestamp));
	}
}

static void a_peer_ahead_is_followed(void **state)
{
	struct timestamp_memory ours = {.ahead_ns = 0}, theirs = {.ahead_ns = SECONDS(500)};
	struct timestamp_memory receiver = {.ahead_ns = 0};
	uint8_t timestamp[TIMESTAMP_BYTES], never[TIMESTAMP_BYTES];

	(void)state;
	nf_host.wall_offset_ns = SECONDS(1700000000);
	timestamp_now(&theirs, timestamp);
	assert_true(timestamp_accept(&receiver, timestamp)); /* as if it had been ours, before a restart */
	host_now_ns += SECONDS(3);
	timestamp_confirm(&ours, timestamp, host_now_ns - SECONDS(3));
	assert_in_range(ours.ahead_ns, SECONDS(499), SECONDS(500));
	timestamp_now(&ours, timestamp);
	assert_true(timestamp_accept(&receiver, timestamp));

	memset(never, 0, sizeof(never)); /* behind us, by whatever amount: nothing to follow */
	timestamp_confirm(&ours, never, host_now_ns);
	assert_in_range(ours.ahead_ns, SECONDS(499), SECONDS(500));
	memset(never, 0xff, sizeof(never)); /* beyond everything: followed as far as there are numbers */
	timestamp_confirm(&ours, never, host_now_ns);
	timestamp_now(&ours, timestamp);
	assert_true(timestamp_accept(&receiver, timestamp));
	host_now_ns += SECONDS(1);
	timestamp_now(&ours, timestamp);
	assert_true(timestamp_accept(&receiver, timestamp));
}

static void no_wall_clock_is_told(void **state)
{
	struct timestamp_memory memory = {.ahead_ns = 0};
	uint8_t timestamp[TIMESTAMP_BYTES];

	(void)state;
	timestamp_init();
	assert_int_equal(nf_host.logged_count, 0);
	nf_host.wall_offset_ns = 0;
	timestamp_init();
	assert_int_equal(nf_host.logged_count, 1);
	host_now_ns = SECONDS(7);
	timestamp_now(&memory, timestamp);
	assert_int_equal(timestamp[7], 10 + 6); /* not a whole number of 2^24 ns: a bit less than 7 s */
}

static void a_queue_means_load_for_a_second(void **state)
{
	struct load load = {0};

	(void)state;
	assert_false(load_is_high(&load, 127, 1024, host_now_ns));
	assert_true(load_is_high(&load, 128, 1024, host_now_ns));
	assert_true(load_is_high(&load, 0, 1024, host_now_ns + SECOND - 1));
	assert_false(load_is_high(&load, 0, 1024, host_now_ns + SECOND));
	assert_true(load_is_high(&load, 1024, 1024, host_now_ns + SECOND));
}

static struct wireguard_endpoint ipv4(uint32_t address)
{
	return (struct wireguard_endpoint){.address.ipv4 = address, .port = address, .family = 4};
}

static struct wireguard_endpoint ipv6(uint8_t net, uint8_t host)
{
	return (struct wireguard_endpoint){.address.ipv6 = {0x20, 1, [7] = net, [15] = host}, .family = 6};
}

static uint32_t take(struct wireguard_endpoint from, uint32_t times)
{
	uint32_t taken = 0;

	while (times--)
		taken += load_source_allows(&from, host_now_ns);
	return taken;
}

static void sources_have_limits_of_their_own(void **state)
{
	(void)state;
	assert_int_equal(take(ipv4(1), 10), LOAD_SOURCE_BURST);
	assert_int_equal(take(ipv4(2), 10), LOAD_SOURCE_BURST);
	assert_int_equal(take(ipv6(1, 1), 3), 3);
	assert_int_equal(take(ipv6(1, 2), 10), 2); /* the same /64 */
	assert_int_equal(take(ipv6(2, 1), 10), LOAD_SOURCE_BURST);
	host_now_ns += SECOND / LOAD_SOURCE_RATE;
	assert_int_equal(take(ipv4(1), 10), 1);
	host_now_ns += SECOND;
	assert_int_equal(take(ipv4(1), 10), LOAD_SOURCE_BURST);
}

/* 200,000 addresses: who has used up a burst stays limited, and who comes once gets through, mostly. */
static void many_sources_unblock_nobody(void **state)
{
	uint32_t passed = 0;

	(void)state;
	take(ipv4(1), 10);
	for (uint32_t i = 0; i < 200000; i++)
		passed += take(ipv4(1000 + i), 1);
	assert_int_equal(take(ipv4(1), 10), 0);
	assert_true(passed > 190000);
}

static void work_is_bounded(void **state)
{
	uint32_t done = 0;

	(void)state;
	while (load_has_budget(host_now_ns)) {
		load_spend(4, host_now_ns);
		done += 4;
	}
	assert_in_range(done, LOAD_MULTIPLICATIONS_BURST, LOAD_MULTIPLICATIONS_BURST + 4);
	assert_false(load_has_budget(load_budget_ns(host_now_ns) - 1));
	assert_true(load_has_budget(load_budget_ns(host_now_ns)));
	for (int ms = 0; ms < 10000; ms++) {
		host_now_ns += SECOND / 1000;
		while (load_has_budget(host_now_ns)) {
			load_spend(4, host_now_ns);
			done += 4;
		}
	}
	assert_in_range(done, 10 * LOAD_MULTIPLICATIONS,
			10 * LOAD_MULTIPLICATIONS + 2 * LOAD_MULTIPLICATIONS_BURST);
}

static int start(void **state)
{
	(void)state;
	nf_host_start();
	nf_host.wall_offset_ns = 1;
	return load_init();
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(packets_are_padded),
	    TEST(timestamps_say_the_time),
	    TEST(timestamps_grow),
	    TEST(a_peer_ahead_is_followed),
	    TEST(no_wall_clock_is_told),
	    TEST(a_queue_means_load_for_a_second),
	    TEST(sources_have_limits_of_their_own),
	    TEST(many_sources_unblock_nobody),
	    TEST(work_is_bounded),
	};

	return cmocka_run_group_tests_name("wireguard_parts", tests, NULL, NULL);
}
