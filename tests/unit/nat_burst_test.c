/* SPDX-License-Identifier: Apache-2.0
 *
 * Any traffic in bursts, through any rules, where there is too little of everything: flows that push each
 * other out, a handful of ports, fragments of few datagrams, on one link what elsewhere comes by several.
 * What leaves has right checksums, the books balance after each burst, and when all is over nothing is left.
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
#define NAT_TABLES_FLOWS 24
#include "support/nat_tables.h"

enum { WORLDS = 60, BURSTS = 400, SYN = 2, RST = 4, ACK = 16, FRAGMENT_BYTES = 40 };

static uint32_t any_of(uint32_t count)
{
	return (host_random() >> 32) * count >> 32;
}

static void any_rules(void)
{
	nat_world_clear();
	nat_hairpins = any_of(4) != 0;
	nat_judges_invalid = any_of(4) == 0;
	if (any_of(2))
		nat_add_static("198.51.100.80", "192.0.2.12", 32);
	if (any_of(2))
		nat_add_forward(any_of(2) ? IPPROTO_TCP : IPPROTO_UDP, 50, 54, "192.0.2.11",
				any_of(2) ? 0 : 80);
	if (any_of(2))
		nat_add_pool("198.51.100.64", "198.51.100.65");
	nat_add_masquerade(false);
	nat_add_masquerade(true);
	for (uint32_t i = 0; i < nat_source_count; i++) {
		nat_sources[i].mapping = any_of(3) == 0;
		nat_sources[i].filtering = any_of(3);
		nat_sources[i].port_low = 5000;
		nat_sources[i].port_high = 5000 + any_of(6);
	}
}

static const char *any_host(bool ipv6)
{
	static const char *const hosts4[] = {"192.0.2.10",  "192.0.2.11",  "192.0.2.12",
					     "192.0.2.130", "203.0.113.1", "203.0.113.2"};
	static const char *const hosts6[] = {"2001:db8:1::10", "2001:db8:1::11", "2001:db8:1::12",
					     "2001:db8:3::30", "2001:db8:f::1",	 "2001:db8:f::2"};

	return ipv6 ? hosts6[any_of(6)] : hosts4[any_of(6)];
}

static const char *any_external(bool ipv6)
{
	static const char *const addresses[] = {"198.51.100.1", "198.51.100.64", "198.51.100.65",
						"198.51.100.80"};

	return ipv6 ? "2001:db8:2::1" : addresses[any_of(4)];
}

static uint16_t any_port(void)
{
	return any_of(2) ? 50 + any_of(4) : 5000 + any_of(6);
}

static void cut(struct craft *craft)
{
	craft->payload = any_of(3) * FRAGMENT_BYTES;
	craft->fragment = any_of(3) ? any_of(6) * FRAGMENT_BYTES : 0;
	craft->more_fragments = craft->fragment == 0 || any_of(3);
}

/* Few endpoints, so that they meet. */
static struct craft any_packet(void)
{
	static const uint8_t flags[] = {SYN, SYN, SYN, SYN | ACK, ACK, RST, RST | ACK};
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_UDP,  IPPROTO_TCP,
					    IPPROTO_GRE, IPPROTO_SCTP, IPPROTO_ICMP};
	bool ipv6 = any_of(5) == 0;
	struct craft craft = {
	    .protocol = protocols[any_of(sizeof(protocols))],
	    .source = any_host(ipv6),
	    .destination = any_of(2) ? any_external(ipv6) : any_host(ipv6),
	    .source_port = any_port(),
	    .destination_port = any_port(),
	    .tcp_flags = flags[any_of(sizeof(flags))],
	    .sequence = any_of(3) * 1000,
	    .acknowledgement = any_of(3) * 1000 + 1,
	    .window = 1000,
	    .chunk = 1 + any_of(12),
	};

	if (craft.protocol == IPPROTO_ICMP) {
		craft.protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		craft.destination_port = (ipv6 ? 128 + any_of(2) : any_of(2) * 8) << 8;
	}
	if (any_of(4) == 0)
		cut(&craft);
	return craft;
}

/* An error that a station sends about what left in the burst before. */
static size_t any_error(uint8_t *frame)
{
	uint32_t bytes, at = any_of(nf_host.sent_count);
	uint8_t about[CRAFT_MAX];
	const uint8_t *sent = nf_host_sent_bytes(at, &bytes), *ip = about + 14;
	char to[16];

	memcpy(about, sent, RTE_MIN(bytes, (uint32_t)CRAFT_MAX));
	if (bytes > CRAFT_MAX || ip[-2] != 8 || ip[-1] != 0 || (ip[9] == IPPROTO_ICMP && ip[20] == 3))
		return 0;
	snprintf(to, sizeof(to), "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
	return nat_error(frame, any_host(false), to, 3 << 8 | any_of(4), about, bytes - 14);
}

static void receive_burst(uint8_t port)
{
	struct rte_mbuf *burst[BURST_MAX];
	uint16_t count = 0, packets = 1 + any_of(BURST_MAX);

	while (count < packets) {
		uint8_t frame[CRAFT_MAX];
		struct craft craft = any_packet();
		size_t bytes = nf_host.sent_count && any_of(8) == 0 ? any_error(frame) : 0;

		if (!bytes)
			bytes = craft_frame(&craft, frame);
		memcpy(frame, port_configs[port].mac, sizeof(port_configs[port].mac));
		burst[count] = nf_host_frame(frame, bytes, any_of(8) ? 0 : 61);
		burst[count++]->port = port;
	}
	nf_host_forget();
	appliance_chain(port, burst, count);
}

static void bursts_leave_nothing_behind(void **state)
{
	uint64_t left = 0, evicted = 0, exhausted = 0, fragments = 0;

	(void)state;
	for (int world = 0; world < WORLDS; world++) {
		nf_host_start();
		for (int i = 0; i < world; i++)
			host_random();
		any_rules();
		nf_host_start();
		for (int i = 0; i < 7 * world; i++)
			host_random();
		for (int i = 0; i < BURSTS; i++) {
			receive_burst(any_of(3) ? WAN : any_of(3));
			for (uint32_t j = 0; j < nf_host.sent_count; j++)
				assert_null(strstr(nat_said(j), "CHECKSUM"));
			left += nf_host.sent_count;
			assert_true(nf_host_books_balance());
			assert_true(stats.flow.bindings <= stats.flow.flows &&
				    stats.flow.half_open <= stats.flow.flows);
			host_now_ns += any_of(4) * (uint64_t)1000000;
			if (any_of(10) == 0)
				nf_host_run((uint64_t)any_of(60) * SECOND);
		}
		evicted += stats.flow.evicted;
		exhausted += stats.flow.nat_exhausted;
		fragments += stats.dropped[DROP_FRAGMENT_OVERLAP];
		assert_true(nat_world_ends());
	}
	print_message("# %lu packets left, %lu flows gave way, %lu found no port, %lu fragments overlapped\n",
		      left, evicted, exhausted, fragments);
	assert_true(left > WORLDS * BURSTS && evicted > WORLDS * BURSTS);
	assert_true(exhausted > WORLDS && fragments > WORLDS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bursts_leave_nothing_behind),
	};

	return cmocka_run_group_tests_name("nat_burst", tests, NULL, NULL);
}
