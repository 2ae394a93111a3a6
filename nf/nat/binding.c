/* SPDX-License-Identifier: Apache-2.0
 *
 * Mappings; see binding.h. Two tables of flow numbers, each with eight bits of its key's hash, so that flows
 * of other keys are hardly ever looked at, by internal and by external endpoint: linear probing at no more
 * than half load, and removal that moves what follows back (Knuth, volume 3, algorithm 6.4 R).
 */
#include <assert.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "binding.h"

enum { INTERNAL, EXTERNAL, TABLES, HASH_HALVES = sizeof(struct binding) / 8 };

/* A flow's number and, in the upper bits, its tag; 0 is free. */
enum { NUMBER_BITS = 24, NUMBER_MASK = (1 << NUMBER_BITS) - 1 };

static uint32_t *tables[TABLES];
static uint32_t mask;
static uint64_t hash_keys[1 + 2 * HASH_HALVES];

int binding_init(void)
{
	uint32_t size = 2;

	assert(flow_capacity <= NUMBER_MASK);
	while (size < flow_capacity + flow_capacity / 2)
		size *= 2;
	mask = size - 1;
	for (int i = 0; i < TABLES; i++) {
		tables[i] = host_shared_memory((size_t)size * sizeof(*tables[i]));
		if (tables[i] == NULL) {
			host_log("nat: no memory for mappings");
			return -ENOMEM;
		}
		memset(tables[i], 0, (size_t)size * sizeof(*tables[i]));
	}
	for (size_t i = 0; i < RTE_DIM(hash_keys); i++)
		hash_keys[i] = host_random();
	return 0;
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

/* What one of the tables looks at: an internal endpoint and the external address, or the external endpoint.
 */
static struct binding key_of(const struct binding *binding, int table)
{
	struct binding key = *binding;

	if (table == INTERNAL)
		key.external.port = 0;
	else
		memset(&key.internal, 0, sizeof(key.internal));
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
	struct binding binding = binding_of(&flow_records[flow]);

	return key_of(&binding, table);
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

void binding_join(uint32_t flow)
{
	struct flow_record *record = &flow_records[flow], *first;
	uint32_t other = find_or_put(flow, INTERNAL);

	if (!other) {
		other = find_or_put(flow, EXTERNAL);
		assert(!other);
		record->binding = (struct flow_link){flow, flow};
		stats.flow.bindings++;
		return;
	}
	first = &flow_records[other];
	record->binding = (struct flow_link){first->binding.previous, other};
	flow_records[first->binding.previous].binding.next = flow;
	first->binding.previous = flow;
}

/* The tables go on to the next flow of the ring. */
static void stand_in(uint32_t flow, uint32_t next, int table)
{
	struct binding key = key_of_flow(flow, table);
	uint32_t slot = slot_of(&key, hash_of(&key), table);

	if (flow_at(table, slot) == flow)
		tables[table][slot] = next | tag_of(tables[table][slot]);
}

void binding_leave(uint32_t flow)
{
	const struct flow_link link = flow_records[flow].binding;

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
