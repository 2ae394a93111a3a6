/* SPDX-License-Identifier: Apache-2.0
 *
 * AEADs by libcrypto's EVP: contexts are made once, and get each text's key and nonce.
 */
#include <string.h>
#include <openssl/evp.h>
#include "internal.h"

enum { KINDS = CRYPTO_AES_256_GCM + 1 };

struct key {
	uint32_t kind;
	uint8_t bytes[CRYPTO_KEY_BYTES];
};

_Static_assert(sizeof(struct key) <= CRYPTO_AEAD_BYTES, "a key fits");

static EVP_CIPHER_CTX *contexts[KINDS], *stream;

static EVP_CIPHER_CTX *make_context(const char *name)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!cipher || !ctx || !EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, 1))
		return NULL;
	EVP_CIPHER_free(cipher); /* the context has it */
	return ctx;
}

bool aead_init(void)
{
	contexts[CRYPTO_CHACHA20_POLY1305] = make_context("ChaCha20-Poly1305");
	contexts[CRYPTO_AES_128_GCM] = make_context("AES-128-GCM");
	contexts[CRYPTO_AES_256_GCM] = make_context("AES-256-GCM");
	stream = make_context("ChaCha20");
	return contexts[0] && contexts[1] && contexts[2] && stream;
}

void crypto_aead_init(struct crypto_aead *aead, enum crypto_aead_kind kind, const uint8_t *bytes)
{
	struct key *key = (struct key *)aead->state;

	key->kind = kind;
	memcpy(key->bytes, bytes, kind == CRYPTO_AES_128_GCM ? 16 : CRYPTO_KEY_BYTES);
}

static bool start(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce, int encrypt, const void *added,
		  size_t added_bytes)
{
	int n;

	return EVP_CipherInit_ex(ctx, NULL, NULL, key, nonce, encrypt) == 1 &&
	       (added_bytes == 0 || EVP_CipherUpdate(ctx, NULL, &n, added, (int)added_bytes) == 1);
}

static bool seal(EVP_CIPHER_CTX *ctx, const struct crypto_text *text, const uint8_t *key)
{
	int n;

	return start(ctx, key, text->nonce, 1, text->added, text->added_bytes) &&
	       (text->bytes == 0 || EVP_CipherUpdate(ctx, text->data, &n, text->data, (int)text->bytes) == 1) &&
	       EVP_CipherFinal_ex(ctx, text->data + text->bytes, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG_BYTES, text->data + text->bytes) == 1;
}

static bool open(EVP_CIPHER_CTX *ctx, const struct crypto_text *text, const uint8_t *key)
{
	int n;

	return start(ctx, key, text->nonce, 0, text->added, text->added_bytes) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG_BYTES, text->data + text->bytes) == 1 &&
	       (text->bytes == 0 || EVP_CipherUpdate(ctx, text->data, &n, text->data, (int)text->bytes) == 1) &&
	       EVP_CipherFinal_ex(ctx, text->data + text->bytes, &n) == 1;
}

void crypto_seal(struct crypto_text *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct key *key = (const struct key *)texts[i].aead->state;

		if (!seal(contexts[key->kind], &texts[i], key->bytes))
			crypto_wipe(texts[i].data, texts[i].bytes + CRYPTO_TAG_BYTES);
	}
}

size_t crypto_open(struct crypto_text *texts, size_t count)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++) {
		const struct key *key = (const struct key *)texts[i].aead->state;

		texts[i].good = open(contexts[key->kind], &texts[i], key->bytes);
		if (!texts[i].good)
			crypto_wipe(texts[i].data, texts[i].bytes);
		good += texts[i].good;
	}
	return good;
}

/* HChaCha20 (draft-irtf-cfrg-xchacha-03, section 2.2) is ChaCha20's block before its input is added: libcrypto
 * gives the block, and the input's first and last rows are taken off again. */
static void hchacha20(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t input[16])
{
	static const uint32_t constants[] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	uint32_t block[16] = {0}, last[4];
	int n;

	memcpy(last, input, sizeof(last));
	EVP_CipherInit_ex(stream, NULL, NULL, key, input, 1);
	EVP_CipherUpdate(stream, (uint8_t *)block, &n, (const uint8_t *)block, sizeof(block));
	for (int i = 0; i < 4; i++) {
		block[i] -= constants[i];
		block[4 + i] = block[12 + i] - last[i];
	}
	memcpy(out, block, CRYPTO_KEY_BYTES);
	crypto_wipe(block, sizeof(block));
}

/* The text of XChaCha20-Poly1305 as one of ChaCha20-Poly1305, under a key of its own (section 2.3). */
static struct crypto_text inner(struct crypto_aead *aead, uint8_t *data, size_t bytes, const uint8_t *key,
				const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added, size_t added_bytes)
{
	struct crypto_text text = {aead, data, (uint32_t)bytes, (uint32_t)added_bytes, added, {0}, false};
	uint8_t subkey[CRYPTO_KEY_BYTES];

	hchacha20(subkey, key, nonce);
	crypto_aead_init(aead, CRYPTO_CHACHA20_POLY1305, subkey);
	crypto_wipe(subkey, sizeof(subkey));
	memcpy(text.nonce + 4, nonce + 16, 8);
	return text;
}

void crypto_xseal(uint8_t *data, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
		  const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added, size_t added_bytes)
{
	struct crypto_aead aead;
	struct crypto_text text = inner(&aead, data, bytes, key, nonce, added, added_bytes);

	crypto_seal(&text, 1);
	crypto_wipe(&aead, sizeof(aead));
}

bool crypto_xopen(uint8_t *data, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
		  const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added, size_t added_bytes)
{
	struct crypto_aead aead;
	struct crypto_text text = inner(&aead, data, bytes, key, nonce, added, added_bytes);
	bool good = crypto_open(&text, 1) == 1;

	crypto_wipe(&aead, sizeof(aead));
	return good;
}
