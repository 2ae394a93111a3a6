/* SPDX-License-Identifier: Apache-2.0
 *
 * Which addresses are NAT's; see answers.h and nat.h. ARP and neighbour discovery answer for those that lie
 * on a link.
 */
#include "nf/nat/nat.h"
#include "nf/ports.h"
#include "answers.h"
#include "pool.h"
#include "prefix.h"

static uint64_t outside; /* a bit for each port */
static bool open;
_Static_assert((int)PORTS_MAX <= 64, "a bit for each port");

void answers_init(void)
{
	outside = 0;
	open = false;
	for (uint32_t i = 0; i < nat_source_rule_count; i++) {
		const struct nat_source_rule *rule = &nat_source_rules[i];

		if (rule->kind == NAT_SOURCE_KEEP)
			continue;
		outside |= UINT64_C(1) << rule->out_port;
		open |= rule->filtering != NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT;
	}
	for (uint32_t i = 0; i < nat_destination_rule_count; i++)
		outside |= UINT64_C(1) << nat_destination_rules[i].in_port;
	for (uint32_t i = 0; i < nat_static_rule_count; i++)
		outside |= UINT64_C(1) << nat_static_rules[i].port;
}

bool port_is_outside(uint8_t port)
{
	return outside >> port & 1;
}

bool port_has_address(uint8_t port, bool ipv6, const struct address *address)
{
	rte_be32_t word;

	if (ipv6)
		return port_owns_ipv6(port, address->bytes);
	memcpy(&word, address->bytes, sizeof(word));
	return port_owns_ipv4(port, rte_be_to_cpu_32(word));
}

bool any_port_has_address(bool ipv6, const struct address *address)
{
	for (uint8_t port = 0; port < port_count; port++)
		if (port_has_address(port, ipv6, address))
			return true;
	return false;
}

bool mappings_are_open(void)
{
	return open;
}

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
