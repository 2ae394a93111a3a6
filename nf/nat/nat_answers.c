/* SPDX-License-Identifier: Apache-2.0
 *
 * Which addresses are NAT's; see pool.h and nat.h. ARP and neighbour discovery answer for those that lie on a
 * link.
 */
#include "nf/nat/nat.h"
#include "pool.h"
#include "prefix.h"

static bool is_side(uint8_t asked, uint8_t port)
{
	return asked == PORT_NONE || asked == port;
}

static bool is_in_pool(uint8_t port, bool ipv6, const struct address *address)
{
	for (uint32_t i = 0; i < nat_source_rule_count; i++) {
		const struct nat_source_rule *rule = &nat_source_rules[i];

		if (rule->kind == NAT_SOURCE_POOL && rule->ipv6 == ipv6 && is_side(port, rule->out_port) &&
		    pool_has(rule, address))
			return true;
	}
	return false;
}

static bool is_static(uint8_t port, bool ipv6, const struct address *address)
{
	for (uint32_t i = 0; i < nat_static_rule_count; i++) {
		const struct nat_static_rule *rule = &nat_static_rules[i];

		if (rule->ipv6 == ipv6 && is_side(port, rule->port) &&
		    prefix_has(ipv6, &rule->external, address))
			return true;
	}
	return false;
}

static bool is_forwarded(uint8_t port, bool ipv6, const struct address *address)
{
	for (uint32_t i = 0; i < nat_destination_rule_count; i++) {
		const struct nat_destination_rule *rule = &nat_destination_rules[i];
		struct address listening = address_of_rule(rule->ipv6, &rule->address);

		if (!rule->any_address && rule->ipv6 == ipv6 && is_side(port, rule->in_port) &&
		    address_equal(&listening, address))
			return true;
	}
	return false;
}

bool nat_answers(uint8_t port, bool ipv6, const struct address *address)
{
	return is_in_pool(port, ipv6, address) || is_static(port, ipv6, address) ||
	       is_forwarded(port, ipv6, address);
}

bool nat_answers_ipv4(uint8_t port, uint32_t address)
{
	rte_be32_t wire = rte_cpu_to_be_32(address);
	struct address asked = address_read(false, &wire);

	return nat_configured && nat_answers(port, false, &asked);
}

bool nat_answers_ipv6(uint8_t port, const uint8_t address[16])
{
	struct address asked = address_read(true, address);

	return nat_configured && nat_answers(port, true, &asked);
}
