/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash table of flows against a list of what is in it: many random insertions and removals, in tables so
 * small that buckets overflow all the time. After each, the counters of displaced entries must be exact, or
 * some entry would not be found.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <rte_common.h>
#include "nf/flow/flow_table.h"
#include "nf/host.h"
#include "support/nf_host.h"

enum { FLOWS = 64, REFERENCES = FLOW_DIRECTIONS * (FLOWS + 1), OPERATIONS = 20000, BUCKETS_MAX = 64 };

static struct flow_record records[FLOWS + 1];
static struct flow_bucket buckets[BUCKETS_MAX];
static bool present[REFERENCES]; /* the model */

/* Any tuples, half of them IPv6, no two the same. */
static void make_flows(uint32_t capacity)
{
	nf_host_start();
	memset(records, 0, sizeof(records));
	for (flow_reference r = 2; r < REFERENCES; r++) {
		struct flow_tuple *tuple = &records[r / 2].tuple[r % 2];

		tuple->source_port = r;
		tuple->ipv6 = r & 4 ? 1 : 0;
		if (tuple->ipv6)
			records[r / 2].ipv6[r % 2].source[host_random() % 16] = host_random();
		else
			tuple->source = host_random();
	}
	flow_records = records;
	assert_true(flow_table_bytes(capacity) <= sizeof(buckets));
	flow_table_init(buckets, capacity);
	memset(present, 0, sizeof(present));
}

static uint32_t hash_of(flow_reference r)
{
	return flow_hash(&records[r / 2].tuple[r % 2], &records[r / 2].ipv6[r % 2]);
}

static flow_reference find(flow_reference r)
{
	return flow_table_find(hash_of(r), &records[r / 2].tuple[r % 2], &records[r / 2].ipv6[r % 2]);
}

static uint32_t entries_of(const struct flow_bucket *bucket)
{
	uint32_t count = 0;

	for (int i = 0; i < BUCKET_ENTRIES; i++)
		count += bucket->tag[i] != 0;
	return count;
}

/* Each entry is in one of its two buckets, once, and counted where it should be. */
static void check_buckets(void)
{
	uint32_t displaced[BUCKETS_MAX] = {0}, entries = 0, expected = 0;

	for (uint32_t b = 0; b < flow_table.bucket_count; b++) {
		for (int i = 0; i < BUCKET_ENTRIES; i++) {
			flow_reference r = buckets[b].reference[i];
			struct flow_bucket *home = flow_bucket_of(hash_of(r));

			if (buckets[b].tag[i] == 0)
				continue;
			assert_true(present[r]);
			assert_int_equal(buckets[b].tag[i], flow_tag_of(hash_of(r)));
			assert_true(home == &buckets[b] ||
				    flow_other_bucket(home, buckets[b].tag[i]) == &buckets[b]);
			if (home != &buckets[b])
				displaced[home - buckets]++;
			entries++;
		}
	}
	for (flow_reference r = 2; r < REFERENCES; r++)
		expected += present[r];
	assert_int_equal(entries, expected);
	for (uint32_t b = 0; b < flow_table.bucket_count; b++)
		assert_int_equal(buckets[b].displaced, displaced[b]);
}

static void check_all_found(void)
{
	for (flow_reference r = 2; r < REFERENCES; r++)
		assert_int_equal(find(r), present[r] ? r : 0);
}

/* What finds no room leaves everything as it was, and there was none: neither for it nor for what is in its
 * bucket. */
static void insert(flow_reference r)
{
	static struct flow_bucket before[BUCKETS_MAX];
	struct flow_bucket *home = flow_bucket_of(hash_of(r));

	memcpy(before, buckets, sizeof(before));
	present[r] = flow_table_insert(hash_of(r), r);
	if (present[r])
		return;
	assert_memory_equal(before, buckets, sizeof(before));
	assert_int_equal(entries_of(home), BUCKET_ENTRIES);
	assert_int_equal(entries_of(flow_other_bucket(home, flow_tag_of(hash_of(r)))), BUCKET_ENTRIES);
	for (int i = 0; i < BUCKET_ENTRIES; i++)
		assert_int_equal(entries_of(flow_other_bucket(home, home->tag[i])), BUCKET_ENTRIES);
}

static void removed(flow_reference r)
{
	flow_table_remove(hash_of(r), r);
	present[r] = false;
}

static void operate(uint32_t capacity, uint32_t *refused)
{
	make_flows(capacity);
	for (int i = 0; i < OPERATIONS; i++) {
		flow_reference r = 2 + host_random() % (REFERENCES - 2);
		bool fills = i / 1000 % 2 == 0 || host_random() % 2;

		if (present[r] && !fills)
			removed(r);
		else if (!present[r])
			insert(r);
		*refused += !present[r] && fills;
		assert_int_equal(find(r), present[r] ? r : 0);
		check_buckets();
		if (i % 100 == 0)
			check_all_found();
	}
	for (flow_reference r = 2; r < REFERENCES; r++)
		if (present[r])
			removed(r);
	check_buckets();
	for (uint32_t b = 0; b < flow_table.bucket_count; b++)
		assert_true(entries_of(&buckets[b]) == 0 && buckets[b].displaced == 0);
}

static void random_operations(void **state)
{
	static const uint32_t capacities[] = {1, 2, 4, 8, 16, 24, FLOWS};
	uint32_t refused = 0;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(capacities); i++)
		operate(capacities[i], &refused);
	assert_true(refused > 0);
}

/* A full table as it is sized: four entries a bucket on average. */
static void all_flows_find_room(void **state)
{
	(void)state;
	for (int round = 0; round < 100; round++) {
		make_flows(FLOWS);
		for (flow_reference r = 2; r < REFERENCES; r++) {
			insert(r);
			assert_true(present[r]);
		}
		check_all_found();
	}
}

/* Entries of one hash: the tag tells nothing then, the tuple does. With keys that are zero, all tuples have
 * it that are zero where these are. */
static void same_hash(void **state)
{
	static const flow_reference ipv4[] = {2, 3, 8, 9, 10, 11, 16, 17, 18};

	(void)state;
	make_flows(1);
	memset(flow_table.keys, 0, sizeof(flow_table.keys));
	for (int i = 0; i <= BUCKET_ENTRIES; i++) {
		assert_int_equal(hash_of(ipv4[i]), 0);
		insert(ipv4[i]);
		assert_int_equal(present[ipv4[i]], i < BUCKET_ENTRIES);
	}
	check_all_found();
	removed(ipv4[3]);
	check_all_found();
	insert(ipv4[BUCKET_ENTRIES]);
	assert_true(present[ipv4[BUCKET_ENTRIES]]);
	check_all_found();
}

static void every_bit_counts(void **state)
{
	struct flow_tuple tuple = {.protocol = 6, .ipv6 = 1}, other;
	struct flow_addresses ipv6 = {{1}, {2}}, other6;
	uint32_t hash;

	(void)state;
	make_flows(FLOWS);
	hash = flow_hash(&tuple, &ipv6);
	for (size_t bit = 0; bit < 8 * offsetof(struct flow_tuple, ipv6); bit++) {
		other = tuple;
		((uint8_t *)&other)[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(flow_hash(&other, &ipv6), hash);
	}
	for (size_t bit = 0; bit < 8 * sizeof(ipv6); bit++) {
		other6 = ipv6;
		((uint8_t *)&other6)[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(flow_hash(&tuple, &other6), hash);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_operations),
	    cmocka_unit_test(all_flows_find_room),
	    cmocka_unit_test(same_hash),
	    cmocka_unit_test(every_bit_counts),
	};

	return cmocka_run_group_tests_name("flow_table", tests, NULL, NULL);
}
