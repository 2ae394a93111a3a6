/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes AEADs: bytes from outside never open, whatever they are; what was sealed opens, until a bit is
 * another. The input: a byte for the kind, 12 of nonce, one for the length of the added data, which follows,
 * then the text. The key is made of the nonce, and the text lies in a block of its own, so that nothing
 * beyond its end is touched.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/crypto.h"

enum { KINDS = CRYPTO_AES_256_GCM + 1, HEAD_BYTES = 14 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct crypto_gcm_choice choice;

	(void)argc, (void)argv;
	if (crypto_init() || crypto_gcm_init(&choice))
		abort();
	return 0;
}

static void check(struct crypto_text *text, const uint8_t *content, size_t bit)
{
	assert(crypto_open(text, 1) == 0 && !text->good); /* as it came */
	memcpy(text->data, content, text->bytes);
	crypto_seal(text, 1);
	assert(crypto_open(text, 1) == 1 && text->good && memcmp(text->data, content, text->bytes) == 0);
	crypto_seal(text, 1);
	bit %= 8 * (text->bytes + CRYPTO_TAG_BYTES);
	text->data[bit / 8] ^= 1 << bit % 8;
	assert(crypto_open(text, 1) == 0 && !text->good);
	for (uint32_t i = 0; i < text->bytes; i++)
		assert(text->data[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	static const uint8_t padding[CRYPTO_TAG_BYTES];
	uint8_t key[CRYPTO_KEY_BYTES] = {0};
	struct crypto_aead aead;
	struct crypto_text text = {.aead = &aead};
	size_t left;

	if (count < HEAD_BYTES)
		return 0;
	memcpy(text.nonce, data + 1, sizeof(text.nonce));
	memcpy(key, text.nonce, sizeof(text.nonce));
	left = count - HEAD_BYTES;
	text.added = data + HEAD_BYTES;
	text.added_bytes = (uint32_t)(data[HEAD_BYTES - 1] < left ? data[HEAD_BYTES - 1] : left);
	text.bytes = (uint32_t)(left - text.added_bytes);
	text.data = malloc(text.bytes + CRYPTO_TAG_BYTES);
	memcpy(text.data, text.added + text.added_bytes, text.bytes);
	memcpy(text.data + text.bytes, padding, sizeof(padding));
	crypto_aead_init(&aead, (enum crypto_aead_kind)(data[0] % KINDS), key);
	check(&text, text.added + text.added_bytes, data[0] / KINDS * 97);
	free(text.data);
	return 0;
}
