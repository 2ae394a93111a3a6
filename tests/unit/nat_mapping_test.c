/* SPDX-License-Identifier: Apache-2.0
 *
 * Mappings and filtering, by the requirements of RFC 4787 (UDP), RFC 5382 (TCP) and RFC 5508 (ICMP queries).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { SYN = 2, RST = 4, ACK = 16, MINUTE = 60, ECHO = 8 << 8, ECHO6 = 128 << 8 };

/* A world with one masquerading rule. */
static struct nat_source_rule *start(uint8_t mapping, uint8_t filtering)
{
	struct nat_source_rule *rule;

	nat_world_clear();
	rule = nat_add_masquerade(false);
	rule->mapping = mapping;
	rule->filtering = filtering;
	nf_host_start();
	return rule;
}

static struct craft packet(uint8_t protocol, const char *from, uint16_t from_port, const char *to,
			   uint16_t to_port)
{
	return (struct craft){
	    .source = from,
	    .destination = to,
	    .protocol = protocol,
	    .source_port = from_port,
	    .destination_port = to_port,
	    .tcp_flags = SYN,
	    .sequence = 1000,
	    .payload = protocol == IPPROTO_UDP ? 11 : 0,
	};
}

/* Sends from inside, and returns the external port that it got. */
static uint16_t out(uint8_t protocol, const char *from, uint16_t from_port, const char *to, uint16_t to_port)
{
	struct craft craft = packet(protocol, from, from_port, to, to_port);

	assert_true(nat_fits(nat_pass(LAN, &craft), "wan *"));
	return nat_last_port();
}

/* Whether it comes in to the host .10. */
static bool comes_in(uint8_t protocol, const char *from, uint16_t from_port, uint16_t to_port)
{
	struct craft craft = packet(protocol, from, from_port, "198.51.100.1", to_port);
	char wanted[100];

	snprintf(wanted, sizeof(wanted), "lan %s %s.%u > 192.0.2.10.4000",
		 protocol == IPPROTO_UDP ? "udp" : "tcp", from, from_port);
	return strcmp(nat_pass(WAN, &craft), wanted) == 0;
}

static const uint8_t both[] = {IPPROTO_UDP, IPPROTO_TCP};
static const char *const names[] = {"UDP", "TCP"};

/* RFC 4787, REQ-1; RFC 5382, REQ-1. */
static void mapping_is_endpoint_independent(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		uint16_t port, other;

		print_message("# %s\n", names[i]);
		start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
		port = out(both[i], "192.0.2.10", 4000, "203.0.113.1", 53);
		assert_int_equal(out(both[i], "192.0.2.10", 4000, "203.0.113.1", 54), port);
		assert_int_equal(out(both[i], "192.0.2.10", 4000, "203.0.113.2", 53), port);
		other = out(both[i], "192.0.2.10", 4001, "203.0.113.1", 53);
		assert_int_not_equal(other, port);
		assert_int_not_equal(out(both[i], "192.0.2.11", 4000, "203.0.113.1", 53), port);
		assert_int_equal(stats.flow.bindings, 3);
		assert_true(nat_world_ends());
	}
}

/* The same port of UDP and TCP are two endpoints. */
static void protocols_have_mappings_of_their_own(void **state)
{
	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
	assert_int_equal(stats.flow.bindings, 1);
	out(IPPROTO_TCP, "192.0.2.10", 4000, "203.0.113.1", 53);
	assert_int_equal(stats.flow.bindings, 2);
	assert_true(nat_world_ends());
}

/* Ports are chosen for each peer: of many flows hardly any two have the same by chance. */
static void mapping_depends_on_address_and_port(void **state)
{
	uint16_t port;
	int same = 0;

	(void)state;
	start(NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT, NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT);
	port = out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
	assert_int_equal(out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53), port);
	for (uint16_t to = 100; to < 120; to++)
		same += out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", to) == port;
	assert_in_range(same, 0, 1);
	assert_int_equal(stats.flow.bindings, 0);
	assert_true(nat_world_ends());
}

/* RFC 7857, section 3: flows to different peers may share an external port, and nobody is confused. */
static void peers_share_a_port(void **state)
{
	struct craft reply;
	struct nat_source_rule *rule;

	(void)state;
	rule = start(NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT, NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT);
	rule->port_low = rule->port_high = 5000;
	assert_int_equal(out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53), 5000);
	assert_int_equal(out(IPPROTO_UDP, "192.0.2.11", 4000, "203.0.113.2", 53), 5000);
	reply = packet(IPPROTO_UDP, "203.0.113.1", 53, "198.51.100.1", 5000);
	assert_string_equal(nat_pass(WAN, &reply), "lan udp 203.0.113.1.53 > 192.0.2.10.4000");
	reply.source = "203.0.113.2";
	assert_string_equal(nat_pass(WAN, &reply), "lan udp 203.0.113.2.53 > 192.0.2.11.4000");
	assert_true(nat_world_ends());
}

/* RFC 4787, section 5 and REQ-8; RFC 5382, REQ-3. The host has talked to 203.0.113.1, port 53. */
static const struct {
	const char *name;
	uint8_t filtering;
	bool same, other_port, other_address; /* may come in */
} filters[] = {
    {"endpoint-independent", NAT_FILTERING_ENDPOINT_INDEPENDENT, true, true, true},
    {"address-dependent", NAT_FILTERING_ADDRESS_DEPENDENT, true, true, false},
    {"address and port-dependent", NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT, true, false, false},
};

static void check_filter(size_t row, uint8_t protocol)
{
	uint16_t port;

	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, filters[row].filtering);
	port = out(protocol, "192.0.2.10", 4000, "203.0.113.1", 53);
	assert_int_equal(comes_in(protocol, "203.0.113.1", 53, port), filters[row].same);
	assert_int_equal(comes_in(protocol, "203.0.113.1", 54, port), filters[row].other_port);
	assert_int_equal(comes_in(protocol, "203.0.113.2", 53, port), filters[row].other_address);
	assert_false(comes_in(protocol, "203.0.113.1", 54, port + 2));
	assert_true(nat_world_ends());
}

static void filtering_is_as_configured(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		for (int j = 0; j < 2; j++) {
			print_message("# %s, %s\n", filters[i].name, names[j]);
			check_filter(i, both[j]);
		}
}

/* A flow that has a port of its own towards one peer keeps off the ports of mappings. */
static void mappings_keep_their_ports(void **state)
{
	struct nat_source_rule *mapped, *other;

	(void)state;
	nat_world_clear();
	mapped = nat_add_masquerade(false);
	mapped->source = nat_prefix("192.0.2.10", 32);
	other = nat_add_masquerade(false);
	other->mapping = NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT;
	mapped->port_low = other->port_low = 5000;
	mapped->port_high = 5000;
	other->port_high = 5001;
	nf_host_start();
	assert_int_equal(out(IPPROTO_TCP, "192.0.2.10", 4000, "203.0.113.1", 80), 5000);
	for (uint16_t port = 80; port < 90; port++)
		assert_int_equal(out(IPPROTO_TCP, "192.0.2.11", 4000, "203.0.113.2", port), 5001);
	assert_true(nat_world_ends());
}

/* Each rule filters its own mappings, also where rules share an address. */
static void rules_filter_their_own(void **state)
{
	struct nat_source_rule *open, *closed;
	uint16_t udp, tcp;

	(void)state;
	nat_world_clear();
	open = nat_add_masquerade(false);
	open->protocol = IPPROTO_UDP;
	open->filtering = NAT_FILTERING_ENDPOINT_INDEPENDENT;
	closed = nat_add_masquerade(false);
	closed->filtering = NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT;
	nf_host_start();
	udp = out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
	tcp = out(IPPROTO_TCP, "192.0.2.10", 4000, "203.0.113.1", 53);
	assert_true(comes_in(IPPROTO_UDP, "203.0.113.2", 53, udp));
	assert_false(comes_in(IPPROTO_TCP, "203.0.113.2", 53, tcp));
	assert_true(nat_world_ends());
}

/* Filtering by address goes by the flows that are there. */
static void contacts_end_with_their_flows(void **state)
{
	uint16_t port;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ADDRESS_DEPENDENT);
	port = out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
	nf_host_run((uint64_t)MINUTE * SECOND);
	assert_int_equal(out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.2", 53), port);
	assert_true(comes_in(IPPROTO_UDP, "203.0.113.2", 99, port));
	nf_host_run((uint64_t)90 * SECOND); /* the first is over now */
	assert_false(comes_in(IPPROTO_UDP, "203.0.113.1", 98, port));
	assert_true(comes_in(IPPROTO_UDP, "203.0.113.2", 98, port));
	assert_true(nat_world_ends());
}

/* A mapping has as many as it has flows. */
static void contacts_are_many(void **state)
{
	enum { MANY = 600 };
	char to[32];
	uint16_t port = 0;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ADDRESS_DEPENDENT);
	for (int i = 0; i < MANY; i++) {
		snprintf(to, sizeof(to), "203.0.%d.%d", i / 200, 1 + i % 200);
		port = out(IPPROTO_UDP, "192.0.2.10", 4000, to, 53);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(to, sizeof(to), "203.0.%d.%d", i / 200, 1 + i % 200);
		assert_true(comes_in(IPPROTO_UDP, to, 99, port));
	}
	assert_false(comes_in(IPPROTO_UDP, "203.0.113.1", 99, port));
	assert_true(nat_world_ends());
}

static const char *const contact = "203.0.113.1";
static const char *const company[] = {"203.0.113.2", "203.0.113.3", "203.0.113.4"};

/* Time goes by, and flows with others go on. */
static void others_go_on(int seconds)
{
	nf_host_run((uint64_t)seconds * SECOND);
	for (int i = 0; i < 3; i++)
		out(IPPROTO_UDP, "192.0.2.10", 4000, company[i], 53);
}

/* Three flows with one address among others, which end in that order; what comes in meanwhile is a flow,
 * too.
 */
static void end_in_order(const int order[3])
{
	uint16_t port = 0;

	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ADDRESS_DEPENDENT);
	for (int i = 0; i < 3; i++) {
		out(IPPROTO_UDP, "192.0.2.10", 4000, contact, 50 + i);
		port = out(IPPROTO_UDP, "192.0.2.10", 4000, company[i], 53);
	}
	for (int ended = 1; ended <= 2; ended++) {
		others_go_on(70);
		for (int i = ended; i < 3; i++)
			out(IPPROTO_UDP, "192.0.2.10", 4000, contact, 50 + order[i]);
		others_go_on(30);
	}
	assert_true(comes_in(IPPROTO_UDP, contact, 90, port)); /* thanks to the last of the three */
	others_go_on(110);
	assert_true(comes_in(IPPROTO_UDP, contact, 91, port)); /* thanks to the one that came in */
	others_go_on(70);
	others_go_on(70);
	assert_false(comes_in(IPPROTO_UDP, contact, 92, port));
	assert_true(comes_in(IPPROTO_UDP, company[0], 92, port));
	assert_true(nat_world_ends());
}

static void contacts_outlive_the_first_flow(void **state)
{
	static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		end_in_order(orders[i]);
}

/* RFC 4787, REQ-5 and REQ-6: a mapping lives for two minutes at least, and what leaves refreshes it. */
static void mapping_lives_as_long_as_its_flows(void **state)
{
	uint16_t port;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	port = out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
	for (int i = 0; i < 5; i++) {
		nf_host_run((uint64_t)119 * SECOND);
		assert_int_equal(stats.flow.bindings, 1);
		assert_int_equal(out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53), port);
	}
	nf_host_run((uint64_t)125 * SECOND);
	assert_int_equal(stats.flow.bindings, 0);
	assert_false(comes_in(IPPROTO_UDP, "203.0.113.2", 53, port));
	assert_true(nat_world_ends());
}

/* A flow that came in keeps the mapping when the first one is over. */
static void inbound_flow_holds_the_mapping(void **state)
{
	uint16_t port;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	port = out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
	nf_host_run((uint64_t)100 * SECOND);
	assert_true(comes_in(IPPROTO_UDP, "203.0.113.2", 77, port));
	nf_host_run((uint64_t)100 * SECOND); /* the first is over, the second isn't */
	assert_int_equal(stats.flow.flows, 1);
	assert_int_equal(stats.flow.bindings, 1);
	assert_true(comes_in(IPPROTO_UDP, "203.0.113.3", 78, port));
	assert_int_equal(out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.4", 53), port);
	assert_true(nat_world_ends());
}

/* The host answers whom let in: by the same flow, from the external endpoint. */
static void inbound_flow_is_answered(void **state)
{
	struct craft answer;
	uint16_t port;
	char wanted[80];

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	port = out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
	assert_true(comes_in(IPPROTO_UDP, "203.0.113.2", 77, port));
	answer = packet(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.2", 77);
	snprintf(wanted, sizeof(wanted), "wan udp 198.51.100.1.%u > 203.0.113.2.77", port);
	assert_string_equal(nat_pass(LAN, &answer), wanted);
	assert_int_equal(stats.flow.flows, 2);
	assert_true(nat_world_ends());
}

/* A connection that came in, and is the last of its mapping's, is opened again. */
static void inbound_flow_is_opened_again(void **state)
{
	struct craft reset = packet(IPPROTO_TCP, "192.0.2.10", 4000, "203.0.113.2", 77);
	uint16_t port;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	port = out(IPPROTO_TCP, "192.0.2.10", 4000, "203.0.113.1", 53);
	nf_host_run((uint64_t)100 * SECOND);
	assert_true(comes_in(IPPROTO_TCP, "203.0.113.2", 77, port));
	nf_host_run((uint64_t)145 * SECOND);
	assert_int_equal(stats.flow.flows, 1);
	reset.tcp_flags = RST | ACK;
	reset.sequence = 0;
	reset.acknowledgement = 1001;
	assert_true(nat_fits(nat_pass(LAN, &reset), "wan tcp *"));
	assert_true(comes_in(IPPROTO_TCP, "203.0.113.2", 77, port));
	assert_int_equal(stats.flow.flows, 1);
	assert_int_equal(stats.flow.created, 3);
	assert_true(nat_world_ends());
}

/* RFC 5382, REQ-2: both ends send a SYN. */
static void tcp_opens_from_both_sides(void **state)
{
	struct craft craft;
	uint16_t port;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT);
	port = out(IPPROTO_TCP, "192.0.2.10", 4000, "203.0.113.1", 53);
	assert_true(comes_in(IPPROTO_TCP, "203.0.113.1", 53, port));
	craft = packet(IPPROTO_TCP, "192.0.2.10", 4000, "203.0.113.1", 53);
	craft.tcp_flags = SYN | ACK;
	craft.acknowledgement = 1001;
	assert_true(nat_fits(nat_pass(LAN, &craft), "wan tcp 198.51.100.1.* > 203.0.113.1.53"));
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nat_world_ends());
}

/* RFC 5382, REQ-4: nothing is said to a SYN that nobody asked for, for six seconds at least. */
static void unsolicited_syn_is_met_with_silence(void **state)
{
	struct craft craft = packet(IPPROTO_TCP, "203.0.113.1", 53, "198.51.100.1", 4000);

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT);
	assert_string_equal(nat_pass(WAN, &craft), "");
	nf_host_run((uint64_t)6 * SECOND);
	assert_int_equal(nf_host.sent_count, 0);
	assert_true(nat_world_ends());
}

/* RFC 4787, REQ-3, RFC 5382, REQ-7: no two endpoints have one external port, even where there are few. */
static void ports_are_not_overloaded(void **state)
{
	struct nat_source_rule *rule;
	bool seen[8] = {0};

	(void)state;
	rule = start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT);
	rule->port_low = 5000;
	rule->port_high = 5007;
	for (uint16_t i = 0; i < 8; i++) {
		char to[20];
		uint16_t port;

		snprintf(to, sizeof(to), "203.0.113.%u", i + 1);
		port = out(IPPROTO_TCP, "192.0.2.10", 4000 + i, to, 80);
		assert_in_range(port, 5000, 5007);
		assert_false(seen[port - 5000]);
		seen[port - 5000] = true;
	}
	assert_true(nat_world_ends());
}

/* RFC 5508, REQ-1 and REQ-1a: identifiers are mapped like ports. */
static void queries_are_mapped_by_identifier(void **state)
{
	struct craft echo = packet(IPPROTO_ICMP, "192.0.2.10", 77, "203.0.113.1", ECHO), reply;
	char wanted[80];
	uint16_t id;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	assert_true(nat_fits(nat_pass(LAN, &echo), "wan icmp 8/0 198.51.100.1 > 203.0.113.1 id *"));
	id = nat_last_port();
	echo.destination = "203.0.113.2";
	nat_pass(LAN, &echo);
	assert_int_equal(nat_last_port(), id);
	echo.source = "192.0.2.11";
	nat_pass(LAN, &echo);
	assert_int_not_equal(nat_last_port(), id);
	reply = packet(IPPROTO_ICMP, "203.0.113.1", id, "198.51.100.1", 0);
	snprintf(wanted, sizeof(wanted), "lan icmp 0/0 203.0.113.1 > 192.0.2.10 id 77");
	assert_string_equal(nat_pass(WAN, &reply), wanted);
	assert_true(nat_world_ends());
}

/* RFC 5508, REQ-2. */
static void query_lives_a_minute(void **state)
{
	struct craft echo = packet(IPPROTO_ICMP, "192.0.2.10", 77, "203.0.113.1", ECHO), reply;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	nat_pass(LAN, &echo);
	reply = packet(IPPROTO_ICMP, "203.0.113.1", nat_last_port(), "198.51.100.1", 0);
	nf_host_run((uint64_t)59 * SECOND);
	assert_string_equal(nat_pass(WAN, &reply), "lan icmp 0/0 203.0.113.1 > 192.0.2.10 id 77");
	assert_true(nat_world_ends());
}

/* A query from outside to a mapped identifier is for us, who answer it, and not let in. */
static void query_from_outside_is_ours(void **state)
{
	struct craft echo = packet(IPPROTO_ICMP, "192.0.2.10", 77, "203.0.113.1", ECHO), ping;

	(void)state;
	start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
	nat_pass(LAN, &echo);
	ping = packet(IPPROTO_ICMP, "203.0.113.2", nat_last_port(), "198.51.100.1", ECHO);
	assert_true(nat_fits(nat_pass(WAN, &ping), "wan icmp 0/0 198.51.100.1 > 203.0.113.2 id *"));
	assert_true(nat_world_ends());
}

/* RFC 4787, REQ-2: all flows of a host have one address of a pool; and not all hosts have the same. */
static void pool_addresses_are_paired(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
	char first[INET6_ADDRSTRLEN + 20], from[20], said[100];
	int others = 0;

	(void)state;
	nat_world_clear();
	nat_add_pool("198.51.100.64", "198.51.100.79");
	nf_host_start();
	for (int host = 2; host < 60; host++) {
		snprintf(from, sizeof(from), "192.0.2.%d", host);
		for (int i = 0; i < 12; i++) {
			uint8_t protocol = protocols[i % 3];
			struct craft craft = packet(protocol, from, 4000 + i, "203.0.113.1",
						    protocol == IPPROTO_ICMP ? ECHO : 53 + i);

			snprintf(said, sizeof(said), "%s", nat_pass(LAN, &craft));
			assert_true(nat_fits(said, "wan * 198.51.100.[67]* > *"));
			if (i == 0)
				sscanf(said, "wan udp 198.51.100.%[0-9]", first);
			else
				assert_non_null(strstr(said, first));
		}
		others += atoi(first) != 64;
	}
	assert_in_range(others, 40, 58);
	assert_true(nat_world_ends());
}

/* IPv6 is translated too, where somebody asks for it: RFC 4787's terms apply. */
static void ipv6_is_masqueraded(void **state)
{
	struct craft craft = packet(IPPROTO_UDP, "2001:db8:1::10", 4000, "2001:db8:f::1", 53);
	struct craft echo = packet(IPPROTO_ICMPV6, "2001:db8:1::10", 7, "2001:db8:f::1", ECHO6);
	uint16_t port;

	(void)state;
	nat_world_clear();
	nat_add_masquerade(true)->filtering = NAT_FILTERING_ADDRESS_DEPENDENT;
	nf_host_start();
	assert_true(nat_fits(nat_pass(LAN, &craft), "wan udp 2001:db8:2::1.* > 2001:db8:f::1.53"));
	port = nat_last_port();
	craft = packet(IPPROTO_UDP, "2001:db8:f::1", 54, "2001:db8:2::1", port);
	assert_string_equal(nat_pass(WAN, &craft), "lan udp 2001:db8:f::1.54 > 2001:db8:1::10.4000");
	craft.source = "2001:db8:f::2";
	assert_true(nat_fits(nat_pass(WAN, &craft), "wan icmp 1/4 *"));
	assert_true(nat_fits(nat_pass(LAN, &echo), "wan icmp 128/0 2001:db8:2::1 > 2001:db8:f::1 id *"));
	echo = packet(IPPROTO_ICMPV6, "2001:db8:f::1", nat_last_port(), "2001:db8:2::1", 129 << 8);
	assert_string_equal(nat_pass(WAN, &echo), "lan icmp 129/0 2001:db8:f::1 > 2001:db8:1::10 id 7");
	assert_true(nat_world_ends());
}

static void ipv6_pool_is_used(void **state)
{
	struct craft craft = packet(IPPROTO_TCP, "2001:db8:1::10", 4000, "2001:db8:f::1", 53);

	(void)state;
	nat_world_clear();
	nat_add_pool("2001:db8:2:0:ffff:ffff:ffff:fff0", "2001:db8:2:0:ffff:ffff:ffff:ffff");
	nf_host_start();
	assert_true(
	    nat_fits(nat_pass(LAN, &craft), "wan tcp 2001:db8:2:0:ffff:ffff:ffff:fff?.* > 2001:db8:f::1.53"));
	assert_true(nat_world_ends());
}

/* Which rule decides: the first that fits. Each row has rules for one address of a pool each, so that it
 * shows which. */
static const struct {
	const char *name;
	struct nat_source_rule rules[2];
	struct craft packet;
	const char *leaves;
} choices[] = {
#define TO(address) .kind = NAT_SOURCE_POOL, .first.ipv4 = DOC2(address), .last.ipv4 = DOC2(address)
#define ANY	    .in_port = PORT_NONE, .out_port = WAN, .port_low = 6000, .port_high = 6001
#define HTTP(from) \
	{ \
		.source = from, .destination = "203.0.113.1", .protocol = 6, 4000, 80, SYN \
	}
    {"first of two", {{ANY, TO(64)}, {ANY, TO(65)}}, HTTP("192.0.2.10"), "wan tcp 198.51.100.64.* > *"},
    {"other protocol",
     {{ANY, TO(64), .protocol = IPPROTO_UDP}, {ANY, TO(65)}},
     HTTP("192.0.2.10"),
     "wan tcp 198.51.100.65.* > *"},
    {"other source",
     {{ANY, TO(64), .source = {{DOC1(8)}, 31}}, {ANY, TO(65), .source = {{DOC1(10)}, 32}}},
     HTTP("192.0.2.10"),
     "wan tcp 198.51.100.65.* > *"},
    {"other destination",
     {{ANY, TO(64), .destination = {{203u << 24 | 113 << 8 | 128}, 25}}, {ANY, TO(65)}},
     HTTP("192.0.2.10"),
     "wan tcp 198.51.100.65.* > *"},
    {"exception",
     {{ANY, .kind = NAT_SOURCE_KEEP, .source = {{DOC1(10)}, 32}}, {ANY, TO(65)}},
     HTTP("192.0.2.10"),
     "wan tcp 192.0.2.10.4000 > 203.0.113.1.80"},
    {"not the exception",
     {{ANY, .kind = NAT_SOURCE_KEEP, .source = {{DOC1(10)}, 32}}, {ANY, TO(65)}},
     HTTP("192.0.2.11"),
     "wan tcp 198.51.100.65.* > *"},
    {"other way in",
     {{TO(64), .in_port = DMZ, .out_port = WAN, .port_low = 6000, .port_high = 6001}, {ANY, TO(65)}},
     HTTP("192.0.2.10"),
     "wan tcp 198.51.100.65.* > *"},
    {"no rule for the way out",
     {{TO(64), .in_port = PORT_NONE, .out_port = DMZ, .port_low = 6000, .port_high = 6001}},
     HTTP("192.0.2.10"),
     "wan tcp 192.0.2.10.4000 > 203.0.113.1.80"},
    {"a protocol without ports",
     {{ANY, TO(64)}},
     {.source = "192.0.2.10", .destination = "203.0.113.1", .protocol = IPPROTO_GRE, .payload = 8},
     "wan 47 198.51.100.64 > 203.0.113.1"},
    {"IPv6 is not IPv4",
     {{ANY, TO(64)}},
     {.source = "2001:db8:1::10", .destination = "2001:db8:f::1", .protocol = 6, 4000, 80, SYN},
     "wan tcp 2001:db8:1::10.4000 > 2001:db8:f::1.80"},
};

static void first_rule_that_fits_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		print_message("# %s\n", choices[i].name);
		nat_world_clear();
		for (int j = 0; j < 2 && choices[i].rules[j].out_port + choices[i].rules[j].port_low; j++) {
			nat_sources[j] = choices[i].rules[j];
			nat_sources[j].name = "rule";
			nat_source_count++;
		}
		nf_host_start();
		assert_true(nat_fits(nat_pass(LAN, &choices[i].packet), choices[i].leaves));
		assert_true(nat_world_ends());
	}
}

/* A mapping whose only flow gives way, while a packet that came by it is on its way through the rules. Others
 * of the burst may have its port by then, or its inside endpoint another port. */
static const struct ended {
	const char *name;
	struct craft meanwhile;
	uint16_t port; /* that is given out by then */
	int refused;
} ended[] = {
    {"nobody",
     {.source = "203.0.113.9",
      .destination = "192.0.2.11",
      .protocol = IPPROTO_UDP,
      .source_port = 1,
      .destination_port = 9},
     5000,
     0},
    {"another endpoint has the port",
     {.source = "203.0.113.9",
      .destination = "203.0.113.1",
      .protocol = IPPROTO_UDP,
      .source_port = 4000,
      .destination_port = 9},
     5000,
     1},
    {"the endpoint has another port",
     {.source = "192.0.2.10",
      .destination = "203.0.113.1",
      .protocol = IPPROTO_UDP,
      .source_port = 4000,
      .destination_port = 9},
     5001,
     1},
};

/* Half-open flows, as many as there may be, from lan to dmz, where nothing is translated. */
static void fill_the_table(void)
{
	struct craft craft = packet(IPPROTO_UDP, "192.0.2.12", 0, "192.0.2.130", 7);

	while (stats.flow.flows < NAT_WORLD_FLOWS) {
		craft.source_port++;
		nat_pass(LAN, &craft);
	}
}

static void a_mapping_ends_within_a_burst(void **state)
{
	const struct craft first = {.source = "203.0.113.8",
				    .destination = "192.0.2.11",
				    .protocol = IPPROTO_UDP,
				    .source_port = 1,
				    .destination_port = 9};

	(void)state;
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		struct nat_source_rule *rule =
		    start(NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_FILTERING_ENDPOINT_INDEPENDENT);
		struct craft late = packet(IPPROTO_UDP, "203.0.113.77", 77, "198.51.100.1", 5000);
		const struct craft *crafts[] = {&first, &ended[i].meanwhile, &late};
		struct rte_mbuf *burst[3];
		uint8_t frame[CRAFT_MAX];

		print_message("# %s\n", ended[i].name);
		rule->port_low = rule->port_high = 5000;
		out(IPPROTO_UDP, "192.0.2.10", 4000, "203.0.113.1", 53);
		rule->port_low = rule->port_high = ended[i].port;
		fill_the_table();
		nf_host_run((uint64_t)1 * SECOND);
		nf_host_forget();
		for (int j = 0; j < 3; j++) {
			struct craft craft = *crafts[j];

			memcpy(craft.mac, port_configs[WAN].mac, sizeof(craft.mac));
			burst[j] = nf_host_frame(frame, craft_frame(&craft, frame), 0);
			burst[j]->port = WAN;
		}
		appliance_chain(WAN, burst, 3);
		assert_int_equal(stats.dropped[DROP_NAT_UNMAPPED], ended[i].refused);
		assert_true(nf_host_books_balance());
		assert_true(nat_world_ends());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mapping_is_endpoint_independent),
	    cmocka_unit_test(protocols_have_mappings_of_their_own),
	    cmocka_unit_test(mapping_depends_on_address_and_port),
	    cmocka_unit_test(peers_share_a_port),
	    cmocka_unit_test(filtering_is_as_configured),
	    cmocka_unit_test(mappings_keep_their_ports),
	    cmocka_unit_test(rules_filter_their_own),
	    cmocka_unit_test(contacts_end_with_their_flows),
	    cmocka_unit_test(contacts_are_many),
	    cmocka_unit_test(contacts_outlive_the_first_flow),
	    cmocka_unit_test(mapping_lives_as_long_as_its_flows),
	    cmocka_unit_test(inbound_flow_holds_the_mapping),
	    cmocka_unit_test(inbound_flow_is_answered),
	    cmocka_unit_test(inbound_flow_is_opened_again),
	    cmocka_unit_test(tcp_opens_from_both_sides),
	    cmocka_unit_test(unsolicited_syn_is_met_with_silence),
	    cmocka_unit_test(ports_are_not_overloaded),
	    cmocka_unit_test(queries_are_mapped_by_identifier),
	    cmocka_unit_test(query_lives_a_minute),
	    cmocka_unit_test(query_from_outside_is_ours),
	    cmocka_unit_test(pool_addresses_are_paired),
	    cmocka_unit_test(ipv6_is_masqueraded),
	    cmocka_unit_test(ipv6_pool_is_used),
	    cmocka_unit_test(first_rule_that_fits_decides),
	    cmocka_unit_test(a_mapping_ends_within_a_burst),
	};

	return cmocka_run_group_tests_name("nat_mapping", tests, NULL, NULL);
}
