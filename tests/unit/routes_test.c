/* SPDX-License-Identifier: Apache-2.0
 *
 * The routing tables, small ones (walked as a tree) and large ones (flat tables), against an oracle that
 * walks all routes: around the edges of every prefix, and anywhere.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/ports.h"
#include "nf/router/routes.h"

enum { PORTS = 3, ROUTES_MAX = 5000, GATEWAYS = 20, ANYWHERE = 4000, ADDRESS_BYTES = 16 };

/* The appliance: what is constant in nf/appliance.h and changes here has its name in the assembler. */
struct ipv4_route table4[ROUTES_MAX] __asm__("ipv4_routes");
struct ipv6_route table6[ROUTES_MAX] __asm__("ipv6_routes");
uint32_t count4 __asm__("ipv4_route_count"), count6 __asm__("ipv6_route_count");

#define DB8(net, host) \
	{ \
		0x20, 1, 0xd, 0xb8, 0, net, [15] = host \
	}

static const struct ipv4_prefix own4[] = {{10u << 24 | 1, 24}, {10u << 24 | 1 << 8 | 2, 31}};
static const struct ipv6_prefix own6[] = {{DB8(1, 1), 64}, {DB8(2, 2), 127}, {DB8(3, 3), 61}};

const char appliance_name[] = "routes";
const uint16_t device_count = PORTS, port_count = PORTS;
const struct port_config port_configs[] = {
    {.name = "a", .device = 0, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 1}, .ipv4 = own4, .ipv4_count = 2},
    {.name = "b", .device = 1, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 2}, .ipv6 = own6, .ipv6_count = 3},
    {.name = "c", .device = 2, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 3}},
};
const struct static_neighbour static_neighbours[1] = {{0}};
const uint32_t static_neighbour_count = 0, neighbour_capacity = PORTS * GATEWAYS + 8, packet_buffers = 64;
const uint16_t log_lines_per_second = 1, icmp_errors_per_second = 1;

/* An entry of the oracle's list, addresses as bytes on the wire in both families. */
struct entry {
	uint8_t address[ADDRESS_BYTES];
	uint8_t length, kind, port, gateway[ADDRESS_BYTES]; /* kind: enum next_hop_kind */
};

static struct entry entries[ROUTES_MAX + 16];
static uint32_t entry_count;

static uint32_t any_of(uint32_t count)
{
	return host_random() % count;
}

/* From few values, so that prefixes nest. */
static void any_address(uint8_t *address, uint32_t bytes)
{
	static const uint8_t values[] = {0, 0, 1, 10, 127, 128, 254, 255};

	for (uint32_t i = 0; i < bytes; i++)
		address[i] = any_of(4) ? values[any_of(sizeof(values))] : any_of(256);
}

static void cut(uint8_t *address, uint32_t bytes, uint8_t length)
{
	for (uint32_t bit = length; bit < 8 * bytes; bit++)
		address[bit / 8] &= ~(0x80 >> bit % 8);
}

static bool covers(const struct entry *entry, const uint8_t *address)
{
	for (uint32_t bit = 0; bit < entry->length; bit++)
		if ((entry->address[bit / 8] ^ address[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

/* The longest, and among equals the last. NULL: no route. */
static const struct entry *oracle(const uint8_t *address)
{
	const struct entry *best = NULL;

	for (uint32_t i = 0; i < entry_count; i++)
		if ((!best || entries[i].length >= best->length) && covers(&entries[i], address))
			best = &entries[i];
	return best;
}

/* The configuration compiler lets no two routes have one prefix. */
static bool is_there(const uint8_t *address, uint32_t bytes, uint8_t length)
{
	for (uint32_t i = 0; i < entry_count; i++)
		if (entries[i].length == length && memcmp(entries[i].address, address, bytes) == 0)
			return true;
	return false;
}

static const uint8_t kinds[] = {
    [ROUTE_GATEWAY] = NEXT_HOP_GATEWAY,
    [ROUTE_CONNECTED] = NEXT_HOP_CONNECTED,
    [ROUTE_BLACKHOLE] = NEXT_HOP_BLACKHOLE,
    [ROUTE_UNREACHABLE] = NEXT_HOP_UNREACHABLE,
};

static struct entry *add_entry(const uint8_t *address, uint32_t bytes, uint8_t length, uint8_t kind,
			       uint8_t port)
{
	struct entry *entry = &entries[entry_count++];

	*entry = (struct entry){.length = length, .kind = kind, .port = port};
	memcpy(entry->address, address, bytes);
	return entry;
}

static void put4(uint8_t wire[4], uint32_t address)
{
	for (int i = 0; i < 4; i++)
		wire[i] = address >> (24 - 8 * i);
}

static uint32_t get4(const uint8_t wire[4])
{
	return (uint32_t)wire[0] << 24 | wire[1] << 16 | wire[2] << 8 | wire[3];
}

static void make4(uint32_t count)
{
	entry_count = 0;
	for (count4 = 0; count4 < count;) {
		uint8_t wire[4], kind = any_of(4), port = any_of(PORTS), length = any_of(8) ? any_of(33) : 32;
		struct entry *entry;

		any_address(wire, sizeof(wire));
		cut(wire, sizeof(wire), length);
		if (is_there(wire, sizeof(wire), length))
			continue;
		entry = add_entry(wire, sizeof(wire), length, kinds[kind], port);
		put4(entry->gateway, 172u << 24 | any_of(GATEWAYS));
		table4[count4] =
		    (struct ipv4_route){.prefix = {get4(wire), length}, .kind = kind, .port = port};
		table4[count4++].gateway = get4(entry->gateway);
	}
	/* 10.0.0.1/24, with both broadcast addresses, and 10.0.1.2/31, without. */
	add_entry((uint8_t[]){10, 0, 0, 0}, 4, 32, NEXT_HOP_BROADCAST, 0);
	add_entry((uint8_t[]){10, 0, 0, 255}, 4, 32, NEXT_HOP_BROADCAST, 0);
	add_entry((uint8_t[]){10, 0, 0, 1}, 4, 32, NEXT_HOP_SELF, 0);
	add_entry((uint8_t[]){10, 0, 1, 2}, 4, 32, NEXT_HOP_SELF, 0);
}

static void make6(uint32_t count)
{
	entry_count = 0;
	for (count6 = 0; count6 < count;) {
		uint8_t wire[16] = {0x20, 1}, kind = any_of(4), port = any_of(PORTS);
		uint8_t length = any_of(16) ? any_of(65) : 65 + any_of(64);
		struct ipv6_route *route = &table6[count6];
		struct entry *entry;

		if (any_of(4))
			any_address(wire + 2, sizeof(wire) - 2);
		else
			any_address(wire, sizeof(wire));
		cut(wire, sizeof(wire), length);
		if (is_there(wire, sizeof(wire), length))
			continue;
		entry = add_entry(wire, sizeof(wire), length, kinds[kind], port);
		entry->gateway[0] = 0xfd;
		entry->gateway[15] = any_of(GATEWAYS);
		*route = (struct ipv6_route){.prefix = {.length = length}, .kind = kind, .port = port};
		memcpy(route->prefix.address, wire, sizeof(wire));
		memcpy(route->gateway, entry->gateway, sizeof(route->gateway));
		count6++;
	}
	/* Subnet-router anycast of the /64 and the /61, none of the /127. */
	add_entry((uint8_t[16])DB8(1, 0), 16, 128, NEXT_HOP_SELF, 0);
	add_entry((uint8_t[16])DB8(1, 1), 16, 128, NEXT_HOP_SELF, 0);
	add_entry((uint8_t[16])DB8(2, 2), 16, 128, NEXT_HOP_SELF, 0);
	add_entry((uint8_t[16])DB8(3, 0), 16, 128, NEXT_HOP_SELF, 0);
	add_entry((uint8_t[16])DB8(3, 3), 16, 128, NEXT_HOP_SELF, 0);
}

static void check(const uint8_t *address, uint32_t bytes, uint64_t index)
{
	const struct next_hop *hop = &next_hops[index];
	const struct entry *entry = oracle(address);

	assert_int_equal(hop->kind, entry ? entry->kind : NEXT_HOP_NONE);
	if (hop->kind == NEXT_HOP_CONNECTED || hop->kind == NEXT_HOP_GATEWAY)
		assert_int_equal(hop->port, entry->port);
	if (hop->kind == NEXT_HOP_GATEWAY) {
		assert_int_equal(hop->neighbour->key.port, entry->port);
		assert_memory_equal(hop->neighbour->key.address, entry->gateway, bytes);
	}
}

static void look_up(const uint8_t *address, uint32_t bytes)
{
	uint8_t address6[1][16];
	uint32_t address4;
	uint64_t index;

	if (bytes == 4) {
		address4 = get4(address);
		routes_lookup_ipv4(&address4, &index, 1);
	} else {
		memcpy(address6[0], address, bytes);
		routes_lookup_ipv6(address6, &index, 1);
	}
	check(address, bytes, index);
}

/* One more or less, over all bytes. */
static void step(uint8_t *address, uint32_t bytes, int by)
{
	while (bytes-- && (uint8_t)(address[bytes] += by) == (by > 0 ? 0 : 0xff))
		;
}

/* First and last address of a prefix, and the ones beside them. */
static void look_around(const struct entry *entry, uint32_t bytes)
{
	uint8_t first[ADDRESS_BYTES], last[ADDRESS_BYTES];

	memcpy(first, entry->address, sizeof(first));
	memcpy(last, entry->address, sizeof(last));
	for (uint32_t bit = entry->length; bit < 8 * bytes; bit++)
		last[bit / 8] |= 0x80 >> bit % 8;
	look_up(first, bytes);
	look_up(last, bytes);
	step(first, bytes, -1);
	step(last, bytes, 1);
	look_up(first, bytes);
	look_up(last, bytes);
}

static void check_table(uint32_t bytes)
{
	uint32_t stride = 1 + entry_count / 1000;

	assert_int_equal(neighbour_init(), 0);
	assert_int_equal(routes_init(), 0);
	for (uint32_t i = any_of(stride); i < entry_count; i += stride)
		look_around(&entries[i], bytes);
	for (uint32_t i = 0; i < ANYWHERE; i++) {
		uint8_t address[ADDRESS_BYTES] = {0x20, 1};

		any_address(address + (bytes == 4 ? 0 : 2), bytes - (bytes == 4 ? 0 : 2));
		look_up(address, bytes);
	}
}

/* On both sides of where flat tables begin. */
static const uint32_t sizes[] = {0, 1, 30, 990, 1010, ROUTES_MAX};

static void ipv4_agrees_with_the_oracle(void **state)
{
	(void)state;
	count6 = 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		print_message("  %u routes\n", sizes[i]);
		make4(sizes[i]);
		check_table(4);
	}
}

static void ipv6_agrees_with_the_oracle(void **state)
{
	(void)state;
	count4 = 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		print_message("  %u routes\n", sizes[i]);
		make6(sizes[i]);
		check_table(16);
	}
}

static int begin(void **state)
{
	(void)state;
	return ports_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ipv4_agrees_with_the_oracle),
	    cmocka_unit_test(ipv6_agrees_with_the_oracle),
	};

	return cmocka_run_group_tests_name("routes", tests, begin, NULL);
}
