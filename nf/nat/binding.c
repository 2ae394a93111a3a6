/* SPDX-License-Identifier: Apache-2.0
 *
 * Mappings; see binding.h. Tables of flow numbers, each with eight bits of its key's hash, so that flows of
 * other keys are hardly ever looked at: by internal endpoint, by external endpoint, and by contact. Linear
 * probing at no more than half load, and removal that moves what follows back (Knuth, volume 3, algorithm
 * 6.4 R).
 *
 * In a ring, flows with one contact follow each other, and the first of them is the one that a table knows:
 * so when it leaves, its neighbour can take its place.
 */
#include <assert.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "binding.h"

enum { INTERNAL, EXTERNAL, CONTACT, TABLES, HASH_HALVES = sizeof(struct binding) / 8 };

/* A flow's number and, in the upper bits, its tag; 0 is free. */
enum { NUMBER_BITS = 24, NUMBER_MASK = (1 << NUMBER_BITS) - 1 };

static uint32_t *tables[TABLES]; /* CONTACT: NULL where nobody asks */
static uint32_t mask;
static uint64_t hash_keys[1 + 2 * HASH_HALVES];

static bool contacts_matter(void)
{
	for (uint32_t i = 0; i < nat_source_rule_count; i++)
		if (nat_source_rules[i].filtering == NAT_FILTERING_ADDRESS_DEPENDENT)
			return true;
	return false;
}

static int make_table(int table)
{
	size_t bytes = ((size_t)mask + 1) * sizeof(*tables[table]);

	tables[table] = host_shared_memory(bytes);
	if (tables[table] == NULL) {
		host_log("nat: no memory for mappings");
		return -ENOMEM;
	}
	memset(tables[table], 0, bytes);
	return 0;
}

int binding_init(void)
{
	uint32_t size = 2;
	int error = 0;

	assert(flow_capacity <= NUMBER_MASK);
	while (size < flow_capacity + flow_capacity / 2)
		size *= 2;
	mask = size - 1;
	tables[CONTACT] = NULL;
	for (int i = 0; i < TABLES && !error; i++)
		if (i != CONTACT || contacts_matter())
			error = make_table(i);
	for (size_t i = 0; i < RTE_DIM(hash_keys); i++)
		hash_keys[i] = host_random();
	return error;
}

struct binding binding_of(const struct flow_record *record)
{
	bool inward = record->flags & FLOW_BOUND_INWARD;
	const struct flow_tuple *tuple = &record->tuple[FLOW_ORIGINAL];
	struct ends original = ends_arriving(record, FLOW_ORIGINAL),
		    reply = ends_arriving(record, FLOW_REPLY);

	return (struct binding){
	    .internal = inward ? reply.source : original.source,
	    .external = inward ? original.destination : reply.destination,
	    .protocol = tuple->protocol,
	    .ipv6 = tuple->ipv6,
	};
}

static struct address contact_of(const struct flow_record *record)
{
	bool inward = record->flags & FLOW_BOUND_INWARD;

	return ends_arriving(record, inward ? FLOW_ORIGINAL : FLOW_REPLY).source.address;
}

/* What one of the tables looks at: an internal endpoint and the external address, or the external endpoint.
 * For a contact, its address is in the place of the internal endpoint. */
static struct binding key_of(const struct binding *binding, int table)
{
	struct binding key = *binding;

	if (table == INTERNAL)
		key.external.port = 0;
	else if (table == EXTERNAL)
		memset(&key.internal, 0, sizeof(key.internal));
	return key;
}

static struct binding key_of_contact(const struct binding *binding, const struct address *remote)
{
	struct binding key = *binding;

	key.internal = (struct endpoint){.address = *remote};
	return key;
}

static bool is_same(const struct binding *a, const struct binding *b)
{
	return a->protocol == b->protocol && a->ipv6 == b->ipv6 && a->internal.port == b->internal.port &&
	       a->external.port == b->external.port &&
	       address_equal(&a->internal.address, &b->internal.address) &&
	       address_equal(&a->external.address, &b->external.address);
}

/* Multilinear, as in nf/flow/flow_table.h. */
static uint32_t hash_of(const struct binding *key)
{
	uint64_t sum = hash_keys[0], halves[HASH_HALVES];

	memcpy(halves, key, sizeof(halves));
	for (int i = 0; i < HASH_HALVES; i++)
		sum +=
		    (hash_keys[1 + 2 * i] + (uint32_t)halves[i]) * (hash_keys[2 + 2 * i] + (halves[i] >> 32));
	return sum >> 32;
}

static uint32_t tag_of(uint32_t hash)
{
	return hash & ~(uint32_t)NUMBER_MASK;
}

static struct binding key_of_flow(uint32_t flow, int table)
{
	const struct flow_record *record = &flow_records[flow];
	struct binding binding = binding_of(record);
	struct address contact;

	if (table != CONTACT)
		return key_of(&binding, table);
	contact = contact_of(record);
	return key_of_contact(&binding, &contact);
}

static uint32_t flow_at(int table, uint32_t slot)
{
	return tables[table][slot] & NUMBER_MASK;
}

/* Where a key is, or where it would be put. */
static uint32_t slot_of(const struct binding *key, uint32_t hash, int table)
{
	uint32_t slot = hash & mask;

	for (; tables[table][slot]; slot = (slot + 1) & mask) {
		struct binding other;

		if (tag_of(tables[table][slot]) != tag_of(hash))
			continue;
		other = key_of_flow(flow_at(table, slot), table);
		if (is_same(&other, key))
			break;
	}
	return slot;
}

static uint32_t find(const struct binding *wanted, int table)
{
	struct binding key = key_of(wanted, table);

	return flow_at(table, slot_of(&key, hash_of(&key), table));
}

uint32_t binding_find_internal(const struct binding *wanted)
{
	return find(wanted, INTERNAL);
}

uint32_t binding_find_external(const struct binding *wanted)
{
	return find(wanted, EXTERNAL);
}

bool binding_has_contact(const struct binding *wanted, const struct address *remote)
{
	struct binding key = key_of_contact(wanted, remote);

	return find(&key, CONTACT);
}

static void prefetch(const struct binding *wanted, int table)
{
	struct binding key = key_of(wanted, table);

	rte_prefetch0(&tables[table][hash_of(&key) & mask]);
}

void binding_prefetch_internal(const struct binding *wanted)
{
	prefetch(wanted, INTERNAL);
}

void binding_prefetch_external(const struct binding *wanted)
{
	prefetch(wanted, EXTERNAL);
}

/* Returns the flow that has the key, or 0 and puts `flow` in its place. */
static uint32_t find_or_put(uint32_t flow, int table)
{
	struct binding key = key_of_flow(flow, table);
	uint32_t hash = hash_of(&key), slot = slot_of(&key, hash, table), other = flow_at(table, slot);

	if (!other)
		tables[table][slot] = flow | tag_of(hash);
	return other;
}

/* Whether a slot lies from `from` on, up to before `to`, round the end. */
static bool is_between(uint32_t slot, uint32_t from, uint32_t to)
{
	return ((slot - from) & mask) < ((to - from) & mask);
}

static void take_out(uint32_t flow, int table)
{
	struct binding key = key_of_flow(flow, table);
	uint32_t hole = slot_of(&key, hash_of(&key), table), slot = hole;

	assert(flow_at(table, hole) == flow);
	for (;;) {
		tables[table][hole] = 0;
		do {
			slot = (slot + 1) & mask;
			if (tables[table][slot] == 0)
				return;
			key = key_of_flow(flow_at(table, slot), table);
		} while (is_between(hash_of(&key) & mask, (hole + 1) & mask, (slot + 1) & mask));
		tables[table][hole] = tables[table][slot];
		hole = slot;
	}
}

/* Between two that follow each other, or with itself alone. */
static void link_between(uint32_t previous, uint32_t flow, uint32_t next)
{
	flow_records[flow].binding = (struct flow_link){previous, next};
	flow_records[previous].binding.next = flow;
	flow_records[next].binding.previous = flow;
}

void binding_join(uint32_t flow)
{
	uint32_t first = find_or_put(flow, INTERNAL);
	uint32_t friend = tables[CONTACT] ? find_or_put(flow, CONTACT) : 0;

	if (friend)
		link_between(friend, flow, flow_records[friend].binding.next);
	else if (first)
		link_between(flow_records[first].binding.previous, flow, first);
	else
		link_between(flow, flow, flow);
	if (first)
		return;
	first = find_or_put(flow, EXTERNAL);
	assert(!first && !friend);
	stats.flow.bindings++;
}

/* The tables go on to the next flow of the ring. */
static void stand_in(uint32_t flow, uint32_t next, int table)
{
	struct binding key = key_of_flow(flow, table);
	uint32_t slot = slot_of(&key, hash_of(&key), table);

	if (flow_at(table, slot) == flow)
		tables[table][slot] = next | tag_of(tables[table][slot]);
}

static void leave_contact(uint32_t flow, uint32_t next)
{
	struct binding key = key_of_flow(flow, CONTACT), key_of_next = key_of_flow(next, CONTACT);

	if (next != flow && is_same(&key, &key_of_next))
		stand_in(flow, next, CONTACT);
	else if (find(&key, CONTACT) == flow)
		take_out(flow, CONTACT);
}

void binding_leave(uint32_t flow)
{
	const struct flow_link link = flow_records[flow].binding;

	if (tables[CONTACT])
		leave_contact(flow, link.next);
	if (link.next == flow) {
		take_out(flow, INTERNAL);
		take_out(flow, EXTERNAL);
		stats.flow.bindings--;
		return;
	}
	stand_in(flow, link.next, INTERNAL);
	stand_in(flow, link.next, EXTERNAL);
	flow_records[link.previous].binding.next = link.next;
	flow_records[link.next].binding.previous = link.previous;
}
