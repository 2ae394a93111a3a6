/* SPDX-License-Identifier: Apache-2.0
 *
 * Mappings; see binding.h. Two tables of flow numbers, by internal and by external endpoint: linear probing
 * at no more than half load, and removal that moves what follows back (Knuth, volume 3, algorithm 6.4 R).
 */
#include <assert.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "binding.h"

enum { INTERNAL, EXTERNAL, TABLES, HASH_WORDS = sizeof(struct binding) / 4 };

static uint32_t *tables[TABLES]; /* 0 is free */
static uint32_t mask;
static uint64_t hash_keys[1 + HASH_WORDS];

int binding_init(void)
{
	uint32_t size = 2;

	while (size < 2 * flow_capacity)
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
static uint32_t home_of(const struct binding *key)
{
	uint64_t sum = hash_keys[0];
	uint32_t words[HASH_WORDS];

	memcpy(words, key, sizeof(words));
	for (int i = 0; i < HASH_WORDS; i++)
		sum += hash_keys[1 + i] * words[i];
	return (sum >> 32) & mask;
}

static struct binding key_of_flow(uint32_t flow, int table)
{
	struct binding binding = binding_of(&flow_records[flow]);

	return key_of(&binding, table);
}

/* Where a key is, or where it would be put. */
static uint32_t slot_of(const struct binding *key, int table)
{
	uint32_t slot = home_of(key);

	for (; tables[table][slot]; slot = (slot + 1) & mask) {
		struct binding other = key_of_flow(tables[table][slot], table);

		if (is_same(&other, key))
			break;
	}
	return slot;
}

static uint32_t find(const struct binding *wanted, int table)
{
	struct binding key = key_of(wanted, table);

	return tables[table][slot_of(&key, table)];
}

uint32_t binding_find_internal(const struct binding *wanted)
{
	return find(wanted, INTERNAL);
}

uint32_t binding_find_external(const struct binding *wanted)
{
	return find(wanted, EXTERNAL);
}

static void put(uint32_t flow, int table)
{
	struct binding key = key_of_flow(flow, table);
	uint32_t slot = slot_of(&key, table);

	assert(tables[table][slot] == 0);
	tables[table][slot] = flow;
}

/* Whether a slot lies from `from` on, up to before `to`, round the end. */
static bool is_between(uint32_t slot, uint32_t from, uint32_t to)
{
	return ((slot - from) & mask) < ((to - from) & mask);
}

static void take_out(uint32_t flow, int table)
{
	struct binding key = key_of_flow(flow, table);
	uint32_t hole = slot_of(&key, table), slot = hole;

	assert(tables[table][hole] == flow);
	for (;;) {
		tables[table][hole] = 0;
		do {
			slot = (slot + 1) & mask;
			if (tables[table][slot] == 0)
				return;
			key = key_of_flow(tables[table][slot], table);
		} while (is_between(home_of(&key), (hole + 1) & mask, (slot + 1) & mask));
		tables[table][hole] = tables[table][slot];
		hole = slot;
	}
}

void binding_join(uint32_t flow)
{
	struct flow_record *record = &flow_records[flow], *first;
	struct binding binding = binding_of(record);
	uint32_t other = binding_find_internal(&binding);

	if (!other) {
		record->binding = (struct flow_link){flow, flow};
		put(flow, INTERNAL);
		put(flow, EXTERNAL);
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
	uint32_t slot = slot_of(&key, table);

	if (tables[table][slot] == flow)
		tables[table][slot] = next;
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
