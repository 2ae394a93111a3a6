/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto/ leaves no secrets behind: its functions run on a stack that the test looks through afterwards.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <cmocka.h>
#include "crypto/gcm.h"

enum { STACK_BYTES = 1 << 20, BYTES = 300, PART = 16 };

static uint8_t secret[CRYPTO_KEY_BYTES], point[CRYPTO_KEY_BYTES] = {9}, out[2][CRYPTO_HASH_BYTES], hashed[40];
static uint8_t data[BYTES + CRYPTO_TAG_BYTES];
static struct crypto_aead aead;
static struct crypto_text text = {.aead = &aead, .data = data, .bytes = BYTES};

static void leak(void)
{
	volatile uint8_t copy[CRYPTO_KEY_BYTES];

	for (size_t i = 0; i < sizeof(copy); i++)
		copy[i] = secret[i];
}

static void seal(void)
{
	crypto_seal(&text, 1);
}

static void open(void)
{
	crypto_seal(&text, 1);
	data[5] ^= 1;
	if (crypto_open(&text, 1) != 0)
		abort();
}

static void xseal(void)
{
	static const uint8_t nonce[CRYPTO_XNONCE_BYTES];

	crypto_xseal(data, BYTES, secret, nonce, NULL, 0);
}

static void exchange(void)
{
	if (!crypto_x25519(out[0], secret, point))
		abort();
}

static void public(void)
{
	crypto_x25519_public(out[0], secret);
}

static void mac(void)
{
	crypto_mac(out[0], secret, sizeof(secret), hashed, sizeof(hashed));
}

static void hash(void)
{
	crypto_hash(out[0], &(struct crypto_piece){secret, sizeof(secret)}, 1);
}

static void hkdf(void)
{
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {&out[0], &out[1]};

	crypto_hkdf(outs, 2, secret, hashed, sizeof(hashed));
}

static void random_bytes(void)
{
	if (!crypto_random(out, sizeof(out)))
		abort();
}

/* The secret, and what the function made, must not be found. */
static const struct {
	const char *name;
	void (*run)(void);
	enum crypto_aead_kind kind;
} rows[] = {
    {"seal, ChaCha20-Poly1305", seal, CRYPTO_CHACHA20_POLY1305},
    {"open, ChaCha20-Poly1305", open, CRYPTO_CHACHA20_POLY1305},
    {"seal, AES-128-GCM", seal, CRYPTO_AES_128_GCM},
    {"open, AES-256-GCM", open, CRYPTO_AES_256_GCM},
    {"xseal", xseal, CRYPTO_CHACHA20_POLY1305},
    {"x25519", exchange, CRYPTO_CHACHA20_POLY1305},
    {"x25519_public", public, CRYPTO_CHACHA20_POLY1305},
    {"mac", mac, CRYPTO_CHACHA20_POLY1305},
    {"hash", hash, CRYPTO_CHACHA20_POLY1305},
    {"hkdf", hkdf, CRYPTO_CHACHA20_POLY1305},
    {"random", random_bytes, CRYPTO_CHACHA20_POLY1305},
};

/* Deep below what the thread's end uses, and writes over. */
static void *call(void *function)
{
	volatile uint8_t room[STACK_BYTES / 2];

	room[0] = room[sizeof(room) - 1] = 0;
	(*(void (**)(void))function)();
	return room[0] == 0 ? NULL : function;
}

/* Runs a function on this stack, which is zero before. */
static void run_on(uint8_t *stack, void (*function)(void))
{
	pthread_attr_t attributes;
	pthread_t thread;

	memset(stack, 0, STACK_BYTES);
	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
	assert_int_equal(pthread_create(&thread, &attributes, call, &function), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attributes);
}

/* Any PART bytes of a secret. */
static bool has_part(const uint8_t *stack, const uint8_t *of, size_t bytes)
{
	for (size_t i = 0; i + PART <= bytes; i += PART)
		if (memmem(stack, STACK_BYTES, of + i, PART) != NULL)
			return true;
	return false;
}

static void prepare(enum crypto_aead_kind kind)
{
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(0x35 + 29 * i);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(0x71 + 31 * i + (i >> 3));
	memset(hashed, 'h', sizeof(hashed));
	memset(out, 0xee, sizeof(out));
	crypto_aead_init(&aead, kind, secret);
}

static void no_secret_is_left_on_the_stack(void **state)
{
	uint8_t *stack = *state;

	prepare(CRYPTO_CHACHA20_POLY1305);
	run_on(stack, leak);
	assert_true(has_part(stack, secret, sizeof(secret))); /* the test can see */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t zeros[CRYPTO_KEY_BYTES] = {0}, stream[BYTES];

		prepare(rows[i].kind);
		memcpy(stream, data, sizeof(stream));
		run_on(stack, rows[i].run);
		if (has_part(stack, secret, sizeof(secret)))
			fail_msg("%s: the key is on the stack", rows[i].name);
		if (has_part(stack, stream, sizeof(stream)))
			fail_msg("%s: the text is on the stack", rows[i].name);
		if (out[0][0] != 0xee && has_part(stack, out[0], sizeof(out)))
			fail_msg("%s: the result is on the stack", rows[i].name);
		chacha20(zeros, zeros, sizeof(zeros), secret, 0, text.nonce);
		if (has_part(stack, zeros, sizeof(zeros)))
			fail_msg("%s: the authenticator's key is on the stack", rows[i].name);
	}
}

static void no_inner_key_is_left_on_the_stack(void **state)
{
	static const uint8_t input[16];
	uint8_t *stack = *state, inner_key[CRYPTO_KEY_BYTES];

	prepare(CRYPTO_CHACHA20_POLY1305);
	run_on(stack, xseal);
	hchacha20(inner_key, secret, input);
	assert_false(has_part(stack, inner_key, sizeof(inner_key)));
}

/* What HKDF extracts, and what HMAC hashes at last. */
static void no_step_of_hkdf_is_left_on_the_stack(void **state)
{
	uint8_t *stack = *state, extracted[CRYPTO_HASH_BYTES];
	const struct crypto_piece piece = {hashed, sizeof(hashed)};

	prepare(CRYPTO_CHACHA20_POLY1305);
	run_on(stack, hkdf);
	crypto_hmac(extracted, secret, &piece, 1);
	assert_false(has_part(stack, extracted, sizeof(extracted)));
	for (size_t i = 0; i < sizeof(extracted); i++)
		extracted[i] ^= 0x5c;
	assert_false(has_part(stack, extracted, sizeof(extracted)));
}

static void no_key_is_left_in_an_aead(void **state)
{
	static const uint8_t key[CRYPTO_KEY_BYTES] = {[0 ... CRYPTO_KEY_BYTES - 1] = 0xa5};
	static struct crypto_aead made;

	(void)state;
	for (int kind = CRYPTO_CHACHA20_POLY1305; kind <= CRYPTO_AES_256_GCM; kind++) {
		memset(&made, 0, sizeof(made));
		crypto_aead_init(&made, kind, key);
		crypto_aead_wipe(&made);
		for (size_t i = 0; i < sizeof(made); i++)
			assert_int_equal(made.state[i], 0);
	}
}

static void wipe_clears_what_it_is_told(void **state)
{
	uint8_t memory[300];

	(void)state;
	for (size_t bytes = 0; bytes <= 290; bytes++) {
		memset(memory, 0x77, sizeof(memory));
		crypto_wipe(memory + 3, bytes);
		for (size_t i = 0; i < sizeof(memory); i++)
			assert_int_equal(memory[i], i >= 3 && i < 3 + bytes ? 0 : 0x77);
	}
}

static int set_up(void **state)
{
	struct crypto_gcm_choice choice;

	*state = aligned_alloc(4096, STACK_BYTES);
	return *state == NULL || crypto_init() != NULL || crypto_gcm_init(&choice) != NULL;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_secret_is_left_on_the_stack),
	    cmocka_unit_test(no_inner_key_is_left_on_the_stack),
	    cmocka_unit_test(no_step_of_hkdf_is_left_on_the_stack),
	    cmocka_unit_test(wipe_clears_what_it_is_told),
	    cmocka_unit_test(no_key_is_left_in_an_aead),
	};

	return cmocka_run_group_tests_name("crypto_wipe", tests, set_up, tear_down);
}
