/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto/ against libcrypto's public interface, EVP, which shares no more with it than the innermost code:
 * bursts of all kinds and lengths, in memory that begins anywhere; hashes in pieces; exchanges.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "crypto/gcm.h"

enum { ROUNDS = 300, LONGEST = 9000, ADDED_MAX = 70, ROOM = LONGEST + CRYPTO_TAG_BYTES + 64, GUARD = 0xc3 };

static uint64_t seed = 1;

static uint32_t below(uint32_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % limit;
}

static void fill(uint8_t *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)below(256);
}

static EVP_CIPHER_CTX *evp_begin(enum crypto_aead_kind kind, const uint8_t *key,
				 const struct crypto_text *text)
{
	const EVP_CIPHER *cipher = kind == CRYPTO_AES_128_GCM	? EVP_aes_128_gcm()
				   : kind == CRYPTO_AES_256_GCM ? EVP_aes_256_gcm()
								: EVP_chacha20_poly1305();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_int_equal(EVP_EncryptInit_ex(ctx, cipher, NULL, key, text->nonce), 1);
	if (text->added_bytes > 0)
		assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, text->added, (int)text->added_bytes), 1);
	return ctx;
}

static void evp_seal(enum crypto_aead_kind kind, const uint8_t *key, const struct crypto_text *text,
		     uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = evp_begin(kind, key, text);
	int n;

	if (text->bytes > 0)
		assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, text->data, (int)text->bytes), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, out + text->bytes, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG_BYTES, out + text->bytes),
			 1);
	EVP_CIPHER_CTX_free(ctx);
}

/* A burst, and what EVP makes of it. */
static struct crypto_text texts[CRYPTO_BURST_MAX];
static struct crypto_aead aeads[CRYPTO_BURST_MAX];
static uint8_t memory[CRYPTO_BURST_MAX][ROOM], added[CRYPTO_BURST_MAX][ADDED_MAX];
static uint8_t plain[CRYPTO_BURST_MAX][LONGEST], expected[CRYPTO_BURST_MAX][LONGEST + CRYPTO_TAG_BYTES];

/* Many short texts, and those around the lengths where the code changes its way. */
static uint32_t any_length(void)
{
	static const uint16_t borders[] = {0, 16, 64, 128, 192, 256, 512, 1024, 1216, 1408, 1500, 2048, 8960};

	switch (below(4)) {
	case 0:
		return below(LONGEST);
	case 1:
		return below(300);
	default:
		return borders[below(sizeof(borders) / sizeof(borders[0]))] + below(4);
	}
}

static void make_text(uint32_t i, enum crypto_aead_kind kind)
{
	uint8_t key[CRYPTO_KEY_BYTES];
	struct crypto_text *text = &texts[i];

	memset(memory[i], GUARD, ROOM);
	*text = (struct crypto_text){
	    .aead = &aeads[i],
	    .data = memory[i] + 1 + below(40),
	    .bytes = any_length(),
	    .added = added[i],
	    .added_bytes = below(3) == 0 ? 0 : below(ADDED_MAX),
	};
	fill(key, sizeof(key));
	fill(text->nonce, sizeof(text->nonce));
	fill(text->data, text->bytes);
	fill(added[i], text->added_bytes);
	memcpy(plain[i], text->data, text->bytes);
	crypto_aead_init(&aeads[i], kind, key);
	evp_seal(kind, key, text, expected[i]);
}

static void check_text(uint32_t i, const void *content, size_t bytes)
{
	const struct crypto_text *text = &texts[i];
	const uint8_t *end = text->data + text->bytes + CRYPTO_TAG_BYTES;

	assert_memory_equal(text->data, content, bytes);
	for (const uint8_t *at = memory[i]; at < memory[i] + ROOM; at++)
		if ((at < text->data || at >= end) && *at != GUARD)
			fail_msg("written at %td, outside of the text and its tag", at - text->data);
}

/* Keys are used from another place than where they were made. */
static void move_keys(uint32_t count)
{
	static struct crypto_aead moved[CRYPTO_BURST_MAX];

	memcpy(moved, aeads, sizeof(moved));
	memset(aeads, 0, sizeof(aeads));
	for (uint32_t i = 0; i < count; i++)
		texts[i].aead = &moved[i];
}

static void run_burst(const enum crypto_aead_kind *kinds, uint32_t kind_count)
{
	uint32_t count = below(CRYPTO_BURST_MAX + 1), bad = 0;
	bool spoilt[CRYPTO_BURST_MAX];

	for (uint32_t i = 0; i < count; i++)
		make_text(i, kinds[below(kind_count)]);
	move_keys(count);
	crypto_seal(texts, count);
	for (uint32_t i = 0; i < count; i++) {
		check_text(i, expected[i], texts[i].bytes + CRYPTO_TAG_BYTES);
		spoilt[i] = below(4) == 0;
		bad += spoilt[i];
		texts[i].data[below(texts[i].bytes + CRYPTO_TAG_BYTES)] ^= spoilt[i] << below(8);
		texts[i].good = spoilt[i];
	}
	assert_int_equal(crypto_open(texts, count), count - bad);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(texts[i].good, !spoilt[i]);
		if (spoilt[i])
			memset(plain[i], 0, texts[i].bytes);
		check_text(i, plain[i], texts[i].bytes);
	}
}

static void bursts_are_as_by_evp(void **state)
{
	static const enum crypto_aead_kind kinds[] = {CRYPTO_CHACHA20_POLY1305, CRYPTO_AES_128_GCM,
						      CRYPTO_AES_256_GCM};

	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		run_burst(kinds, 3);
}

static void each_variant_of_gcm_is_as_evp(void **state)
{
	static const enum crypto_aead_kind kinds[] = {CRYPTO_AES_128_GCM, CRYPTO_AES_256_GCM};

	(void)state;
	for (size_t variant = 0; variant <= gcm_mb_count; variant++) {
		const struct gcm_variant *used = variant < gcm_mb_count ? &gcm_mb[variant] : &gcm_libcrypto;

		if (!used->usable()) {
			print_message("this processor can't run %s\n", used->name);
			continue;
		}
		gcm_use(used);
		for (int round = 0; round < ROUNDS / 3; round++)
			run_burst(kinds, 2);
	}
}

static void evp_mac(const char *name, const char *digest, size_t bytes, const uint8_t *key, size_t key_bytes,
		    const uint8_t *in, size_t in_bytes, uint8_t *out)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	char text[16];
	OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &bytes), OSSL_PARAM_END};

	if (digest != NULL) {
		snprintf(text, sizeof(text), "%s", digest);
		parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, text, 0);
	}
	assert_int_equal(EVP_MAC_init(ctx, key, key_bytes, parameters), 1);
	assert_int_equal(EVP_MAC_update(ctx, in, in_bytes), 1);
	assert_int_equal(EVP_MAC_final(ctx, out, &bytes, bytes), 1);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

static void hashes_are_as_by_evp(void **state)
{
	uint8_t in[600], key[CRYPTO_KEY_BYTES], out[CRYPTO_HASH_BYTES], other[CRYPTO_HASH_BYTES];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t bytes = below(sizeof(in) + 1), first = below((uint32_t)bytes + 1),
		       key_bytes = 1 + below(32);
		const struct crypto_piece pieces[] = {{in, first}, {in + first, bytes - first}};

		fill(in, sizeof(in));
		fill(key, sizeof(key));
		crypto_hash(out, pieces, 2);
		assert_int_equal(EVP_Digest(in, bytes, other, NULL, EVP_blake2s256(), NULL), 1);
		assert_memory_equal(out, other, sizeof(out));
		crypto_mac(out, key, key_bytes, in, bytes);
		evp_mac("BLAKE2SMAC", NULL, CRYPTO_MAC_BYTES, key, key_bytes, in, bytes, other);
		assert_memory_equal(out, other, CRYPTO_MAC_BYTES);
		crypto_hmac(out, key, pieces, 2);
		evp_mac("HMAC", "BLAKE2S-256", CRYPTO_HASH_BYTES, key, sizeof(key), in, bytes, other);
		assert_memory_equal(out, other, sizeof(out));
	}
}

static void exchanges_are_as_by_evp(void **state)
{
	uint8_t scalar[CRYPTO_KEY_BYTES], point[CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES],
	    other[CRYPTO_KEY_BYTES];

	(void)state;
	for (int round = 0; round < ROUNDS / 3; round++) {
		size_t bytes = sizeof(other);
		EVP_PKEY *own, *peer;
		EVP_PKEY_CTX *ctx;

		fill(scalar, sizeof(scalar));
		fill(point, sizeof(point));
		own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, sizeof(scalar));
		peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, sizeof(point));
		ctx = EVP_PKEY_CTX_new(own, NULL);
		crypto_x25519_public(out, scalar);
		assert_int_equal(EVP_PKEY_get_raw_public_key(own, other, &bytes), 1);
		assert_memory_equal(out, other, sizeof(out));
		assert_true(crypto_x25519(out, scalar, point));
		assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
		assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
		assert_int_equal(EVP_PKEY_derive(ctx, other, &bytes), 1);
		assert_memory_equal(out, other, sizeof(out));
		EVP_PKEY_CTX_free(ctx);
		EVP_PKEY_free(peer);
		EVP_PKEY_free(own);
	}
}

/* Between keys that are both random: with long nonces there is nothing in EVP to compare with. */
static void xchacha_opens_what_it_sealed(void **state)
{
	uint8_t data[300 + CRYPTO_TAG_BYTES], copy[300], key[CRYPTO_KEY_BYTES], nonce[CRYPTO_XNONCE_BYTES];

	(void)state;
	for (size_t bytes = 0; bytes <= sizeof(copy); bytes++) {
		fill(copy, sizeof(copy));
		fill(key, sizeof(key));
		fill(nonce, sizeof(nonce));
		memcpy(data, copy, bytes);
		crypto_xseal(data, bytes, key, nonce, copy, bytes % 40);
		assert_true(crypto_xopen(data, bytes, key, nonce, copy, bytes % 40));
		assert_memory_equal(data, copy, bytes);
		crypto_xseal(data, bytes, key, nonce, copy, bytes % 40);
		nonce[below(sizeof(nonce))] ^= 1 << below(8);
		assert_false(crypto_xopen(data, bytes, key, nonce, copy, bytes % 40));
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(data[i], 0);
	}
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
	    cmocka_unit_test(bursts_are_as_by_evp),	    cmocka_unit_test(each_variant_of_gcm_is_as_evp),
	    cmocka_unit_test(hashes_are_as_by_evp),	    cmocka_unit_test(exchanges_are_as_by_evp),
	    cmocka_unit_test(xchacha_opens_what_it_sealed),
	};

	return cmocka_run_group_tests_name("crypto_oracle", tests, set_up, NULL);
}
