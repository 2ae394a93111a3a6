/* SPDX-License-Identifier: Apache-2.0
 *
 * Any traffic through any rules: what leaves has right checksums and no inside address, no two flows of one
 * peer look the same from outside, and when all is over nothing is left.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/flow/flow.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { WORLDS = 40, PACKETS = 1500, TYPES = 5 };

static uint32_t any_of(uint32_t count)
{
	return (host_random() >> 32) * count >> 32;
}

/* Rules such that all that leaves by wan is translated: the last takes what others leave. */
static void any_rules(void)
{
	nat_world_clear();
	nat_hairpins = any_of(4) != 0;
	if (any_of(2))
		nat_add_static("198.51.100.80", "192.0.2.12", 32);
	if (any_of(2))
		nat_add_forward(any_of(2) ? IPPROTO_TCP : IPPROTO_UDP, 50, 54, "192.0.2.11",
				any_of(2) ? 0 : 80);
	if (any_of(2))
		nat_add_forward(0, 0, 65535, "192.0.2.130", 0);
	if (any_of(2)) {
		struct nat_source_rule *rule =
		    nat_add_pool("198.51.100.64", any_of(2) ? "198.51.100.64" : "198.51.100.67");
		rule->protocol = any_of(2) ? IPPROTO_TCP : 0;
		rule->in_port = any_of(2) ? LAN : PORT_NONE;
	}
	nat_add_masquerade(false);
	nat_add_masquerade(true);
	for (uint32_t i = 0; i < nat_source_count; i++) {
		nat_sources[i].mapping = any_of(2);
		nat_sources[i].filtering = any_of(3);
		if (any_of(2))
			nat_sources[i].port_high = nat_sources[i].port_low + any_of(30);
	}
}

static uint8_t any_protocol(bool ipv6)
{
	const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_GRE,
				     ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP};

	return protocols[any_of(sizeof(protocols))];
}

static const char *any_inside(bool ipv6, uint8_t *port)
{
	static const char *const hosts4[] = {"192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.130"};
	static const char *const hosts6[] = {"2001:db8:1::10", "2001:db8:1::11", "2001:db8:1::12",
					     "2001:db8:3::30"};
	uint32_t host = any_of(4);

	*port = host == 3 ? DMZ : LAN;
	return ipv6 ? hosts6[host] : hosts4[host];
}

static const char *any_outside(bool ipv6)
{
	static const char *const hosts4[] = {"203.0.113.1", "203.0.113.2", "203.0.113.3"};
	static const char *const hosts6[] = {"2001:db8:f::1", "2001:db8:f::2", "2001:db8:f::3"};

	return ipv6 ? hosts6[any_of(3)] : hosts4[any_of(3)];
}

static const char *any_external(bool ipv6)
{
	static const char *const addresses[] = {"198.51.100.1", "198.51.100.64", "198.51.100.66",
						"198.51.100.80"};

	return ipv6 ? "2001:db8:2::1" : addresses[any_of(4)];
}

/* Few endpoints, so that they meet; and ports that were given out. */
static const char *any_packet(uint16_t given)
{
	bool ipv6 = any_of(4) == 0, inward = any_of(3) == 0;
	uint8_t port = WAN;
	struct craft craft = {
	    .protocol = any_protocol(ipv6),
	    .source_port = any_of(2) ? 50 + any_of(5) : 4000 + any_of(40),
	    .destination_port = any_of(2) ? 50 + any_of(5) : given,
	    .tcp_flags = any_of(3) ? 2 : 16 + any_of(3) * 1,
	    .payload = any_of(60),
	};

	craft.source = inward ? any_outside(ipv6) : any_inside(ipv6, &port);
	craft.destination = inward || any_of(5) == 0 ? any_external(ipv6) : any_outside(ipv6);
	if (craft.protocol == IPPROTO_ICMP)
		craft.destination_port = any_of(2) ? 8 << 8 : 0;
	if (craft.protocol == IPPROTO_ICMPV6)
		craft.destination_port = any_of(2) ? 128 << 8 : 129 << 8;
	if (craft.protocol == IPPROTO_TCP && craft.tcp_flags == 2)
		craft.payload = 0;
	return nat_pass(port, &craft);
}

/* Inside addresses are not seen on wan; checksums are right. */
static void assert_proper(uint32_t index)
{
	const char *said = nat_said(index);

	assert_null(strstr(said, "CHECKSUM"));
	if (strncmp(said, "wan", 3) != 0)
		return;
	assert_null(strstr(said, "192.0.2."));
	assert_null(strstr(said, "2001:db8:1:"));
	assert_null(strstr(said, "2001:db8:3:"));
}

/* An error about what has just left: from where it went, or from on the way. */
static void answer_with_error(void)
{
	uint8_t about[CRAFT_MAX], frame[CRAFT_MAX], *ip = about + 14;
	char from[46], to[46];
	uint32_t count;
	const uint8_t *sent = nf_host_sent_bytes(0, &count);
	uint8_t port = nf_host.sent[0].device;
	size_t bytes;

	if (ip[0] >> 4 != 4 && (sent[12] != 8 || sent[13] != 0))
		return;
	memcpy(about, sent, count);
	if (ip[9] == IPPROTO_ICMP && ip[20] != 8 && ip[20] != 0)
		return;
	snprintf(to, sizeof(to), "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
	snprintf(from, sizeof(from), "%u.%u.%u.%u", ip[16], ip[17], ip[18],
		 any_of(2) ? ip[19]
			   : (port == LAN   ? 99
			      : port == DMZ ? 199
					    : 77));
	bytes =
	    nat_error(frame, from, to, 3 << 8 | any_of(4), about, RTE_MIN(20 + 8 + any_of(60), count - 14));
	memcpy(frame, port_configs[port].mac, 6);
	nat_pass_frame(port, frame, bytes);
	for (uint32_t i = 0; i < nf_host.sent_count; i++)
		assert_proper(i);
}

static void any_traffic_is_proper_and_ends(void **state)
{
	uint64_t translated = 0, errors = 0;

	(void)state;
	for (int world = 0; world < WORLDS; world++) {
		uint16_t given = 5000;

		nf_host_start();
		for (int i = 0; i < world; i++)
			host_random();
		any_rules();
		nf_host_start();
		for (int i = 0; i < world; i++)
			host_random();
		for (int i = 0; i < PACKETS; i++) {
			any_packet(given);
			for (uint32_t j = 0; j < nf_host.sent_count; j++)
				assert_proper(j);
			if (nf_host.sent_count == 1 && strcmp(nat_said(0), "arp") != 0) {
				translated++;
				if (nf_host.sent[0].device == WAN && any_of(2))
					given = nat_last_port();
				if (any_of(8) == 0) {
					answer_with_error();
					errors += nf_host.sent_count;
				}
			}
			if (any_of(20) == 0)
				nf_host_run((uint64_t)any_of(60) * SECOND);
			assert_true(stats.flow.bindings <= stats.flow.flows);
		}
		assert_true(nf_host_books_balance());
		assert_true(nat_world_ends());
	}
	print_message("# %lu packets, %lu errors\n", translated, errors);
	assert_true(translated > WORLDS * PACKETS / 4);
	assert_true(errors > WORLDS * 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_traffic_is_proper_and_ends),
	};

	return cmocka_run_group_tests_name("nat_random", tests, NULL, NULL);
}
