/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of the IPv4 key; see firewall_key.h. rte_acl wants a first field of one byte, which is the
 * protocol, and then groups of four consecutive bytes, none of which divides a field.
 *
 * Sources: DPDK Programmer's Guide 22.11, "Packet Classification and Access Control".
 */
#include <assert.h>
#include "nf/ports.h"
#include "firewall_key.h"

enum { GROUP_BYTES = 4, NO_FACT = 0xff };

#define FACT(member) offsetof(struct firewall_facts, member)

/* The order in which the trie branches. Destinations tell rules apart best: with 1000 rules, a trie that
 * branches on ports first takes eight times as long to build. */
static const struct candidate {
	uint8_t fact, bytes; /* of two bytes: a range */
} candidates[] = {
    {FACT(destination), 1},	 {FACT(destination) + 1, 1}, {FACT(destination) + 2, 1},
    {FACT(destination) + 3, 1},	 {FACT(source), 1},	     {FACT(source) + 1, 1},
    {FACT(source) + 2, 1},	 {FACT(source) + 3, 1},	     {FACT(in_port), 1},
    {FACT(destination_port), 2}, {FACT(out_port), 1},	     {FACT(tcp_flags), 1},
    {FACT(source_port), 2},
};

/* A match as it lies over the facts of a packet: each byte has a value and a mask. Ports have a range in
 * place of them, in host order. */
struct pattern {
	struct firewall_facts value, mask;
};

static struct pattern pattern_of(const struct ipv4_match *match)
{
	const struct match_common *common = &match->common;
	uint8_t l4 = common->needs_l4 ? FIREWALL_KEY_L4 : 0;

	return (struct pattern){
	    .value = {.protocol = common->protocol,
		      .tcp_flags = common->tcp_flags,
		      .in_port = common->in_port | FIREWALL_KEY_L4,
		      .out_port = common->out_port,
		      .destination_port = common->destination_port_low,
		      .source_port = common->source_port_low,
		      .source = rte_cpu_to_be_32(match->source.address),
		      .destination = rte_cpu_to_be_32(match->destination.address)},
	    .mask = {.protocol = common->protocol_mask,
		     .tcp_flags = common->tcp_flags_mask,
		     .in_port = (common->in_port_mask & ~FIREWALL_KEY_L4) | l4,
		     .out_port = common->out_port_mask,
		     .destination_port = common->destination_port_high,
		     .source_port = common->source_port_high,
		     .source = rte_cpu_to_be_32(prefix_mask(match->source.length)),
		     .destination = rte_cpu_to_be_32(prefix_mask(match->destination.length))},
	};
}

/* The constraint that a pattern puts on a fact, as rte_acl has it. */
static struct rte_acl_field field_of(const struct pattern *pattern, uint8_t fact, uint8_t bytes)
{
	const uint8_t *value = (const uint8_t *)&pattern->value + fact;
	const uint8_t *mask = (const uint8_t *)&pattern->mask + fact;
	struct rte_acl_field field = {0};

	if (bytes == 1) {
		field.value.u8 = *value & *mask;
		field.mask_range.u8 = *mask;
	} else {
		memcpy(&field.value.u16, value, bytes);
		memcpy(&field.mask_range.u16, mask, bytes);
	}
	return field;
}

static bool is_looked_at(const struct candidate *candidate)
{
	for (uint32_t i = 0; i < ipv4_match_count; i++) {
		struct pattern pattern = pattern_of(&ipv4_matches[i]);
		struct rte_acl_field field = field_of(&pattern, candidate->fact, candidate->bytes);

		if (candidate->bytes == 1 ? field.mask_range.u8 != 0
					  : field.value.u16 != 0 || field.mask_range.u16 != UINT16_MAX)
			return true;
	}
	return false;
}

/* Adds a field at the key's byte `at`; returns the byte after it. */
static uint32_t place(struct firewall_key_layout *layout, uint8_t *shuffle, uint32_t at, uint8_t fact,
		      uint8_t bytes)
{
	uint32_t index = layout->fields++;

	assert(index < FIREWALL_KEY_FIELDS_MAX && (fact == NO_FACT || at + bytes <= FIREWALL_KEY_BYTES));
	layout->facts[index] = fact;
	layout->defs[index] = (struct rte_acl_field_def){
	    .type = bytes == 1 ? RTE_ACL_FIELD_TYPE_BITMASK : RTE_ACL_FIELD_TYPE_RANGE,
	    .size = bytes,
	    .field_index = index,
	    .input_index = (at + GROUP_BYTES - 1) / GROUP_BYTES,
	    .offset = at,
	};
	for (uint8_t i = 0; i < bytes && fact != NO_FACT; i++)
		shuffle[at + i] = fact + i;
	return at + bytes;
}

static uint32_t bytes_left_in_group(uint32_t at)
{
	return GROUP_BYTES - (at - 1) % GROUP_BYTES;
}

void firewall_key_lay_out(struct firewall_key_layout *layout)
{
	uint8_t shuffle[FIREWALL_KEY_BYTES];
	uint32_t at = 0;

	memset(shuffle, NO_FACT, sizeof(shuffle));
	layout->fields = 0;
	at = place(layout, shuffle, at, FACT(protocol), 1);
	for (size_t i = 0; i < RTE_DIM(candidates); i++) {
		const struct candidate *candidate = &candidates[i];

		if (!is_looked_at(candidate))
			continue;
		if (bytes_left_in_group(at) < candidate->bytes)
			at = place(layout, shuffle, at, NO_FACT, 1);
		at = place(layout, shuffle, at, candidate->fact, candidate->bytes);
	}
	while (bytes_left_in_group(at) < GROUP_BYTES)
		at = place(layout, shuffle, at, NO_FACT, 1);
	memcpy(&layout->shuffle, shuffle, sizeof(shuffle));
}

void firewall_key_set_rule(const struct firewall_key_layout *layout, struct rte_acl_field *field,
			   const struct ipv4_match *match)
{
	struct pattern pattern = pattern_of(match);

	for (uint32_t i = 0; i < layout->fields; i++)
		field[i] = layout->facts[i] == NO_FACT
			       ? (struct rte_acl_field){0}
			       : field_of(&pattern, layout->facts[i], layout->defs[i].size);
}
