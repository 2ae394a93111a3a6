/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/checksum.h against the definition in RFC 1071, a byte at a time: any bytes, every way to cut a packet in
 * segments, and the sums on which one's complement has two zeros.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <string.h>
#include <cmocka.h>
#include "nf/checksum.h"
#include "nf/host.h"
#include "support/craft.h"
#include "support/nf_host.h"

enum { ROUNDS = 3000, HEADER_MAX = 60, WORDS = 10, DATA = 61 };

static uint16_t word_at(const uint8_t *bytes)
{
	uint16_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static void put_word(uint8_t *bytes, uint16_t word)
{
	memcpy(bytes, &word, sizeof(word));
}

/* Often 0x0000 and 0xffff, where the two zeros are. */
static uint16_t any_word(void)
{
	uint64_t random = host_random();

	return random >> 60 < 3 ? 0 : random >> 60 < 6 ? 0xffff : random;
}

static void a_header_is_right_or_wrong(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		_Alignas(4) uint8_t header[HEADER_MAX];
		uint32_t bytes = 20 + host_random() % 11 * 4;

		for (uint32_t at = 0; at < bytes; at += 2)
			put_word(header + at, any_word());
		header[0] |= 1; /* a header of nothing but zeros is no header */
		put_word(header + 10, 0);
		put_word(header + 10, htons(~craft_sum(header, bytes, 0)));
		assert_true(ipv4_checksum_is_right((const void *)header, bytes));
		header[host_random() % bytes] ^= 1 << host_random() % 8;
		assert_false(ipv4_checksum_is_right((const void *)header, bytes));
	}
}

/* RFC 1624: the update is what a computation anew comes to. The first word is the checksum, and one word is
 * never 0, as there always is one in a pseudo-header and in an IP header. */
static void an_update_is_a_computation_anew(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t bytes[2 * WORDS] = {0};
		uint16_t before, after = any_word(), updated;
		uint32_t at = 4 + host_random() % (WORDS - 2) * 2;

		for (int word = 2; word < WORDS; word++)
			put_word(bytes + 2 * word, any_word());
		put_word(bytes + 2, 0x0645);
		put_word(bytes, htons(~craft_sum(bytes, sizeof(bytes), 0)));
		before = word_at(bytes + at);
		updated = checksum_update(word_at(bytes), before, after);
		put_word(bytes + at, after);
		put_word(bytes, 0);
		assert_int_equal(updated, htons(~craft_sum(bytes, sizeof(bytes), 0)));
	}
}

/* What was wrong stays wrong by as much: nobody takes a damaged packet for a good one because it was
 * translated. */
static void an_update_hides_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t bytes[2 * WORDS];
		uint16_t after = any_word(), before, wrong;

		for (int word = 0; word < WORDS; word++)
			put_word(bytes + 2 * word, any_word());
		wrong = craft_sum(bytes, sizeof(bytes), 0);
		before = word_at(bytes + 6);
		put_word(bytes, checksum_update(word_at(bytes), before, after));
		put_word(bytes + 6, after);
		assert_int_equal(craft_sum(bytes, sizeof(bytes), 0) % 0xffff, wrong % 0xffff);
	}
}

/* Rows of an ICMP header: the checksum that is written. */
static const struct {
	const char *name;
	struct rte_icmp_hdr icmp;
	uint16_t checksum, written;
} echoes[] = {
    {"all zero", {0}, 0, 0xffff},
    {"all zero, with another checksum", {0}, 0x1234, 0x1234},
    {"a request", {.icmp_type = 8}, 0, 0},
    {"another code", {.icmp_code = 1}, 0, 0},
    {"an identifier", {.icmp_ident = 1}, 0, 0},
    {"a number", {.icmp_seq_nb = 1}, 0, 0},
};

static void zeros_have_a_sum_of_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(echoes) / sizeof(echoes[0]); i++) {
		print_message("# %s\n", echoes[i].name);
		assert_int_equal(checksum_of_echo(echoes[i].checksum, &echoes[i].icmp), echoes[i].written);
	}
}

/* However long, wherever they lie, the largest sum included. Both zeros are one. */
static void bytes_of_any_length(void **state)
{
	enum { LONG = 3000, SHIFTS = 32 };
	static uint8_t bytes[LONG + SHIFTS];

	(void)state;
	for (int full = 0; full <= 1; full++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = full ? 0xff : host_random();
		for (uint32_t count = 0; count <= LONG; count++) {
			const uint8_t *at = bytes + host_random() % SHIFTS;

			assert_int_equal(checksum_bytes(at, count) % 0xffff,
					 htons(craft_sum(at, count, 0)) % 0xffff);
		}
	}
}

/* `bytes` in segments of these sizes; the last takes the rest. */
static struct rte_mbuf *make(const uint8_t *bytes, uint32_t first, uint32_t second)
{
	const uint32_t ends[] = {first, RTE_MIN(first + second, (uint32_t)DATA), DATA};
	struct rte_mbuf *packet = NULL;
	uint32_t at = 0;

	for (int i = 0; i < 3; i++) {
		struct rte_mbuf *segment = rte_pktmbuf_alloc(host_packet_pool);

		assert_non_null(segment);
		memcpy(rte_pktmbuf_append(segment, ends[i] - at), bytes + at, ends[i] - at);
		at = ends[i];
		if (packet)
			assert_int_equal(rte_pktmbuf_chain(packet, segment), 0);
		else
			packet = segment;
	}
	return packet;
}

/* Segments begin at odd places, too, and may be empty. */
static void segments_sum_up_as_one(void **state)
{
	uint8_t bytes[DATA];

	(void)state;
	for (int i = 0; i < DATA; i++)
		bytes[i] = host_random();
	for (uint32_t first = 0; first <= DATA; first++) {
		for (uint32_t second = 0; second < 4 && first + second <= DATA; second++) {
			struct rte_mbuf *m = make(bytes, first, second);

			for (uint32_t offset = 0; offset < 20; offset += 3)
				for (uint32_t count = DATA - offset - 5; count <= DATA - offset; count++)
					assert_int_equal(htons(craft_sum(bytes + offset, count, 77)),
							 checksum_packet(m, offset, count, htons(77)));
			rte_pktmbuf_free(m);
		}
	}
}

static int start(void **state)
{
	(void)state;
	nf_host_start();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_is_right_or_wrong), cmocka_unit_test(an_update_is_a_computation_anew),
	    cmocka_unit_test(an_update_hides_nothing),	  cmocka_unit_test(zeros_have_a_sum_of_their_own),
	    cmocka_unit_test(bytes_of_any_length),	  cmocka_unit_test(segments_sum_up_as_one),
	};

	return cmocka_run_group_tests_name("checksum", tests, start, NULL);
}
