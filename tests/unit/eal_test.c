/* SPDX-License-Identifier: Apache-2.0
 *
 * The mini-EAL: each DPDK library that Weir uses does a real piece of work on it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#define ALLOW_EXPERIMENTAL_API /* rte_vect_get_max_simd_bitwidth */
#include <netinet/in.h>
#include <rte_acl.h>
#include <rte_cpuflags.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_gso.h>
#include <rte_hash.h>
#include <rte_ip.h>
#include <rte_ip_frag.h>
#include <rte_lpm.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_memzone.h>
#include <rte_random.h>
#include <rte_ring.h>
#include <rte_string_fns.h>
#include <rte_tcp.h>
#include <rte_vect.h>
#include "boot/eal/eal.h"

enum { BUFFERS = 255 };

/* A row of test_heap asks for more than there is: that must return NULL, as it does without sanitizers. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static struct rte_mempool *packets, *indirect;

static int create_pools(void **state)
{
	(void)state;
	packets = rte_pktmbuf_pool_create("packets", BUFFERS, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	indirect = rte_pktmbuf_pool_create("indirect", BUFFERS, 0, 0, 0, 0);
	return packets == NULL || indirect == NULL;
}

static int free_pools(void **state)
{
	(void)state;
	rte_mempool_free(packets);
	rte_mempool_free(indirect);
	return 0;
}

static void test_heap(void **state)
{
	static const struct {
		const char *name;
		size_t size;
		unsigned int align;
		bool works;
	} rows[] = {
	    {"one byte", 1, 0, true},
	    {"a cache line", 64, 64, true},
	    {"a page, aligned to one", 4096, 4096, true},
	    {"large", 3 << 20, 2 << 20, true},
	    {"nothing", 0, 0, false},
	    {"alignment that is no power of two", 64, 96, false},
	    {"more than there is", SIZE_MAX / 2, 64, false},
	    {"sum wraps", SIZE_MAX - 8, 64, false},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint8_t *block = rte_zmalloc(rows[i].name, rows[i].size, rows[i].align);

		print_message("  %s\n", rows[i].name);
		assert_int_equal(block != NULL, rows[i].works);
		if (block == NULL)
			continue;
		assert_int_equal((uintptr_t)block % RTE_MAX(rows[i].align, 64u), 0);
		for (size_t byte = 0; byte < rows[i].size; byte++)
			assert_int_equal(block[byte], 0);
		memset(block, 0xff, rows[i].size);
		rte_free(block);
	}
	rte_free(NULL);
}

static void test_memzone(void **state)
{
	const struct rte_memzone *zone = rte_memzone_reserve_aligned("zone", 3 << 20, 0, 0, 2 << 20);

	(void)state;
	assert_non_null(zone);
	assert_int_equal(zone->iova, (uintptr_t)zone->addr);
	assert_int_equal(zone->iova % (2 << 20), 0);
	memset(zone->addr, 1, zone->len);
	assert_ptr_equal(rte_memzone_lookup("zone"), zone);
	assert_null(rte_memzone_reserve("zone", 64, 0, 0));
	assert_int_equal(rte_errno, EEXIST);
	assert_null(rte_memzone_reserve("a name that is longer than DPDK allows", 64, 0, 0));
	assert_int_equal(rte_errno, ENAMETOOLONG);
	assert_null(rte_memzone_reserve("empty", 0, 0, 0));
	assert_null(rte_memzone_reserve_aligned("odd", 64, 0, 0, 48));
	assert_int_equal(rte_memzone_free(zone), 0);
	assert_int_equal(rte_memzone_free(zone), -EINVAL);
	assert_null(rte_memzone_lookup("zone"));
}

static void test_mbuf(void **state)
{
	struct rte_mbuf *all[BUFFERS + 1];
	unsigned int count = 0;

	(void)state;
	while ((all[count] = rte_pktmbuf_alloc(packets)) != NULL)
		count++;
	assert_int_equal(count, BUFFERS);
	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(rte_pktmbuf_tailroom(all[i]), 2048);
		memset(rte_pktmbuf_append(all[i], 2048), i, 2048);
	}
	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(*rte_pktmbuf_mtod_offset(all[i], uint8_t *, 2047), (uint8_t)i);
		rte_pktmbuf_free(all[i]);
	}
	assert_int_equal(rte_mempool_avail_count(packets), BUFFERS);
}

/* A buffer is made into an mbuf when it is first given, and only then; what was freed last is given next. */
static void test_stack_pool(void **state)
{
	struct rte_mempool *pool = eal_stack_pool("stack", BUFFERS, RTE_MBUF_DEFAULT_BUF_SIZE);
	struct rte_mbuf *all[BUFFERS + 1];
	unsigned int count = 0;

	(void)state;
	assert_non_null(pool);
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
	assert_true(STAILQ_EMPTY(&pool->elt_list));
	while ((all[count] = rte_pktmbuf_alloc(pool)) != NULL) {
		assert_ptr_equal(all[count]->pool, pool);
		assert_ptr_equal(rte_mempool_from_obj(all[count]), pool);
		assert_int_equal(rte_pktmbuf_tailroom(all[count]), 2048);
		memset(rte_pktmbuf_append(all[count], 2048), count, 2048);
		count++;
	}
	assert_int_equal(count, BUFFERS);
	assert_int_equal(rte_mempool_get_bulk(pool, (void **)all + BUFFERS, 1), -ENOBUFS);
	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(*rte_pktmbuf_mtod_offset(all[i], uint8_t *, 2047), (uint8_t)i);
		rte_pktmbuf_free(all[i]);
		assert_int_equal(rte_mempool_avail_count(pool), i + 1);
	}
	assert_ptr_equal(rte_pktmbuf_alloc(pool), all[count - 1]);
	rte_pktmbuf_free(all[count - 1]);
	rte_mempool_free(pool);
}

/* The data of each buffer is a page of its own, whose number is the buffer's; headroom and mbuf are on the
 * page before, and found from it. */
static void test_page_pool(void **state)
{
	uint8_t *start, seen[BUFFERS] = {0};
	struct rte_mempool *pool = eal_page_pool("pages", BUFFERS, (void **)&start);
	struct rte_mbuf *all[BUFFERS + 1];
	unsigned int count = 0;

	(void)state;
	assert_non_null(pool);
	while ((all[count] = rte_pktmbuf_alloc(pool)) != NULL) {
		uint8_t *data = rte_pktmbuf_mtod(all[count], uint8_t *);
		struct rte_mbuf *view = rte_pktmbuf_alloc(indirect);

		assert_ptr_equal(rte_mempool_from_obj(all[count]), pool);
		assert_int_equal((data - start) % 8192, 4096);
		assert_int_equal(seen[(data - start) / 8192]++, 0);
		assert_int_equal(rte_pktmbuf_tailroom(all[count]), 4096);
		assert_int_equal(rte_pktmbuf_headroom(all[count]), RTE_PKTMBUF_HEADROOM);
		rte_pktmbuf_attach(view, all[count]);
		assert_int_equal(rte_mbuf_refcnt_read(all[count]), 2);
		rte_pktmbuf_free(view);
		memset(rte_pktmbuf_prepend(all[count], RTE_PKTMBUF_HEADROOM), count, RTE_PKTMBUF_HEADROOM);
		memset(rte_pktmbuf_append(all[count], 4096), count, 4096);
		count++;
	}
	assert_int_equal(count, BUFFERS);
	for (unsigned int i = 0; i < count; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(all[i], const uint8_t *);

		for (int at = 0; at < 4096 + RTE_PKTMBUF_HEADROOM; at++)
			assert_int_equal(data[at], (uint8_t)i);
		rte_pktmbuf_free(all[i]);
	}
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
	rte_mempool_free(pool);
	eal_pages_unmap(start, BUFFERS * 8192);
}

/* Blocks of every size at once, some of which share large pages: none touches another. */
static void test_blocks(void **state)
{
	enum { BLOCKS = 120, STEP = 4000 };
	uint8_t *blocks[BLOCKS];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			blocks[i] = rte_zmalloc("block", i * STEP + 1, 0);
			assert_non_null(blocks[i]);
			assert_int_equal(blocks[i][0] | blocks[i][i * STEP], 0);
			memset(blocks[i], (int)i + 1, i * STEP + 1);
		}
		for (size_t i = 0; i < BLOCKS; i++) {
			for (size_t byte = 0; byte <= i * STEP; byte += STEP / 4)
				assert_int_equal(blocks[i][byte], i + 1);
			rte_free(blocks[i]);
		}
	}
}

static void test_ring(void **state)
{
	struct rte_ring *ring = rte_ring_create("ring", 64, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	void *object = NULL;

	(void)state;
	assert_non_null(ring);
	for (uintptr_t i = 0; i < 63; i++)
		assert_int_equal(rte_ring_enqueue(ring, (void *)(i + 1)), 0);
	assert_int_equal(rte_ring_enqueue(ring, ring), -ENOBUFS);
	for (uintptr_t i = 0; i < 63; i++) {
		assert_int_equal(rte_ring_dequeue(ring, &object), 0);
		assert_int_equal((uintptr_t)object, i + 1);
	}
	rte_ring_free(ring);
}

static void test_lpm(void **state)
{
	const struct rte_lpm_config config = {.max_rules = 16, .number_tbl8s = 8};
	struct rte_lpm *lpm = rte_lpm_create("lpm", 0, &config);
	uint32_t hop;

	(void)state;
	assert_non_null(lpm);
	assert_int_equal(rte_lpm_add(lpm, RTE_IPV4(10, 0, 0, 0), 8, 1), 0);
	assert_int_equal(rte_lpm_add(lpm, RTE_IPV4(10, 1, 2, 128), 25, 2), 0);
	assert_int_equal(rte_lpm_lookup(lpm, RTE_IPV4(10, 1, 2, 200), &hop), 0);
	assert_int_equal(hop, 2);
	assert_int_equal(rte_lpm_lookup(lpm, RTE_IPV4(10, 1, 2, 1), &hop), 0);
	assert_int_equal(hop, 1);
	assert_int_equal(rte_lpm_lookup(lpm, RTE_IPV4(11, 0, 0, 0), &hop), -ENOENT);
	rte_lpm_free(lpm);
}

static void check_fib(enum rte_fib_type type)
{
	struct rte_fib_conf config = {.type = type, .default_nh = 99, .max_routes = 16};
	const uint32_t asked[] = {RTE_IPV4(10, 1, 2, 3), RTE_IPV4(10, 9, 9, 9), RTE_IPV4(8, 8, 8, 8)};
	uint64_t hops[RTE_DIM(asked)];
	struct rte_fib *fib;

	config.dir24_8.nh_sz = RTE_FIB_DIR24_8_2B;
	config.dir24_8.num_tbl8 = 8;
	fib = rte_fib_create("fib", 0, &config);
	assert_non_null(fib);
	assert_int_equal(rte_fib_add(fib, RTE_IPV4(10, 0, 0, 0), 8, 1), 0);
	assert_int_equal(rte_fib_add(fib, RTE_IPV4(10, 1, 2, 0), 26, 2), 0);
	assert_int_equal(rte_fib_lookup_bulk(fib, (uint32_t *)asked, hops, RTE_DIM(asked)), 0);
	assert_int_equal(hops[0], 2);
	assert_int_equal(hops[1], 1);
	assert_int_equal(hops[2], 99);
	rte_fib_free(fib);
}

static void test_fib(void **state)
{
	(void)state;
	check_fib(RTE_FIB_DUMMY);
	check_fib(RTE_FIB_DIR24_8);
}

static void test_fib6(void **state)
{
	struct rte_fib6_conf config = {.type = RTE_FIB6_TRIE, .default_nh = 9, .max_routes = 16};
	uint8_t asked[2][16] = {{0x20, 1, 0xd, 0xb8, [15] = 1}, {0xfd}};
	const uint8_t prefix[16] = {0x20, 1, 0xd, 0xb8};
	struct rte_fib6 *fib;
	uint64_t hops[2];

	(void)state;
	config.trie.nh_sz = RTE_FIB6_TRIE_2B;
	config.trie.num_tbl8 = 64;
	fib = rte_fib6_create("fib6", 0, &config);
	assert_non_null(fib);
	assert_int_equal(rte_fib6_add(fib, prefix, 32, 5), 0);
	assert_int_equal(rte_fib6_lookup_bulk(fib, asked, hops, 2), 0);
	assert_int_equal(hops[0], 5);
	assert_int_equal(hops[1], 9);
	rte_fib6_free(fib);
}

static void test_hash(void **state)
{
	const struct rte_hash_parameters parameters = {
	    .name = "hash", .entries = 1024, .key_len = sizeof(uint32_t)};
	struct rte_hash *hash = rte_hash_create(&parameters);
	unsigned int added = 0;

	(void)state;
	assert_non_null(hash);
	for (uint32_t key = 0; key < 900; key++)
		added += rte_hash_add_key_data(hash, &key, (void *)(uintptr_t)(key + 1)) == 0;
	assert_int_equal(added, 900);
	for (uint32_t key = 0; key < 1000; key++) {
		void *data = NULL;

		assert_int_equal(rte_hash_lookup_data(hash, &key, &data) >= 0, key < 900);
		assert_int_equal((uintptr_t)data, key < 900 ? key + 1 : 0);
	}
	rte_hash_free(hash);
}

/* A byte to begin with, as rte_acl wants, and an IPv4 prefix. */
static const struct rte_acl_field_def acl_fields[] = {
    {.type = RTE_ACL_FIELD_TYPE_BITMASK, .size = 1, .field_index = 0, .input_index = 0, .offset = 0},
    {.type = RTE_ACL_FIELD_TYPE_MASK, .size = 4, .field_index = 1, .input_index = 1, .offset = 4},
};
RTE_ACL_RULE_DEF(acl_rule, RTE_DIM(acl_fields));

static struct rte_acl_ctx *acl_create(void)
{
	const struct rte_acl_param parameters = {
	    .name = "acl", .rule_size = RTE_ACL_RULE_SZ(RTE_DIM(acl_fields)), .max_rule_num = 4};
	struct rte_acl_config config = {.num_categories = 1, .num_fields = RTE_DIM(acl_fields)};
	struct acl_rule rules[2] = {
	    {.data = {.category_mask = 1, .priority = 2, .userdata = 7},
	     .field = {{.value.u8 = 6, .mask_range.u8 = 0xff},
		       {.value.u32 = RTE_IPV4(10, 0, 0, 0), .mask_range.u32 = 8}}},
	    {.data = {.category_mask = 1, .priority = 1, .userdata = 8},
	     .field = {{.value.u8 = 6, .mask_range.u8 = 0xff}, {.value.u32 = 0, .mask_range.u32 = 0}}},
	};
	struct rte_acl_ctx *acl = rte_acl_create(&parameters);

	memcpy(config.defs, acl_fields, sizeof(acl_fields));
	assert_non_null(acl);
	assert_int_equal(rte_acl_add_rules(acl, (struct rte_acl_rule *)rules, RTE_DIM(rules)), 0);
	assert_int_equal(rte_acl_build(acl, &config), 0);
	return acl;
}

/* Every classifier that this CPU has must say the same. */
static void test_acl(void **state)
{
	static const enum rte_acl_classify_alg classifiers[] = {
	    RTE_ACL_CLASSIFY_SCALAR, RTE_ACL_CLASSIFY_SSE, RTE_ACL_CLASSIFY_AVX2, RTE_ACL_CLASSIFY_AVX512X16,
	    RTE_ACL_CLASSIFY_AVX512X32};
	const uint8_t inputs[3][8] = {
	    {6, [4] = 10, 1, 2, 3}, {6, [4] = 11, 1, 2, 3}, {17, [4] = 10, 1, 2, 3}};
	struct rte_acl_ctx *acl = acl_create();
	const uint8_t *asked[48];
	uint32_t results[48];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(asked); i++)
		asked[i] = inputs[i % 3];
	for (unsigned int c = 0; c < RTE_DIM(classifiers); c++) {
		if (rte_acl_set_ctx_classify(acl, classifiers[c]) != 0)
			continue;
		assert_int_equal(rte_acl_classify(acl, asked, results, RTE_DIM(asked), 1), 0);
		for (unsigned int i = 0; i < RTE_DIM(asked); i++)
			assert_int_equal(results[i], i % 3 == 0 ? 7 : i % 3 == 1 ? 8 : 0);
	}
	rte_acl_free(acl);
}

/* An IPv4 packet without L2 header. */
static struct rte_mbuf *ipv4_packet(uint16_t payload)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(packets);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(m, sizeof(*ip) + payload);

	*ip = (struct rte_ipv4_hdr){.version_ihl = 0x45,
				    .total_length = htons(sizeof(*ip) + payload),
				    .packet_id = htons(7),
				    .time_to_live = 64,
				    .next_proto_id = IPPROTO_UDP};
	for (uint16_t i = 0; i < payload; i++)
		((uint8_t *)(ip + 1))[i] = i * 7;
	m->l3_len = sizeof(*ip);
	return m;
}

static void test_ip_frag(void **state)
{
	struct rte_mbuf *m = ipv4_packet(1800), *pieces[8], *whole = NULL;
	struct rte_ip_frag_tbl *table = rte_ip_frag_table_create(16, 4, 64, 1 << 30, 0);
	struct rte_ip_frag_death_row row = {0};
	int32_t count = rte_ipv4_fragment_packet(m, pieces, RTE_DIM(pieces), 620, packets, indirect);

	(void)state;
	assert_non_null(table);
	assert_int_equal(count, 3);
	rte_pktmbuf_free(m);
	for (int32_t i = 0; i < count; i++) {
		pieces[i]->l2_len = 0;
		pieces[i]->l3_len = sizeof(struct rte_ipv4_hdr);
		whole = rte_ipv4_frag_reassemble_packet(table, &row, pieces[i], 1,
							rte_pktmbuf_mtod(pieces[i], struct rte_ipv4_hdr *));
		assert_int_equal(whole != NULL, i == count - 1);
	}
	assert_int_equal(whole->pkt_len, 1820);
	rte_pktmbuf_free(whole);
	rte_ip_frag_table_destroy(table);
	assert_int_equal(rte_mempool_avail_count(packets), BUFFERS);
	assert_int_equal(rte_mempool_avail_count(indirect), BUFFERS);
}

static void test_gso(void **state)
{
	const struct rte_gso_ctx context = {.direct_pool = packets,
					    .indirect_pool = indirect,
					    .gso_types = RTE_ETH_TX_OFFLOAD_TCP_TSO,
					    .gso_size = 554};
	struct rte_mbuf *m = ipv4_packet(1520), *pieces[8];
	int count;

	(void)state;
	rte_pktmbuf_prepend(m, 14);
	m->l2_len = 14;
	m->l4_len = 20;
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	*rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 9) = IPPROTO_TCP;
	count = rte_gso_segment(m, &context, pieces, RTE_DIM(pieces));
	assert_int_equal(count, 3);
	rte_pktmbuf_free(m);
	for (int i = 0; i < count; i++) {
		assert_int_equal(pieces[i]->pkt_len, 554);
		rte_pktmbuf_free(pieces[i]);
	}
	assert_int_equal(rte_mempool_avail_count(indirect), BUFFERS);
}

/* The compiler's own run-time library asks CPUID and XCR0 too. */
static void test_cpu_flags(void **state)
{
	(void)state;
	__builtin_cpu_init();
	assert_int_equal(rte_cpu_get_flag_enabled(RTE_CPUFLAG_SSE4_2), !!__builtin_cpu_supports("sse4.2"));
	assert_int_equal(rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2), !!__builtin_cpu_supports("avx2"));
	assert_int_equal(rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F), !!__builtin_cpu_supports("avx512f"));
	assert_int_equal(rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW),
			 !!__builtin_cpu_supports("avx512bw"));
	assert_int_equal(rte_cpu_get_flag_enabled(RTE_CPUFLAG_RTM), 0);
	assert_int_equal(rte_cpu_get_flag_enabled(RTE_CPUFLAG_NUMFLAGS), -ENOENT);
	assert_int_equal(rte_vect_get_max_simd_bitwidth() == RTE_VECT_SIMD_512,
			 !!__builtin_cpu_supports("avx512f"));
}

static void test_strings(void **state)
{
	static const struct {
		const char *source;
		size_t size;
		ssize_t result;
		const char *copy;
	} rows[] = {
	    {"abc", 8, 3, "abc"},   {"abc", 4, 3, "abc"}, {"abc", 3, -E2BIG, "ab"},
	    {"abc", 1, -E2BIG, ""}, {"", 1, 0, ""},	  {"abc", 0, -E2BIG, "?"},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		char room[9] = "?";

		assert_int_equal(rte_strscpy(room, rows[i].source, rows[i].size), rows[i].result);
		assert_string_equal(room, rows[i].copy);
	}
	assert_int_not_equal(rte_rand(), rte_rand());
	assert_string_equal(rte_strerror(ENOMEM), strerror(ENOMEM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_heap),      cmocka_unit_test(test_memzone),
	    cmocka_unit_test(test_mbuf),      cmocka_unit_test(test_ring),
	    cmocka_unit_test(test_lpm),	      cmocka_unit_test(test_fib),
	    cmocka_unit_test(test_fib6),      cmocka_unit_test(test_hash),
	    cmocka_unit_test(test_acl),	      cmocka_unit_test(test_ip_frag),
	    cmocka_unit_test(test_gso),	      cmocka_unit_test(test_cpu_flags),
	    cmocka_unit_test(test_strings),   cmocka_unit_test(test_stack_pool),
	    cmocka_unit_test(test_page_pool), cmocka_unit_test(test_blocks),
	};

	return cmocka_run_group_tests_name("eal", tests, create_pools, free_pools);
}
