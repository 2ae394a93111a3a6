/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/wireguard/allowed.h: random prefixes of several tunnels against an oracle that tries them all, and as
 * many as 10,000 peers have.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <rte_byteorder.h>
#include "nf/host.h"
#include "nf/wireguard/allowed.h"
#include "nf/wireguard/config.h"

enum { TUNNELS = 3, PEERS_MAX = 10000, PREFIXES_MAX = 20000, ROUNDS = 150, LOOKUPS = 2000 };

struct wireguard_peer_config peer_table[PEERS_MAX] __asm__("wireguard_peers");
struct wireguard_allowed_ipv4 table4[PREFIXES_MAX] __asm__("wireguard_allowed_ipv4");
struct wireguard_allowed_ipv6 table6[PREFIXES_MAX] __asm__("wireguard_allowed_ipv6");
uint32_t count4 __asm__("wireguard_allowed_ipv4_count");
uint32_t count6 __asm__("wireguard_allowed_ipv6_count");
uint32_t tunnel_count __asm__("wireguard_tunnel_count") = TUNNELS;
static uint32_t peer_count = 30;

/* The oracle */

static bool matches(const uint8_t *address, const uint8_t *prefix, uint8_t length)
{
	for (uint8_t bit = 0; bit < length; bit++)
		if ((address[bit / 8] ^ prefix[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static uint32_t oracle4(uint8_t tunnel, uint32_t address)
{
	uint32_t peer = ALLOWED_NONE;
	int longest = -1;

	for (uint32_t i = 0; i < count4; i++) {
		uint64_t mask = ~UINT64_C(0) << (32 - table4[i].prefix.length);

		if (peer_table[table4[i].peer].tunnel == tunnel && table4[i].prefix.length > longest &&
		    ((address ^ table4[i].prefix.address) & mask & UINT32_MAX) == 0) {
			longest = table4[i].prefix.length;
			peer = table4[i].peer;
		}
	}
	return peer;
}

static uint32_t oracle6(uint8_t tunnel, const uint8_t address[16])
{
	uint32_t peer = ALLOWED_NONE;
	int longest = -1;

	for (uint32_t i = 0; i < count6; i++)
		if (peer_table[table6[i].peer].tunnel == tunnel && table6[i].prefix.length > longest &&
		    matches(address, table6[i].prefix.address, table6[i].prefix.length)) {
			longest = table6[i].prefix.length;
			peer = table6[i].peer;
		}
	return peer;
}

/* Random tables, as config/ would write them */

/* Few values, so that prefixes contain and touch each other; ends of the range among them. */
static uint32_t some_word(void)
{
	static const uint32_t words[] = {0,	     0xffffffff, 0x0a000000, 0x0a000001,
					 0x0a0000ff, 0x0a000100, 0x80000000};
	uint64_t random = host_random();

	return words[random % 7] ^ (random >> 8 & 3 ? 0 : (uint32_t)(random >> 32) & 0xf);
}

static void some_address(uint8_t address[16])
{
	for (int i = 0; i < 4; i++) {
		uint32_t word = rte_cpu_to_be_32(some_word());

		memcpy(address + 4 * i, &word, sizeof(word));
	}
}

static int compare4(const void *a, const void *b)
{
	const struct wireguard_allowed_ipv4 *x = a, *y = b;
	int tunnels = peer_table[x->peer].tunnel - peer_table[y->peer].tunnel;

	if (tunnels)
		return tunnels;
	if (x->prefix.address != y->prefix.address)
		return x->prefix.address < y->prefix.address ? -1 : 1;
	return x->prefix.length - y->prefix.length;
}

static int compare6(const void *a, const void *b)
{
	const struct wireguard_allowed_ipv6 *x = a, *y = b;
	int tunnels = peer_table[x->peer].tunnel - peer_table[y->peer].tunnel;
	int addresses = memcmp(x->prefix.address, y->prefix.address, 16);

	if (tunnels)
		return tunnels;
	return addresses ? addresses : x->prefix.length - y->prefix.length;
}

static void sort(void)
{
	uint32_t left = 0;

	qsort(table4, count4, sizeof(*table4), compare4);
	for (uint32_t i = 0; i < count4; i++)
		if (left == 0 || compare4(&table4[left - 1], &table4[i]))
			table4[left++] = table4[i];
	count4 = left;
	left = 0;
	qsort(table6, count6, sizeof(*table6), compare6);
	for (uint32_t i = 0; i < count6; i++)
		if (left == 0 || compare6(&table6[left - 1], &table6[i]))
			table6[left++] = table6[i];
	count6 = left;
}

static void add4(uint32_t address, uint8_t length, uint32_t peer)
{
	uint32_t mask = length ? UINT32_MAX << (32 - length) : 0;

	table4[count4++] = (struct wireguard_allowed_ipv4){{address & mask, length}, peer};
}

static void add6(const uint8_t address[16], uint8_t length, uint32_t peer)
{
	struct wireguard_allowed_ipv6 *allowed = &table6[count6++];

	*allowed = (struct wireguard_allowed_ipv6){.prefix.length = length, .peer = peer};
	for (uint8_t bit = 0; bit < length; bit++)
		allowed->prefix.address[bit / 8] |= address[bit / 8] & 0x80 >> bit % 8;
}

static void some_tables(uint32_t prefixes)
{
	static const uint8_t lengths[] = {0, 1, 63, 64, 65, 120, 127, 128, 128, 128};

	for (uint32_t i = 0; i < peer_count; i++)
		peer_table[i].tunnel = i * TUNNELS / peer_count;
	count4 = count6 = 0;
	for (uint32_t i = 0; i < prefixes; i++) {
		uint8_t address[16];

		add4(some_word(), host_random() % 2 ? 32 : host_random() % 33, host_random() % peer_count);
		some_address(address);
		add6(address, host_random() % 2 ? lengths[host_random() % 10] : host_random() % 129,
		     host_random() % peer_count);
	}
	sort();
}

static void look_up(uint32_t lookups)
{
	for (uint32_t i = 0; i < lookups; i++) {
		uint8_t tunnel = host_random() % TUNNELS, address[16];
		uint32_t word = some_word() + (host_random() % 3) - 1;

		assert_int_equal(allowed_ipv4(tunnel, word), oracle4(tunnel, word));
		some_address(address);
		address[host_random() % 16] ^= host_random() % 4 ? 0 : 1;
		assert_int_equal(allowed_ipv6(tunnel, address), oracle6(tunnel, address));
	}
}

static void finds_what_the_oracle_finds(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		some_tables(round < 20 ? round : host_random() % 300);
		assert_int_equal(allowed_init(), 0);
		look_up(LOOKUPS / (1 + count4 / 20));
	}
}

/* A peer each for the hosts of one /16 and one /64, and for a /24 and a /48 of its own. */
static void ten_thousand_peers_are_found(void **state)
{
	(void)state;
	peer_count = PEERS_MAX;
	count4 = count6 = 0;
	for (uint32_t i = 0; i < peer_count; i++) {
		uint8_t host[16] = {0xfd, [14] = i >> 8, [15] = i}, net[16] = {0x20, 1, i >> 8, i};

		peer_table[i].tunnel = 1;
		add4(0x0a000000 + i, 32, i);
		add4(0xac000000 + (i << 8), 24, i);
		add6(host, 128, i);
		add6(net, 48, i);
	}
	sort();
	assert_int_equal(allowed_init(), 0);
	for (uint32_t i = 0; i < peer_count; i++) {
		uint8_t host[16] = {0xfd, [14] = i >> 8, [15] = i}, net[16] = {0x20, 1, i >> 8, i, [15] = i};

		assert_int_equal(allowed_ipv4(1, 0x0a000000 + i), i);
		assert_int_equal(allowed_ipv4(1, 0xac000000 + (i << 8) + i % 256), i);
		assert_int_equal(allowed_ipv6(1, host), i);
		assert_int_equal(allowed_ipv6(1, net), i);
		assert_int_equal(allowed_ipv4(0, 0x0a000000 + i), ALLOWED_NONE);
		host[8] = 1;
		assert_int_equal(allowed_ipv6(1, host), ALLOWED_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_what_the_oracle_finds),
	    cmocka_unit_test(ten_thousand_peers_are_found),
	};

	return cmocka_run_group_tests_name("wireguard_allowed", tests, NULL, NULL);
}
