/* SPDX-License-Identifier: Apache-2.0
 *
 * The books, under random traffic of several hosts through the whole chain: valid, odd and broken packets of
 * all protocols, in both directions, in a table that is too small. At every moment in = out + consumed + each
 * drop reason + held, and records, table and gauges agree; when all timers have run out, no flow and no
 * packet buffer is left.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/flow_check.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/sample.h"

enum { CAPACITY = 48, ROUNDS = 40000, ETHERNET = 14, MEMORY = 8 };

static uint32_t any(uint32_t count)
{
	return host_random() % count;
}

#define ANY_OF(list) (list)[any(RTE_DIM(list))]

/* Hosts: one whose neighbour entry is fixed, one that never answers, one beyond a gateway, one that has no
 * way, and the appliance. */
static const char *const near[2][3] = {{"192.0.2.10", "192.0.2.77", "192.0.2.10"},
				       {"2001:db8:1::10", "2001:db8:1::77", "2001:db8:1::10"}};
static const char *const far[2][4] = {{"203.0.113.7", "203.0.113.8", "203.0.113.200", "192.0.2.1"},
				      {"2001:db8:99::7", "2001:db8:99::8", "2001:db9::1", "2001:db8:1::1"}};

static void any_tcp(struct craft *craft)
{
	static const uint8_t flags[] = {2,    2,    0x12, 0x12, 0x10, 0x10, 0x10, 0x10,
					0x18, 0x11, 0x11, 4,	0x14, 0,    3,	  0xff};
	static const uint32_t places[] = {0, 1, 1, 1, 1, 2, 2, 2, 3, 101, 100000};

	craft->protocol = IPPROTO_TCP;
	craft->tcp_flags = ANY_OF(flags);
	craft->sequence = 0xfffffff0 + ANY_OF(places);
	craft->acknowledgement = 0xfffffff0 + ANY_OF(places);
	craft->window = any(3) ? 1000 : any(65536);
	craft->payload = any(80) ? 0 : any(200);
	if (any(4) == 0) {
		craft->option_bytes = 4 * (1 + any(4));
		for (int i = 0; i < craft->option_bytes; i++)
			craft->options[i] = any(6);
	}
}

static void any_transport(struct craft *craft, bool ipv6)
{
	static const uint8_t protocols[] = {IPPROTO_UDP,  IPPROTO_UDP, IPPROTO_ICMP,
					    IPPROTO_SCTP, IPPROTO_GRE, 0};
	static const uint8_t types[] = {8, 0, 13, 14, 3, 11, 5, 10},
			     types6[] = {128, 129, 1, 2, 3, 4, 135, 130};

	craft->protocol = ANY_OF(protocols);
	craft->payload = any(40);
	craft->chunk = any(16);
	if (craft->protocol == 0) {
		craft->protocol = any(256);
	} else if (craft->protocol == IPPROTO_ICMP) {
		craft->protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		craft->source_port = any(3);
		craft->destination_port = (ipv6 ? ANY_OF(types6) : ANY_OF(types)) << 8 | (any(4) == 0);
	}
}

static size_t any_frame(uint16_t device, uint8_t *frame)
{
	bool ipv6 = any(2), outward = device == 0;
	const char *inside = ANY_OF(near[ipv6]), *outside = ANY_OF(far[ipv6]);
	struct craft craft = {
	    .source = outward ? inside : outside,
	    .destination = outward ? outside : inside,
	    .source_port = outward ? 4000 + any(3) : 80 + any(2),
	    .destination_port = outward ? 80 + any(2) : 4000 + any(3),
	    .bad_checksum = any(30) == 0,
	    .more_fragments = any(20) == 0,
	    .mac = {2, 0, 0, 0, 0, 1 + device},
	};

	if (any(2))
		any_tcp(&craft);
	else
		any_transport(&craft, ipv6);
	if (any(30) == 0)
		craft.fragment = 8 * any(10);
	if (craft.more_fragments)
		craft.payload &= ~7;
	return craft_frame(&craft, frame);
}

/* Errors are about packets that were sent before. */
static uint8_t memory[MEMORY][CRAFT_MAX];

static size_t any_error(uint16_t device, uint8_t *frame)
{
	const uint8_t *about = memory[any(MEMORY)];
	bool ipv6 = about[12] == 0x86;
	struct craft craft = {.source = ipv6 ? "2001:db8:99::99" : "203.0.113.99",
			      .destination = ipv6 ? "2001:db8:1::10" : "192.0.2.10",
			      .protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
			      .destination_port = (ipv6 ? 1 + any(4) : 3) << 8,
			      .payload = 28 + any(60),
			      .mac = {2, 0, 0, 0, 0, 1 + device}};
	size_t bytes = craft_frame(&craft, frame);
	uint8_t *icmp = frame + bytes - craft.payload - 8;
	uint16_t sum;

	memcpy(icmp + 8, about + ETHERNET, craft.payload);
	icmp[2] = icmp[3] = 0;
	sum = ~craft_sum(icmp, craft.payload + 8, 0);
	icmp[2] = sum >> 8;
	icmp[3] = sum;
	if (ipv6)
		sample_fix_icmpv6(frame);
	return bytes;
}

static struct rte_mbuf *any_packet(uint16_t device)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	uint32_t kind = any(20), changes = any(15) ? 0 : any(4);
	size_t bytes = kind == 0  ? sample_frame(any(SAMPLES), frame)
		       : kind < 3 ? any_error(device, frame)
				  : any_frame(device, frame);

	if (kind >= 3)
		memcpy(memory[any(MEMORY)], frame, bytes);
	for (; changes; changes--)
		frame[any(RTE_MIN(bytes, (size_t)80))] = any(256);
	if (any(40) == 0)
		bytes = 1 + any(bytes);
	return nf_host_frame(frame, bytes, any(5) ? 0 : 1 + bytes / 8 + any(100));
}

static uint64_t states_seen;

static void any_round(void)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint16_t count = 1 + any(any(4) ? 4 : BURST_MAX), device = any(device_count);

	for (uint16_t i = 0; i < count; i++)
		packets[i] = any_packet(device);
	nf_host.link_up[any(2)] = any(8);
	nf_host.room[any(2)] = any(8) ? UINT16_MAX : any(8);
	appliance_chain(device, packets, count);
	assert_true(nf_host_books_balance());
	nf_host_forget();
	assert_true(nf_host_books_balance());
	flow_check();
	if (any(3) == 0)
		nf_host_run(any(100) ? any(SECOND) : 200 * (uint64_t)SECOND);
	for (uint32_t flow = 1; flow <= stats.flow.used; flow++)
		states_seen |= UINT64_C(1) << flow_records[flow].state;
}

static void any_traffic(void **state)
{
	uint64_t refused = 0;

	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		table_capacity = CAPACITY;
		script_loose = variant & 1;
		table_judges_invalid = variant & 2;
		table_rules[RULE_INVALID].action = variant & 2 ? FIREWALL_ACCEPT : FIREWALL_DROP;
		nf_host_start();
		for (int i = 0; i < ROUNDS; i++)
			any_round();
		assert_true(stats.flow.evicted > 0 && stats.flow.expired > 0);
		refused += stats.flow.refused;
		flow_check_ends();
	}
	/* The traffic was worth it: every state was reached, and the table was full. */
	assert_true(refused > 0);
	assert_int_equal(states_seen, (UINT64_C(1) << FLOW_STATE_COUNT) - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(any_traffic)};

	return cmocka_run_group_tests_name("flow_books", tests, NULL, NULL);
}
