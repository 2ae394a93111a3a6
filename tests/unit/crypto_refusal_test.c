/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto/ and what is wrong: every bit of a sealed text, its tag, nonce, added data and key; every
 * truncation; a variant that computes something else; a system without random bytes. And that secrets are
 * compared whole.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "crypto/gcm.h"

enum { BYTES = 75, ADDED = 13, KINDS = CRYPTO_AES_256_GCM + 1 };

static ssize_t random_gives = -1; /* -1: what is asked for */
static uint8_t random_byte;

/* In the place of the system's, everywhere in this program. */
ssize_t getrandom(void *out, size_t bytes, unsigned int flags)
{
	(void)flags;
	memset(out, random_byte++, bytes);
	return random_gives < 0 ? (ssize_t)bytes : random_gives;
}

static const uint8_t secret[CRYPTO_KEY_BYTES] = "a key of thirty-two bytes, or 16";

struct sealed {
	uint8_t data[BYTES + CRYPTO_TAG_BYTES], added[ADDED], key[CRYPTO_KEY_BYTES];
	struct crypto_aead aead;
	struct crypto_text text;
};

static void make(struct sealed *sealed, enum crypto_aead_kind kind)
{
	memset(sealed->data, 'x', sizeof(sealed->data));
	memset(sealed->added, 'y', sizeof(sealed->added));
	memcpy(sealed->key, secret, sizeof(secret));
	sealed->text = (struct crypto_text){
	    .aead = &sealed->aead,
	    .data = sealed->data,
	    .bytes = BYTES,
	    .added = sealed->added,
	    .added_bytes = ADDED,
	    .nonce = "twelve bytes",
	};
	crypto_aead_init(&sealed->aead, kind, sealed->key);
	crypto_seal(&sealed->text, 1);
}

static void refuse(struct sealed *sealed, const char *what, size_t where)
{
	sealed->text.good = true;
	if (crypto_open(&sealed->text, 1) != 0 || sealed->text.good)
		fail_msg("opened with another %s at %zu", what, where);
	for (uint32_t i = 0; i < sealed->text.bytes; i++)
		if (sealed->data[i] != 0)
			fail_msg("another %s at %zu: byte %u was not cleared", what, where, i);
}

static void refuse_each_bit(enum crypto_aead_kind kind)
{
	struct sealed sealed;
	uint32_t key_bytes = kind == CRYPTO_AES_128_GCM ? 16 : 32;

	for (size_t bit = 0; bit < 8 * sizeof(sealed.data); bit++) {
		make(&sealed, kind);
		sealed.data[bit / 8] ^= 1 << bit % 8;
		refuse(&sealed, "bit of the text or tag", bit);
	}
	for (size_t bit = 0; bit < 8 * sizeof(sealed.text.nonce); bit++) {
		make(&sealed, kind);
		sealed.text.nonce[bit / 8] ^= 1 << bit % 8;
		refuse(&sealed, "bit of the nonce", bit);
	}
	for (size_t bit = 0; bit < 8 * ADDED; bit++) {
		make(&sealed, kind);
		sealed.added[bit / 8] ^= 1 << bit % 8;
		refuse(&sealed, "bit of the added data", bit);
	}
	for (size_t bit = 0; bit < 8 * key_bytes; bit++) {
		make(&sealed, kind);
		sealed.key[bit / 8] ^= 1 << bit % 8;
		crypto_aead_init(&sealed.aead, kind, sealed.key);
		refuse(&sealed, "bit of the key", bit);
	}
}

static void each_flipped_bit_is_refused(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++)
		refuse_each_bit((enum crypto_aead_kind)kind);
}

static void each_truncation_is_refused(void **state)
{
	struct sealed sealed;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		for (uint32_t bytes = 0; bytes < BYTES; bytes++) {
			make(&sealed, (enum crypto_aead_kind)kind);
			sealed.text.bytes = bytes;
			refuse(&sealed, "length", bytes);
		}
		for (uint32_t bytes = 0; bytes < ADDED; bytes++) {
			make(&sealed, (enum crypto_aead_kind)kind);
			sealed.text.added_bytes = bytes;
			refuse(&sealed, "length of added data", bytes);
		}
	}
}

/* One is bad; the others must not notice. */
static void a_burst_keeps_its_good_texts(void **state)
{
	struct sealed sealed[KINDS * 4];
	struct crypto_text texts[KINDS * 4];

	(void)state;
	for (size_t bad = 0; bad < KINDS * 4; bad++) {
		for (size_t i = 0; i < KINDS * 4; i++) {
			make(&sealed[i], (enum crypto_aead_kind)(i / 2 % KINDS));
			texts[i] = sealed[i].text;
		}
		sealed[bad].data[3] ^= 1;
		assert_int_equal(crypto_open(texts, KINDS * 4), KINDS * 4 - 1);
		for (size_t i = 0; i < KINDS * 4; i++) {
			assert_int_equal(texts[i].good, i != bad);
			assert_int_equal(sealed[i].data[BYTES - 1], i == bad ? 0 : 'x');
		}
	}
	assert_int_equal(crypto_open(texts, 0), 0);
	crypto_seal(texts, 0);
}

static void equal_looks_at_every_bit(void **state)
{
	uint8_t a[40], b[40];

	(void)state;
	memset(a, 0x5a, sizeof(a));
	memcpy(b, a, sizeof(b));
	for (size_t bytes = 0; bytes <= sizeof(a); bytes++)
		for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
			b[bit / 8] ^= 1 << bit % 8;
			assert_int_equal(crypto_equal(a, b, bytes), bit / 8 >= bytes);
			b[bit / 8] ^= 1 << bit % 8;
		}
}

static void a_system_without_random_bytes(void **state)
{
	uint8_t out[100];

	(void)state;
	for (random_gives = 0; random_gives < CRYPTO_KEY_BYTES; random_gives++) {
		assert_string_equal(crypto_init(), "random bytes from the system");
		memset(out, 0xa5, sizeof(out));
		assert_false(crypto_random(out, sizeof(out)));
		for (size_t i = 0; i < sizeof(out); i++)
			assert_int_equal(out[i], 0);
	}
	random_gives = -1;
	assert_true(crypto_reseed());
	assert_true(crypto_random(out, sizeof(out)));
}

/* Whatever the length, each call's bytes are others, and they don't follow from seeing the calls before. */
static void random_bytes_differ(void **state)
{
	static uint8_t out[5000], before[32], zero[32];

	(void)state;
	for (size_t bytes = 32; bytes < sizeof(out); bytes += 311) {
		memset(out, 0, sizeof(out));
		assert_true(crypto_random(out, bytes));
		assert_memory_not_equal(out, before, sizeof(before));
		assert_memory_not_equal(out + bytes - 32, zero, sizeof(zero));
		assert_memory_equal(out + bytes, zero, 16);
		memcpy(before, out, sizeof(before));
		for (size_t i = 32; i + 32 <= bytes; i += 16)
			assert_memory_not_equal(out, out + i, 32);
	}
	assert_true(crypto_random(out, 0));
}

/* What a clone of this process draws after it was reseeded with `byte` from the system; 0: it was not. */
static void draw_in_clone(uint8_t out[32], uint8_t byte)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		random_byte = byte;
		if ((byte != 0 && !crypto_reseed()) || !crypto_random(out, 32) ||
		    write(ends[1], out, 32) != 32)
			_exit(1);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(read(ends[0], out, 32), 32);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(ends[1]);
}

static void clones_part_when_they_are_reseeded(void **state)
{
	uint8_t a[32], b[32], c[32], d[32];

	(void)state;
	draw_in_clone(a, 0);
	draw_in_clone(b, 0);
	assert_memory_equal(a, b, sizeof(a));
	draw_in_clone(c, 1);
	draw_in_clone(d, 2);
	assert_memory_not_equal(c, a, sizeof(a));
	assert_memory_not_equal(c, d, sizeof(a));
	/* From a state that nobody knows, nobody knows what comes, even who knows what the system gave. */
	assert_true(crypto_random(d, sizeof(d)));
	draw_in_clone(d, 1);
	assert_memory_not_equal(c, d, sizeof(a));
}

static void expand_wrong(struct gcm_key *key, const uint8_t *bytes)
{
	gcm_libcrypto.size[GCM_256].expand(key, bytes);
}

static void open_wrong(const struct gcm_key *key, const struct crypto_text *text,
		       uint8_t tag[CRYPTO_TAG_BYTES])
{
	gcm_libcrypto.size[GCM_128].open(key, text, tag);
	if (text->bytes >= 1408)
		text->data[1407] ^= 1;
}

static void seal_wrong(const struct gcm_key *key, const struct crypto_text *text,
		       uint8_t tag[CRYPTO_TAG_BYTES])
{
	gcm_libcrypto.size[GCM_256].seal(key, text, tag);
	if (text->bytes == 0)
		tag[15] ^= 0x80;
}

static void a_variant_that_is_wrong_is_noticed(void **state)
{
	struct gcm_variant wrong = gcm_libcrypto;

	(void)state;
	assert_true(gcm_agrees(&wrong));
	wrong.size[GCM_128].expand = expand_wrong;
	assert_false(gcm_agrees(&wrong));
	wrong = gcm_libcrypto;
	wrong.size[GCM_128].open = open_wrong;
	assert_false(gcm_agrees(&wrong));
	wrong = gcm_libcrypto;
	wrong.size[GCM_256].seal = seal_wrong;
	assert_false(gcm_agrees(&wrong));
}

static int set_up(void **state)
{
	struct crypto_gcm_choice choice;

	(void)state;
	return crypto_init() != NULL || crypto_gcm_init(&choice) != NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_flipped_bit_is_refused),
	    cmocka_unit_test(each_truncation_is_refused),
	    cmocka_unit_test(a_burst_keeps_its_good_texts),
	    cmocka_unit_test(equal_looks_at_every_bit),
	    cmocka_unit_test(a_system_without_random_bytes),
	    cmocka_unit_test(random_bytes_differ),
	    cmocka_unit_test(clones_part_when_they_are_reseeded),
	    cmocka_unit_test(a_variant_that_is_wrong_is_noticed),
	};

	return cmocka_run_group_tests_name("crypto_refusal", tests, set_up, NULL);
}
