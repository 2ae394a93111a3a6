/* SPDX-License-Identifier: Apache-2.0
 *
 * Which external ports flows get: RFC 4787, section 4.2 (ranges, parity), RFC 6056 (at random), and what
 * happens when there are none left.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { SYN = 2, ACK = 16, ECHO = 8 << 8, PORTS = 65536 };

static struct nat_source_rule *start(uint16_t low, uint16_t high, uint8_t mapping)
{
	struct nat_source_rule *rule;

	nat_world_clear();
	rule = nat_add_masquerade(false);
	rule->port_low = low;
	rule->port_high = high;
	rule->mapping = mapping;
	nf_host_start();
	return rule;
}

static const char *send_from(uint8_t protocol, uint16_t port, uint16_t to_port)
{
	struct craft craft = {
	    .source = "192.0.2.10",
	    .destination = "203.0.113.1",
	    .protocol = protocol,
	    .source_port = port,
	    .destination_port = protocol == IPPROTO_ICMP ? ECHO : to_port,
	    .tcp_flags = SYN,
	};

	return nat_pass(LAN, &craft);
}

static uint16_t port_for(uint8_t protocol, uint16_t port, uint16_t to_port)
{
	assert_true(nat_fits(send_from(protocol, port, to_port), "wan *"));
	return nat_last_port();
}

static const struct {
	const char *name;
	uint16_t low, high; /* of the rule */
	uint8_t protocol;
	uint16_t port;	      /* inside */
	uint16_t least, most; /* outside */
	bool parity;
} rows[] = {
    {"RFC 4787, REQ-3a: above 1024 stays above", 1, 65535, IPPROTO_UDP, 4000, 1024, 65535, true},
    {"REQ-3a, TCP", 1, 65535, IPPROTO_TCP, 4001, 1024, 65535, false},
    {"REQ-3a: below 1024 stays below", 1, 65535, IPPROTO_UDP, 123, 1, 1023, true},
    {"REQ-3a, TCP", 1, 65535, IPPROTO_TCP, 514, 1, 1023, false},
    {"port 0", 1, 65535, IPPROTO_TCP, 0, 1, 1023, false},
    {"the last below", 1, 65535, IPPROTO_UDP, 1023, 1, 1023, true},
    {"the first above", 1, 65535, IPPROTO_UDP, 1024, 1024, 65535, true},
    {"below, where the rule has none", 1024, 65535, IPPROTO_UDP, 123, 1024, 65535, true},
    {"above, where the rule has none", 1, 1023, IPPROTO_UDP, 4000, 1, 1023, true},
    {"REQ-4: even", 20000, 20009, IPPROTO_UDP, 4000, 20000, 20008, true},
    {"REQ-4: odd", 20000, 20009, IPPROTO_UDP, 4001, 20001, 20009, true},
    {"even of one that is odd", 20001, 20001, IPPROTO_UDP, 4000, 20001, 20001, false},
    {"an identifier is no port", 20000, 20001, IPPROTO_ICMP, 77, 20000, 20001, false},
    {"the last port there is", 65535, 65535, IPPROTO_TCP, 4000, 65535, 65535, false},
};

static void ports_have_their_range_and_parity(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint8_t mapping = 0; mapping < 2; mapping++) {
			print_message("# %s\n", rows[i].name);
			start(rows[i].low, rows[i].high, mapping);
			for (int j = 0; j < 3; j++) {
				uint16_t port = port_for(rows[i].protocol, rows[i].port, 53);

				assert_in_range(port, rows[i].least, rows[i].most);
				if (rows[i].parity)
					assert_int_equal(port % 2, rows[i].port % 2);
				nf_host_run((uint64_t)600 * SECOND);
			}
			assert_true(nat_world_ends());
		}
}

/* Over many flows every part of the range is met about as often as any other, and no port follows another. */
static void ports_are_random(void **state)
{
	enum { FLOWS = 2000, PARTS = 8 };
	int parts[PARTS] = {0}, steps = 0;
	uint16_t last = 0;

	(void)state;
	start(1024, 65535, NAT_MAPPING_ENDPOINT_INDEPENDENT);
	for (int i = 0; i < FLOWS; i++) {
		uint16_t port = port_for(IPPROTO_TCP, 2000 + i, 80);

		parts[(port - 1024) * PARTS / (65536 - 1024)]++;
		steps += port - last == 1 || port - last == 2;
		last = port;
	}
	for (int i = 0; i < PARTS; i++)
		assert_in_range(parts[i], FLOWS / PARTS * 3 / 4, FLOWS / PARTS * 5 / 4);
	assert_in_range(steps, 0, 3);
	assert_true(nat_world_ends());
}

/* Takes a rule's ports to the last: each is given once. */
static void fill(uint16_t ports, uint8_t protocol)
{
	bool given[PORTS] = {0};

	for (uint16_t i = 0; i < ports; i++) {
		uint16_t port = port_for(protocol, 2000 + i, 80);

		assert_in_range(port, 30000, 30000 + ports - 1);
		assert_false(given[port]);
		given[port] = true;
	}
}

static const struct {
	const char *name;
	uint8_t protocol, mapping;
} kinds[] = {
    {"TCP, endpoint-independent", IPPROTO_TCP, NAT_MAPPING_ENDPOINT_INDEPENDENT},
    {"UDP, endpoint-independent", IPPROTO_UDP, NAT_MAPPING_ENDPOINT_INDEPENDENT},
    {"ICMP, endpoint-independent", IPPROTO_ICMP, NAT_MAPPING_ENDPOINT_INDEPENDENT},
    {"TCP, dependent", IPPROTO_TCP, NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT},
    {"UDP, dependent", IPPROTO_UDP, NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT},
};

static void every_port_is_given_and_no_more(void **state)
{
	enum { COUNT = 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		print_message("# %s\n", kinds[i].name);
		start(30000, 30000 + COUNT - 1, kinds[i].mapping);
		fill(COUNT, kinds[i].protocol);
		for (int j = 0; j < 3; j++)
			assert_true(nat_fits(send_from(kinds[i].protocol, 9000 + j, 80),
					     "lan icmp 3/13 192.0.2.1 > 192.0.2.10 {* 192.0.2.10* > "
					     "203.0.113.1*}")); /* RFC 5508, REQ-8 */
		assert_int_equal(stats.dropped[DROP_NAT_EXHAUSTED], 3);
		assert_int_equal(stats.flow.nat_exhausted, 3);
		assert_int_equal(stats.flow.refused, 3);
		assert_int_equal(stats.flow.flows, COUNT);
		/* Nobody else is disturbed. */
		assert_in_range(port_for(kinds[i].protocol, 2000, 80), 30000, 30000 + COUNT - 1);
		assert_true(nat_world_ends());
	}
}

/* Parity is recommended, and a port of the other one is better than none; so is one above 1023. */
static void last_ports_have_any_parity_and_range(void **state)
{
	(void)state;
	start(30000, 30009, NAT_MAPPING_ENDPOINT_INDEPENDENT);
	for (uint16_t i = 0; i < 10; i++)
		assert_in_range(port_for(IPPROTO_UDP, 2001 + 2 * i, 80), 30000, 30009);
	assert_true(nat_world_ends());

	start(1020, 1030, NAT_MAPPING_ENDPOINT_INDEPENDENT);
	for (uint16_t i = 0; i < 11; i++)
		assert_in_range(port_for(IPPROTO_UDP, 100 + i, 80), i < 4 ? 1020 : 1024, i < 4 ? 1023 : 1030);
	assert_true(nat_world_ends());
}

/* By address and port, a port that one peer's flows use up is free for another's. */
static void exhaustion_is_towards_one_peer(void **state)
{
	(void)state;
	start(30000, 30009, NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT);
	fill(10, IPPROTO_TCP);
	assert_true(nat_fits(send_from(IPPROTO_TCP, 9000, 80), "lan icmp 3/13 *"));
	assert_in_range(port_for(IPPROTO_TCP, 9000, 81), 30000, 30009);
	assert_true(nat_world_ends());
}

static void ports_come_back_with_time(void **state)
{
	(void)state;
	for (uint8_t mapping = 0; mapping < 2; mapping++) {
		start(30000, 30009, mapping);
		fill(10, IPPROTO_UDP);
		assert_true(nat_fits(send_from(IPPROTO_UDP, 9000, 80), "lan icmp 3/13 *"));
		nf_host_run((uint64_t)130 * SECOND);
		fill(10, IPPROTO_UDP);
		assert_true(nat_fits(send_from(IPPROTO_UDP, 9000, 80), "lan icmp 3/13 *"));
		assert_true(nat_world_ends());
	}
}

static int logged_shortages(void)
{
	int count = 0;

	for (uint32_t i = 0; i < nf_host.logged_count; i++)
		count += strstr(nf_host.logged[i], "masquerade") != NULL &&
			 strstr(nf_host.logged[i], "port") != NULL;
	nf_host.logged_count = 0;
	return count;
}

/* Once while it lasts; and when ports go to and fro, not each time that the last one is taken. */
static void exhaustion_is_logged_once(void **state)
{
	int lines = 0;

	(void)state;
	start(30000, 30001, NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT);
	fill(2, IPPROTO_ICMP);
	for (int i = 0; i < 20; i++) {
		send_from(IPPROTO_ICMP, 9000 + i, 0);
		lines += logged_shortages();
	}
	assert_int_equal(lines, 1);
	for (int i = 0; i < 20; i++) { /* identifiers 9000 and 9001 do not compete with the two before */
		nf_host_run((uint64_t)2 * SECOND);
		send_from(IPPROTO_TCP, 9000 + i, 80);
		lines += logged_shortages();
	}
	assert_in_range(lines, 1, 2);
	nf_host_run((uint64_t)400 * SECOND); /* all is free again */
	fill(2, IPPROTO_ICMP);
	send_from(IPPROTO_ICMP, 9000, 0);
	assert_int_equal(logged_shortages(), 1);
	assert_true(nat_world_ends());
}

/* A port comes free every few seconds, and is taken at once: the log stays quiet. */
static void log_stays_quiet_at_the_brink(void **state)
{
	int lines = 0, given = 0;

	(void)state;
	start(30000, 30039, NAT_MAPPING_ENDPOINT_INDEPENDENT);
	for (uint16_t i = 0; i < 600; i++) {
		nf_host_run(SECOND);
		given += strncmp(send_from(IPPROTO_UDP, 2000 + i, 80), "wan", 3) == 0;
		lines += logged_shortages();
	}
	assert_in_range(given, 160, 200); /* 40 each two minutes */
	assert_in_range(lines, 1, 11);	  /* in ten minutes */
	assert_true(nat_world_ends());
}

/* RFC 4787, REQ-2: a host whose address has no port left gets none elsewhere; those with another are not
 * disturbed. */
static void used_up_address_is_not_left(void **state)
{
	struct craft craft = {.source = "192.0.2.10",
			      .destination = "203.0.113.1",
			      .protocol = IPPROTO_TCP,
			      .destination_port = 80,
			      .tcp_flags = SYN};
	int others = 0;

	(void)state;
	nat_world_clear();
	nat_add_pool("198.51.100.64", "198.51.100.67")->port_low = 30000;
	nat_sources[0].port_high = 30004;
	nf_host_start();
	for (uint16_t i = 0; i < 7; i++) {
		craft.source_port = 2000 + i;
		assert_true(nat_fits(nat_pass(LAN, &craft),
				     i < 5 ? "wan tcp 198.51.100.6?.3000? > *" : "lan icmp 3/13 *"));
	}
	for (uint8_t host = 11; host < 40; host++) {
		char from[20];

		snprintf(from, sizeof(from), "192.0.2.%u", host);
		craft.source = from;
		others += strncmp(nat_pass(LAN, &craft), "wan", 3) == 0;
	}
	assert_in_range(others, 10, 15); /* three addresses, five ports each */
	assert_true(nat_world_ends());
}

/* What a packet says that it left from: "198.51.100.64.30000". */
static void left_from(struct craft *craft, char from[80])
{
	assert_int_equal(sscanf(nat_pass(LAN, craft), "wan udp %79s >", from), 1);
	assert_true(nat_fits(from, "198.51.100.6?.3000?"));
}

/* RFC 7857, section 4, allows it where somebody asks for it. A mapping stays where it is, for all that. */
static void used_up_address_is_left_where_pooling_is_arbitrary(void **state)
{
	enum { ADDRESSES = 4, EACH = 5, FLOWS = ADDRESSES * EACH };
	struct craft craft = {.source = "192.0.2.10",
			      .destination = "203.0.113.1",
			      .protocol = IPPROTO_UDP,
			      .destination_port = 80};
	char from[FLOWS][80], again[80];

	(void)state;
	nat_world_clear();
	nat_add_pool("198.51.100.64", "198.51.100.67")->arbitrary = true;
	nat_sources[0].port_low = 30000;
	nat_sources[0].port_high = 30000 + EACH - 1;
	nf_host_start();
	for (int i = 0; i < FLOWS; i++) {
		craft.source_port = 2000 + i;
		left_from(&craft, from[i]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(from[i], from[j]);
		assert_int_equal(strncmp(from[i], from[0], strlen("198.51.100.64")) == 0, i < EACH);
	}
	craft.source_port = 9000;
	assert_true(nat_fits(nat_pass(LAN, &craft), "lan icmp 3/13 *"));
	craft.source = "192.0.2.11";
	assert_true(nat_fits(nat_pass(LAN, &craft), "lan icmp 3/13 *"));
	assert_int_equal(stats.flow.nat_exhausted, 2);
	craft.source = "192.0.2.10";
	craft.destination = "203.0.113.2";
	for (int i = 0; i < FLOWS; i++) {
		craft.source_port = 2000 + i;
		left_from(&craft, again);
		assert_string_equal(again, from[i]);
	}
	nf_host_run((uint64_t)100 * SECOND);
	craft.source_port = 2000 + FLOWS - 1;
	left_from(&craft, again);
	nf_host_run((uint64_t)100 * SECOND);
	assert_int_equal(stats.flow.bindings, 1); /* its host's own address is free again */
	craft.destination = "203.0.113.3";
	left_from(&craft, again);
	assert_string_equal(again, from[FLOWS - 1]);
	assert_true(nat_world_ends());
}

/* With a port for each peer, too; and of a pool that is as large as it can be, a few addresses are asked. */
static void other_addresses_are_asked_for_each_peer(void **state)
{
	int left = 0;

	(void)state;
	nat_world_clear();
	nat_add_pool("198.51.100.64", "198.51.100.127")->arbitrary = true;
	nat_sources[0].mapping = NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT;
	nat_sources[0].port_low = nat_sources[0].port_high = 30000;
	nf_host_start();
	for (uint16_t i = 0; i < 20; i++)
		left += nat_fits(send_from(IPPROTO_TCP, 2000 + i, 80), i < 8 ? "wan *" : "lan icmp 3/13 *");
	assert_int_equal(left, 20);
	assert_true(nat_fits(send_from(IPPROTO_TCP, 2000, 81), "wan *"));
	assert_true(nat_world_ends());
}

/* Looking for the last port costs much, and is done only so often in a time. Here TCP has none left and asks
 * all the time; UDP's second even port is taken from the odd ones, which chance does not try. */
static void searches_are_limited(void **state)
{
	struct nat_source_rule *udp;

	(void)state;
	start(30000, 30001, NAT_MAPPING_ENDPOINT_INDEPENDENT)->protocol = IPPROTO_TCP;
	udp = nat_add_masquerade(false);
	udp->port_low = 30000;
	udp->port_high = 30001;
	fill(2, IPPROTO_TCP);
	port_for(IPPROTO_UDP, 4000, 80);
	for (int i = 0; i < 3000; i++)
		send_from(IPPROTO_TCP, 9000, 80);
	assert_string_equal(send_from(IPPROTO_UDP, 4002, 80), ""); /* errors are limited, too */
	assert_int_equal(stats.dropped[DROP_NAT_EXHAUSTED], 3001);
	nf_host_run(SECOND / 10);
	assert_int_equal(port_for(IPPROTO_UDP, 4002, 80), 30001);
	assert_true(nat_world_ends());
}

/* In a large range that is nearly full, a port that is free is found soon: here, that of a flow that ended.
 */
static void free_port_is_found_in_a_full_range(void **state)
{
	enum { COUNT = 3000 };
	struct craft craft = {.source = "192.0.2.10",
			      .destination = "203.0.113.1",
			      .protocol = IPPROTO_TCP,
			      .source_port = 5000,
			      .destination_port = 80,
			      .tcp_flags = SYN};
	int tries = 0;

	(void)state;
	start(30000, 30000 + COUNT - 1, NAT_MAPPING_ENDPOINT_INDEPENDENT);
	craft.protocol = IPPROTO_UDP;
	for (int i = 0; i < COUNT - 1; i++) {
		craft.source_port = 2000 + i;
		for (tries = 0; tries < 10 && !nat_fits(nat_pass(LAN, &craft), "wan *"); tries++)
			nf_host_run(SECOND / 100);
		assert_in_range(tries, 0, 9);
	}
	assert_int_equal(stats.flow.bindings, COUNT - 1);
	assert_true(nat_world_ends());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ports_have_their_range_and_parity),
	    cmocka_unit_test(ports_are_random),
	    cmocka_unit_test(every_port_is_given_and_no_more),
	    cmocka_unit_test(last_ports_have_any_parity_and_range),
	    cmocka_unit_test(exhaustion_is_towards_one_peer),
	    cmocka_unit_test(ports_come_back_with_time),
	    cmocka_unit_test(exhaustion_is_logged_once),
	    cmocka_unit_test(log_stays_quiet_at_the_brink),
	    cmocka_unit_test(used_up_address_is_not_left),
	    cmocka_unit_test(used_up_address_is_left_where_pooling_is_arbitrary),
	    cmocka_unit_test(other_addresses_are_asked_for_each_peer),
	    cmocka_unit_test(searches_are_limited),
	    cmocka_unit_test(free_port_is_found_in_a_full_range),
	};

	return cmocka_run_group_tests_name("nat_port", tests, NULL, NULL);
}
