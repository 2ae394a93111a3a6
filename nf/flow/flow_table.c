/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash table of flows; see flow_table.h. flow.c makes and ends entries, and has a copy of the search's
 * first half, which it does for a burst at a time.
 */
#include <assert.h>
#include <string.h>
#include <rte_common.h>
#include "nf/flow/flow_table.h"
#include "nf/host.h"

enum { ENTRIES_A_BUCKET = 4 }; /* on average, of a full table */

struct flow_table flow_table;

static uint32_t buckets_for(uint32_t flows)
{
	return FLOW_DIRECTIONS * flows / ENTRIES_A_BUCKET + 1;
}

size_t flow_table_bytes(uint32_t flows)
{
	return buckets_for(flows) * sizeof(struct flow_bucket);
}

void flow_table_init(void *memory, uint32_t flows)
{
	flow_table.buckets = memset(memory, 0, flow_table_bytes(flows));
	flow_table.bucket_count = buckets_for(flows);
	for (size_t i = 0; i < RTE_DIM(flow_table.keys); i++)
		flow_table.keys[i] = host_random();
}

static flow_reference find_in(const struct flow_bucket *bucket, uint16_t tag, const struct flow_tuple *tuple,
			      const struct flow_addresses *ipv6)
{
	for (uint32_t match = flow_bucket_match(bucket, tag); match; match &= match - 1) {
		flow_reference reference = bucket->reference[__builtin_ctz(match)];

		if (flow_is(reference, tuple, ipv6))
			return reference;
	}
	return 0;
}

flow_reference flow_table_find(uint32_t hash, const struct flow_tuple *tuple,
			       const struct flow_addresses *ipv6)
{
	const struct flow_bucket *bucket = flow_bucket_of(hash);
	uint16_t tag = flow_tag_of(hash);
	flow_reference found = find_in(bucket, tag, tuple, ipv6);

	if (found || !bucket->displaced)
		return found;
	return find_in(flow_other_bucket(bucket, tag), tag, tuple, ipv6);
}

/* Writes an entry where there is room for it. */
static bool put(struct flow_bucket *bucket, uint16_t tag, flow_reference reference)
{
	uint32_t free = flow_bucket_match(bucket, 0);
	int at = __builtin_ctz(free | 1 << BUCKET_ENTRIES);

	if (at == BUCKET_ENTRIES)
		return false;
	bucket->tag[at] = tag;
	bucket->reference[at] = reference;
	return true;
}

static bool belongs(const struct flow_bucket *bucket, flow_reference reference)
{
	const struct flow_record *record = flow_referred(reference);
	enum flow_direction direction = flow_direction_referred(reference);

	return flow_bucket_of(flow_hash(&record->tuple[direction], &record->ipv6[direction])) == bucket;
}

/* Moves one entry of a full bucket to its other one, if any of these has room. */
static bool make_room(struct flow_bucket *bucket)
{
	for (int at = 0; at < BUCKET_ENTRIES; at++) {
		struct flow_bucket *other = flow_other_bucket(bucket, bucket->tag[at]);

		if (other == bucket || !put(other, bucket->tag[at], bucket->reference[at]))
			continue;
		if (belongs(bucket, bucket->reference[at]))
			bucket->displaced++;
		else
			other->displaced--;
		bucket->tag[at] = 0;
		return true;
	}
	return false;
}

bool flow_table_insert(uint32_t hash, flow_reference reference)
{
	struct flow_bucket *bucket = flow_bucket_of(hash);
	uint16_t tag = flow_tag_of(hash);

	if (put(bucket, tag, reference))
		return true;
	if (put(flow_other_bucket(bucket, tag), tag, reference)) {
		bucket->displaced++;
		return true;
	}
	return make_room(bucket) && put(bucket, tag, reference);
}

static bool clear(struct flow_bucket *bucket, uint16_t tag, flow_reference reference)
{
	for (uint32_t match = flow_bucket_match(bucket, tag); match; match &= match - 1) {
		int at = __builtin_ctz(match);

		if (bucket->reference[at] != reference)
			continue;
		bucket->tag[at] = 0;
		return true;
	}
	return false;
}

void flow_table_remove(uint32_t hash, flow_reference reference)
{
	struct flow_bucket *bucket = flow_bucket_of(hash);
	uint16_t tag = flow_tag_of(hash);
	bool cleared = clear(bucket, tag, reference);

	if (cleared)
		return;
	cleared = clear(flow_other_bucket(bucket, tag), tag, reference);
	assert(cleared && bucket->displaced);
	bucket->displaced--;
}
