/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses that stand for others are told to a link that comes up, as the appliance's own are: who knew
 * another machine behind them sends to this one from then on (RFC 5227, section 2.3; RFC 4861,
 * section 7.2.6).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { OWN = 3, TWICE = 2, ADDRESSES_MAX = 2 * (NAT_ANNOUNCED_MAX + OWN), LONG = INET6_ADDRSTRLEN };

/* What one device sent, in order. */
static char told[ADDRESSES_MAX][LONG];
static uint32_t told_count;

/* The address that a frame announces, as text. */
static void read_announcement(const uint8_t *frame, char text[LONG])
{
	if ((frame[12] << 8 | frame[13]) == 0x0806) {
		assert_memory_equal(frame, "\xff\xff\xff\xff\xff\xff", 6);
		assert_memory_equal(frame + 28, frame + 38, 4);
		assert_memory_equal(frame + 6, frame + 22, 6);
		inet_ntop(AF_INET, frame + 28, text, LONG);
		return;
	}
	assert_int_equal(frame[54], 136);
	assert_memory_equal(frame, "\x33\x33\0\0\0\1", 6);
	assert_int_equal(frame[58] & 0x60, 0x20); /* unsolicited, overrides */
	assert_memory_equal(frame + 6, frame + 80, 6);
	inet_ntop(AF_INET6, frame + 62, text, LONG);
}

/* Takes notes of what was sent, all of it by one device. */
static void take_notes(uint8_t device)
{
	uint32_t bytes;

	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		assert_int_equal(nf_host.sent[i].device, device);
		assert_true(told_count < ADDRESSES_MAX);
		read_announcement(nf_host_sent_bytes(i, &bytes), told[told_count++]);
	}
}

/* Pulls the plug of a device and puts it in again. */
static void plug(uint8_t device)
{
	told_count = 0;
	memset(told, 0, sizeof(told));
	nf_host.link_up[device] = false;
	nf_host_run(SECOND);
	assert_int_equal(nf_host.sent_count, 0);
	nf_host.link_up[device] = true;
	nf_host_run((uint64_t)10 * SECOND);
	take_notes(device);
	nf_host_forget();
	nf_host_run((uint64_t)10 * SECOND);
	assert_int_equal(nf_host.sent_count, 0);
}

enum kind { MASQUERADE, POOL, STATIC, FORWARD };

static const struct row {
	const char *name;
	enum kind kind;
	const char *address, *other; /* a pool's last one, or what stands behind it */
	uint8_t length;
	uint8_t port;
	uint32_t count; /* but for the port's own */
	const char *first, *last;
} rows[] = {
    {"a masqueraded port has no others", MASQUERADE, 0, 0, 0, WAN, 0, 0, 0},
    {"a pool", POOL, "198.51.100.64", "198.51.100.71", 0, WAN, 8, "198.51.100.64", "198.51.100.71"},
    {"a pool's port", POOL, "192.0.2.140", "192.0.2.141", 0, DMZ, 2, "192.0.2.140", "192.0.2.141"},
    {"a pool that is routed to us", POOL, "203.0.113.64", "203.0.113.71", 0, WAN, 0, 0, 0},
    {"a pool with an address of ours", POOL, "198.51.100.1", "198.51.100.2", 0, WAN, 1, "198.51.100.2",
     "198.51.100.2"},
    {"a pool that is larger than the link", POOL, "198.51.99.192", "198.51.101.255", 0, WAN, 190,
     "198.51.100.2", "198.51.100.191"},
    {"1:1", STATIC, "198.51.100.80", "192.0.2.8", 30, WAN, 4, "198.51.100.80", "198.51.100.83"},
    {"1:1, one address", STATIC, "198.51.100.80", "192.0.2.8", 32, WAN, 1, "198.51.100.80", "198.51.100.80"},
    {"1:1 of all the link", STATIC, "198.51.100.0", "10.0.0.0", 24, WAN, 253, "198.51.100.2",
     "198.51.100.254"},
    {"1:1 of everything", STATIC, "0.0.0.0", "0.0.0.0", 0, WAN, 0, 0, 0},
    {"an address that is forwarded", FORWARD, "198.51.100.90", "192.0.2.10", 0, WAN, 1, "198.51.100.90",
     "198.51.100.90"},
    {"IPv6: a pool", POOL, "2001:db8:2::fe", "2001:db8:2::101", 0, WAN, 4, "2001:db8:2::fe",
     "2001:db8:2::101"},
    {"IPv6: 1:1 of all the link", STATIC, "2001:db8:2::", "2001:db8:1::", 64, WAN, NAT_ANNOUNCED_MAX - 2,
     "2001:db8:2::2", "2001:db8:2::ff"},
    {"IPv6: 1:1 of all there is", STATIC, "::", "::", 0, WAN, 0, 0, 0},
    {"IPv6: an address that is forwarded", FORWARD, "2001:db8:2::90", "2001:db8:1::10", 0, WAN, 1,
     "2001:db8:2::90", "2001:db8:2::90"},
};

static void add(const struct row *row)
{
	switch (row->kind) {
	case MASQUERADE:
		nat_add_masquerade(false);
		break;
	case POOL:
		nat_add_pool(row->address, row->other)->out_port = row->port;
		break;
	case STATIC:
		nat_add_static(row->address, row->other, row->length)->port = row->port;
		break;
	case FORWARD:
		nat_add_forward(IPPROTO_TCP, 80, 80, row->other, 0)->any_address = false;
		nat_destinations[nat_destination_count - 1].address = nat_address(row->address);
	}
}

/* Own addresses first, then the others, and after a while the same once more. */
static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		uint32_t once = OWN + row->count;

		print_message("# %s\n", row->name);
		nat_world_clear();
		add(row);
		nf_host_start();
		plug(row->port);
		assert_int_equal(told_count, TWICE * once);
		assert_memory_equal(told[0], told[once], once * sizeof(told[0]));
		if (row->count) {
			assert_string_equal(told[OWN], row->first);
			assert_string_equal(told[once - 1], row->last);
		}
		assert_true(nat_world_ends());
	}
}

/* What one rule says comes behind what another says, and those of other devices are left out. */
static void rules_are_walked_in_turn(void **state)
{
	static const char *const expected[] = {"198.51.100.64", "198.51.100.65", "198.51.100.80",
					       "198.51.100.81", "198.51.100.90"};

	(void)state;
	nat_world_clear();
	nat_add_masquerade(false);
	nat_add_pool("198.51.100.64", "198.51.100.65");
	nat_add_pool("192.0.2.140", "192.0.2.145")->out_port = DMZ;
	nat_add_static("198.51.100.80", "192.0.2.8", 31);
	nat_add_forward(IPPROTO_TCP, 22, 22, "192.0.2.10", 0);
	nat_add_forward(IPPROTO_TCP, 80, 80, "192.0.2.10", 0)->any_address = false;
	nat_destinations[1].address = nat_address("198.51.100.90");
	nf_host_start();
	plug(WAN);
	assert_int_equal(told_count, TWICE * (OWN + 5));
	for (int i = 0; i < 5; i++)
		assert_string_equal(told[OWN + i], expected[i]);
	plug(LAN);
	assert_int_equal(told_count, TWICE * OWN);
	assert_true(nat_world_ends());
}

/* A link with 253 addresses has just come up. */
static void begin_with_many(void)
{
	nat_world_clear();
	nat_add_static("198.51.100.0", "10.0.0.0", 24);
	nf_host_start();
	nf_host.link_up[WAN] = false;
	nf_host_run(SECOND);
	nf_host.link_up[WAN] = true;
}

/* Not all at once: neither the way out nor the pool of packets shall run short. */
static void many_are_told_in_turn(void **state)
{
	uint32_t most = 0, before = 0;

	(void)state;
	begin_with_many();
	for (int i = 0; i < 100; i++) {
		appliance_tick();
		most = nf_host.sent_count - before > most ? nf_host.sent_count - before : most;
		before = nf_host.sent_count;
		host_now_ns += SECOND / 1000;
	}
	assert_int_equal(nf_host.sent_count, OWN + 253);
	assert_in_range(most, 1, 32);
	nf_host_forget();
	assert_true(nat_world_ends());
}

/* A link that goes down in the midst of it is told all from the start. */
static void a_link_that_flaps_hears_all(void **state)
{
	(void)state;
	begin_with_many();
	nf_host_run(SECOND / 200);
	assert_in_range(nf_host.sent_count, OWN + 1, OWN + 252);
	nf_host_forget();
	plug(WAN);
	assert_int_equal(told_count, TWICE * (OWN + 253));
	assert_true(nat_world_ends());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row),
	    cmocka_unit_test(rules_are_walked_in_turn),
	    cmocka_unit_test(many_are_told_in_turn),
	    cmocka_unit_test(a_link_that_flaps_hears_all),
	};

	return cmocka_run_group_tests_name("nat_announce", tests, NULL, NULL);
}
