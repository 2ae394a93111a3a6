/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM by libcrypto: what the other variants are compared with, and what there is where none of them can
 * run. Without AES instructions AES is that of "vector permutations", whose time tells nothing about the key
 * (M. Hamburg: Accelerating AES with Vector Permute Instructions, 2009); slow, but of no processor of the
 * last ten years.
 */
#include <openssl/modes.h>
#include "gcm.h"
#include "libcrypto.h"

enum { CONTEXT_BYTES = 1024 /* of a GCM128_CONTEXT, which has 440 now */, AES_BIT = 25 };

_Static_assert(sizeof(struct aes_key) <= sizeof(((struct gcm_key *)0)->schedule), "the expanded key fits");

static bool have_aes(void)
{
	return OPENSSL_ia32cap_P[1] >> AES_BIT & 1;
}

static bool usable(void)
{
	return true;
}

static struct aes_key *aes_key(const struct gcm_key *key)
{
	return (struct aes_key *)(uintptr_t)key->schedule.libcrypto;
}

static void expand_128(struct gcm_key *key, const uint8_t *bytes)
{
	(have_aes() ? aesni_set_encrypt_key : vpaes_set_encrypt_key)(bytes, 128, aes_key(key));
}

static void expand_256(struct gcm_key *key, const uint8_t *bytes)
{
	(have_aes() ? aesni_set_encrypt_key : vpaes_set_encrypt_key)(bytes, 256, aes_key(key));
}

static void begin(GCM128_CONTEXT *context, const struct gcm_key *key, const struct crypto_text *text)
{
	CRYPTO_gcm128_init(context, aes_key(key), have_aes() ? aesni_encrypt : vpaes_encrypt);
	CRYPTO_gcm128_setiv(context, text->nonce, sizeof(text->nonce));
	CRYPTO_gcm128_aad(context, text->added, text->added_bytes);
}

static void seal(const struct gcm_key *key, const struct crypto_text *text, uint8_t tag[CRYPTO_TAG_BYTES])
{
	_Alignas(64) uint8_t memory[CONTEXT_BYTES];
	GCM128_CONTEXT *context = (GCM128_CONTEXT *)memory;

	begin(context, key, text);
	if (have_aes())
		CRYPTO_gcm128_encrypt_ctr32(context, text->data, text->data, text->bytes,
					    aesni_ctr32_encrypt_blocks);
	else
		CRYPTO_gcm128_encrypt(context, text->data, text->data, text->bytes);
	CRYPTO_gcm128_tag(context, tag, CRYPTO_TAG_BYTES);
	crypto_wipe(memory, sizeof(memory));
}

static void open(const struct gcm_key *key, const struct crypto_text *text, uint8_t tag[CRYPTO_TAG_BYTES])
{
	_Alignas(64) uint8_t memory[CONTEXT_BYTES];
	GCM128_CONTEXT *context = (GCM128_CONTEXT *)memory;

	begin(context, key, text);
	if (have_aes())
		CRYPTO_gcm128_decrypt_ctr32(context, text->data, text->data, text->bytes,
					    aesni_ctr32_encrypt_blocks);
	else
		CRYPTO_gcm128_decrypt(context, text->data, text->data, text->bytes);
	CRYPTO_gcm128_tag(context, tag, CRYPTO_TAG_BYTES);
	crypto_wipe(memory, sizeof(memory));
}

const struct gcm_variant gcm_libcrypto = {
    "libcrypto", usable, {{expand_128, seal, open}, {expand_256, seal, open}}};
