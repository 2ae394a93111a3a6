/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of NAT's addresses are told to a link that came up; see nat.h. They are numbered through the rules:
 * pools, then 1:1, then forwarding.
 */
#include <rte_common.h>
#include "nf/nat/nat.h"
#include "pool.h"

/* Addresses that follow each other. */
struct range {
	uint8_t port;
	bool ipv6;
	struct address first;
	uint32_t count;
};

static struct range range_of_source(const struct nat_source_rule *rule)
{
	bool pool = rule->kind == NAT_SOURCE_POOL;

	return (struct range){
	    .port = rule->out_port,
	    .ipv6 = rule->ipv6,
	    .first = address_of_rule(rule->ipv6, &rule->first),
	    .count = pool ? RTE_MIN(pool_size(rule), (uint64_t)NAT_ANNOUNCED_MAX) : 0,
	};
}

static struct range range_of_static(const struct nat_static_rule *rule)
{
	uint8_t bits = 8 * address_bytes(rule->ipv6) - rule->external.length;

	return (struct range){
	    .port = rule->port,
	    .ipv6 = rule->ipv6,
	    .first = address_of_rule(rule->ipv6, &rule->external.address),
	    .count = bits < 16 ? RTE_MIN(1u << bits, (uint32_t)NAT_ANNOUNCED_MAX) : NAT_ANNOUNCED_MAX,
	};
}

static struct range range_of_destination(const struct nat_destination_rule *rule)
{
	return (struct range){
	    .port = rule->in_port,
	    .ipv6 = rule->ipv6,
	    .first = address_of_rule(rule->ipv6, &rule->address),
	    .count = !rule->any_address,
	};
}

static struct range range_of(uint32_t rule)
{
	if (rule < nat_source_rule_count)
		return range_of_source(&nat_source_rules[rule]);
	rule -= nat_source_rule_count;
	if (rule < nat_static_rule_count)
		return range_of_static(&nat_static_rules[rule]);
	return range_of_destination(&nat_destination_rules[rule - nat_static_rule_count]);
}

bool nat_announced(uint32_t number, struct nat_place *found)
{
	uint32_t rules = nat_source_rule_count + nat_static_rule_count + nat_destination_rule_count;

	for (uint32_t rule = 0; nat_configured && rule < rules; rule++) {
		struct range range = range_of(rule);

		if (number < range.count) {
			struct address address = address_behind(range.ipv6, &range.first, number);

			*found = (struct nat_place){.port = range.port, .ipv6 = range.ipv6};
			memcpy(found->address, address.bytes, sizeof(found->address));
			return true;
		}
		number -= range.count;
	}
	return false;
}
