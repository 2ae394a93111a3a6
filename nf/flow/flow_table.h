/* SPDX-License-Identifier: Apache-2.0
 *
 * From a tuple to a flow: a hash table of references to records. Both directions of a flow are in it.
 *
 * A bucket is one cache line: eight references, and sixteen bits of hash for each, which are compared
 * together. An entry lies in one of two buckets; the second is looked into only when the first once had no
 * room. When both are full, an entry of the first moves over to its own other bucket. At half load, for which
 * the table is sized, a packet touches one bucket and the record.
 *
 * Why not rte_hash: it keeps a copy of each key, 48 bytes here, in an array of its own. That is 96 MB more
 * for a million flows, and for each packet one more cache line that is nowhere near.
 *
 * The hash is multilinear, with half the multiplications (MULTILINEAR-HM; Lemire and Kaser, "Strongly
 * universal string hashing is fast", 2014): for keys that an attacker doesn't know, any two tuples meet in a
 * bucket with the probability of chance, whatever they are. A CRC has no such property, however it is seeded.
 */
#ifndef NF_FLOW_TABLE_H
#define NF_FLOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <emmintrin.h>
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>
#include "nf/flow/flow.h"

enum {
	BUCKET_ENTRIES = 8,
	TUPLE_HALVES = sizeof(struct flow_tuple) / 8,
	ADDRESS_HALVES = sizeof(struct flow_addresses) / 8,
};

/* A record's number and the direction that the tuple is for; 0 is none. */
typedef uint32_t flow_reference;

struct flow_bucket {
	uint16_t tag[BUCKET_ENTRIES]; /* 0: the entry is free */
	flow_reference reference[BUCKET_ENTRIES];
	uint32_t displaced; /* entries that should be here, and are in their second bucket */
	uint32_t zero[3];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct flow_bucket) == 64, "a cache line");

struct flow_table {
	struct flow_bucket *buckets;
	uint32_t bucket_count;
	uint64_t keys[1 + 2 * (TUPLE_HALVES + ADDRESS_HALVES)];
};
extern struct flow_table flow_table;

/* Bytes that the buckets for so many flows take. */
size_t flow_table_bytes(uint32_t flows);

/* Uses memory of that size, and touches all of it: entries go anywhere, and no packet shall wait for a page.
 */
void flow_table_init(void *memory, uint32_t flows);

/* False: no room could be made. */
bool flow_table_insert(uint32_t hash, flow_reference reference);
void flow_table_remove(uint32_t hash, flow_reference reference);

static inline flow_reference flow_reference_to(uint32_t flow, enum flow_direction direction)
{
	return flow << 1 | direction;
}

static inline struct flow_record *flow_referred(flow_reference reference)
{
	return &flow_records[reference >> 1];
}

static inline enum flow_direction flow_direction_referred(flow_reference reference)
{
	return reference & 1 ? FLOW_REPLY : FLOW_ORIGINAL;
}

static inline uint64_t flow_hash_step(const uint64_t key[2], const void *bytes, int half)
{
	uint64_t two;

	memcpy(&two, (const uint8_t *)bytes + half * sizeof(two), sizeof(two));
	return (key[0] + (uint32_t)two) * (key[1] + (two >> 32));
}

static inline uint32_t flow_hash(const struct flow_tuple *tuple, const struct flow_addresses *ipv6)
{
	const uint64_t *key = flow_table.keys;
	uint64_t sum = *key++;

#pragma GCC unroll 2
	for (int i = 0; i < TUPLE_HALVES; i++, key += 2)
		sum += flow_hash_step(key, tuple, i);
	if (unlikely(tuple->ipv6))
		for (int i = 0; i < ADDRESS_HALVES; i++, key += 2)
			sum += flow_hash_step(key, ipv6, i);
	return sum >> 32;
}

/* The bucket from the upper bits, the tag from the lower ones. */
static inline struct flow_bucket *flow_bucket_of(uint32_t hash)
{
	return &flow_table.buckets[(uint64_t)hash * flow_table.bucket_count >> 32];
}

static inline uint16_t flow_tag_of(uint32_t hash)
{
	uint16_t tag = hash;

	return tag ? tag : 1;
}

/* The other bucket of an entry that is in `bucket`: each is the other's other. */
static inline struct flow_bucket *flow_other_bucket(const struct flow_bucket *bucket, uint16_t tag)
{
	uint32_t at = bucket - flow_table.buckets;
	uint32_t sum = (uint64_t)(tag * 0x9e3779b1u) * flow_table.bucket_count >> 32;

	return &flow_table.buckets[sum >= at ? sum - at : sum + flow_table.bucket_count - at];
}

/* A bit for each entry with that tag. */
static inline uint32_t flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
	__m128i tags = _mm_load_si128((const __m128i *)bucket->tag);
	__m128i same = _mm_cmpeq_epi16(tags, _mm_set1_epi16(tag));

	return _mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
}

static inline bool flow_tuple_equal(const struct flow_tuple *a, const struct flow_tuple *b)
{
	__m128i same =
	    _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));

	return _mm_movemask_epi8(same) == 0xffff;
}

static inline bool flow_is(flow_reference reference, const struct flow_tuple *tuple,
			   const struct flow_addresses *ipv6)
{
	const struct flow_record *record = flow_referred(reference);
	enum flow_direction direction = flow_direction_referred(reference);

	return flow_tuple_equal(&record->tuple[direction], tuple) &&
	       (likely(!tuple->ipv6) || memcmp(&record->ipv6[direction], ipv6, sizeof(*ipv6)) == 0);
}

/* The entry of a tuple, 0 where there is none. */
flow_reference flow_table_find(uint32_t hash, const struct flow_tuple *tuple,
			       const struct flow_addresses *ipv6);

#endif
