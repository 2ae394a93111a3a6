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
#define MORE(member) (sizeof(struct firewall_facts) + offsetof(struct firewall_more_facts, member))

/* The order in which the trie branches. The state first: one rule takes all of what is established.
 * Destinations tell rules apart best: with 1000 rules, a trie that branches on ports first takes eight times
 * as long to build. */
static const struct candidate {
	uint8_t fact, bytes; /* of two bytes: a range */
} candidates[] = {
    {MORE(condition), 1},	{FACT(destination), 1},	     {FACT(destination) + 1, 1},
    {FACT(destination) + 2, 1}, {FACT(destination) + 3, 1},  {FACT(source), 1},
    {FACT(source) + 1, 1},	{FACT(source) + 2, 1},	     {FACT(source) + 3, 1},
    {FACT(in_port), 1},		{FACT(destination_port), 2}, {FACT(out_port), 1},
    {FACT(tcp_flags), 1},	{FACT(source_port), 2},	     {MORE(destination_class), 2},
    {MORE(source_class), 2},
};

/* A match as it lies over the facts of a packet: each byte has a value and a mask. Ports have a range in
 * place of them, in host order. */
struct pattern {
	struct pattern_half {
		struct firewall_facts facts;
		struct firewall_more_facts more;
	} value, mask;
};
_Static_assert(sizeof(struct pattern_half) == FIREWALL_FACTS_BYTES, "indexed by fact");

static struct pattern pattern_of(const struct ipv4_match *match, struct byte_pattern condition)
{
	const struct match_common *common = &match->common;
	uint8_t l4 = common->needs_l4 ? FIREWALL_KEY_L4 : 0;

	return (struct pattern){
	    .value = {.facts = {.protocol = common->protocol,
				.tcp_flags = common->tcp_flags,
				.in_port = common->in_port | FIREWALL_KEY_L4,
				.out_port = common->out_port,
				.destination_port = common->destination_port_low,
				.source_port = common->source_port_low,
				.source = rte_cpu_to_be_32(match->source.address),
				.destination = rte_cpu_to_be_32(match->destination.address)},
		      .more = {.condition = condition.value,
			       .source_class = common->source_class_low,
			       .destination_class = common->destination_class_low}},
	    .mask = {.facts = {.protocol = common->protocol_mask,
			       .tcp_flags = common->tcp_flags_mask,
			       .in_port = (common->in_port_mask & ~FIREWALL_KEY_L4) | l4,
			       .out_port = common->out_port_mask,
			       .destination_port = common->destination_port_high,
			       .source_port = common->source_port_high,
			       .source = rte_cpu_to_be_32(prefix_mask(match->source.length)),
			       .destination = rte_cpu_to_be_32(prefix_mask(match->destination.length))},
		     .more = {.condition = condition.mask,
			      .source_class = common->source_class_high,
			      .destination_class = common->destination_class_high}},
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

static bool looks_at(const struct ipv4_match *match, const struct candidate *candidate)
{
	struct byte_pattern conditions[2];
	struct pattern pattern;
	struct rte_acl_field field;

	condition_patterns(&match->common, conditions);
	pattern = pattern_of(match, conditions[0]);
	field = field_of(&pattern, candidate->fact, candidate->bytes);
	return candidate->bytes == 1 ? field.mask_range.u8 != 0
				     : field.value.u16 != 0 || field.mask_range.u16 != UINT16_MAX;
}

static bool is_looked_at(const struct candidate *candidate)
{
	for (uint32_t i = 0; i < ipv4_match_count; i++)
		if (looks_at(&ipv4_matches[i], candidate))
			return true;
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

/* Splits a map of facts into those of the first ones and those after these; NO_FACT gives a zero byte. */
static void split(struct firewall_key_layout *layout, const uint8_t shuffle[FIREWALL_KEY_BYTES])
{
	uint8_t first[FIREWALL_KEY_BYTES], more[FIREWALL_KEY_BYTES];

	for (int i = 0; i < FIREWALL_KEY_BYTES; i++) {
		bool is_more = shuffle[i] != NO_FACT && shuffle[i] >= sizeof(struct firewall_facts);

		first[i] = is_more ? NO_FACT : shuffle[i];
		more[i] = is_more ? shuffle[i] - sizeof(struct firewall_facts) : NO_FACT;
		layout->more |= is_more || (i >= FIREWALL_KEY_BYTES / 2 && shuffle[i] != NO_FACT);
	}
	memcpy(layout->shuffle, first, sizeof(first));
	memcpy(layout->shuffle_more, more, sizeof(more));
}

void firewall_key_lay_out(struct firewall_key_layout *layout)
{
	uint8_t shuffle[FIREWALL_KEY_BYTES];
	uint32_t at = 0;

	memset(shuffle, NO_FACT, sizeof(shuffle));
	memset(layout, 0, sizeof(*layout));
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
	split(layout, shuffle);
}

void firewall_key_set_rule(const struct firewall_key_layout *layout, struct rte_acl_field *field,
			   const struct ipv4_match *match, struct byte_pattern condition)
{
	struct pattern pattern = pattern_of(match, condition);

	for (uint32_t i = 0; i < layout->fields; i++)
		field[i] = layout->facts[i] == NO_FACT
			       ? (struct rte_acl_field){0}
			       : field_of(&pattern, layout->facts[i], layout->defs[i].size);
}
