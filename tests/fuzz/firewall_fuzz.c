/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes rte_acl as the firewall uses it: the input chooses the rules and the packets, and an oracle that
 * walks the rules says what must become of each packet.
 */
#include <assert.h>
#include <string.h>
#include "nf/firewall/firewall.h"
#include "nf/host.h"
#include "tests/unit/support/firewall_tables.h"
#include "tests/unit/support/nf_host.h"

enum { FUZZ_RULES = 12, FUZZ_MATCHES = 20, PACKETS = 8 };

static const uint8_t *choices;
static size_t choices_left;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

/* Bytes of the input, then always the first. */
uint32_t any_of(uint32_t count)
{
	uint32_t choice = 0;

	for (uint32_t most = count - 1; most && choices_left; most >>= 8, choices_left--)
		choice = choice << 8 | *choices++;
	return choice % count;
}

static void judge(struct rte_mbuf *m, struct rule_stats *expected)
{
	struct oracle_verdict verdict = firewall_oracle(m, expected);
	uint64_t dropped = stats.dropped[verdict.reason];
	uint16_t passed = firewall(&m, 1);

	assert(passed == verdict.accepted);
	assert(stats.dropped[verdict.reason] - dropped == !passed);
	if (!passed)
		return;
	assert(packet_meta(m)->rule == verdict.rule);
	assert(!(packet_meta(m)->flags & PACKET_EACH) == !verdict.each);
	rte_pktmbuf_free(m);
}

static void start(void)
{
	rule_count = 1;
	rule_table[0] = (struct firewall_rule){.name = "default", .action = FIREWALL_ACCEPT};
	nf_host_start();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	struct rule_stats expected[RULES] = {0};

	if (!host_packet_pool)
		start();
	choices = data;
	choices_left = count;
	firewall_any_rules(any_of(FUZZ_RULES), any_of(FUZZ_MATCHES), any_of(FUZZ_MATCHES));
	firewall_oracle_forget();
	memset(rule_stats, 0, sizeof(expected));
	if (firewall_init())
		return 0;
	for (int i = 0; i < PACKETS; i++) {
		host_now_ns += any_of(4) * (SECOND / 2);
		judge(firewall_any_packet(), expected);
	}
	assert(memcmp(rule_stats, expected, sizeof(expected)) == 0);
	nf_host_forget();
	assert(rte_mempool_full(host_packet_pool));
	return 0;
}
