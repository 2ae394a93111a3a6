/* SPDX-License-Identifier: Apache-2.0
 *
 * ChaCha20-Poly1305 (RFC 8439, section 2.8). Block 0 of the key stream is the authenticator's key. The blocks
 * that follow, the head's, are made in the same call, because libcrypto computes many at once anyway: with
 * AVX-512, sixteen of more than eight that are asked for, in little more time than four.
 */
#include <string.h>
#include "internal.h"
#include "libcrypto.h"

enum {
	HEAD_BYTES_MAX = 15 * CHACHA20_BLOCK_BYTES, /* with block 0, sixteen blocks */
	HEAD_BYTES = 8 * CHACHA20_BLOCK_BYTES,	    /* of a text that is longer: then its rest is long, too */
};

struct key {
	struct aead_head head;
	uint8_t bytes[CRYPTO_KEY_BYTES];
};

_Static_assert(sizeof(struct key) <= CRYPTO_AEAD_BYTES, "a key fits");

/* Block 0, and what the cipher makes of the text's first bytes. */
struct work {
	_Alignas(64) uint8_t block[CHACHA20_BLOCK_BYTES];
	uint8_t head[HEAD_BYTES_MAX];
};

static void init(struct crypto_aead *aead, const uint8_t *bytes)
{
	struct key *key = (struct key *)aead->state;

	memcpy(key->bytes, bytes, CRYPTO_KEY_BYTES);
}

static const uint8_t *key_of(const struct crypto_text *text)
{
	return text->aead ? ((const struct key *)text->aead->state)->bytes : text->chacha20_poly1305_key;
}

static size_t head_bytes(const struct crypto_text *text)
{
	return text->bytes <= HEAD_BYTES_MAX ? text->bytes : HEAD_BYTES;
}

static void begin(const struct crypto_text *text, struct work *work)
{
	size_t bytes = head_bytes(text);

	memset(work->block, 0, sizeof(work->block));
	memcpy(work->head, text->data, bytes);
	chacha20(work->block, work->block, sizeof(work->block) + bytes, key_of(text), 0, text->nonce);
}

static void finish(const struct crypto_text *text, const struct work *work)
{
	size_t done = head_bytes(text);

	memcpy(text->data, work->head, done);
	if (text->bytes > done)
		chacha20(text->data + done, text->data + done, text->bytes - done, key_of(text),
			 1 + HEAD_BYTES / CHACHA20_BLOCK_BYTES, text->nonce);
}

/* Filled up with zeros to whole blocks. */
static void authenticate_part(struct poly1305 *mac, const uint8_t *data, size_t bytes)
{
	enum { BLOCK = 16 };
	size_t whole = bytes / BLOCK * BLOCK;
	uint8_t last[BLOCK] = {0};

	if (whole > 0)
		Poly1305_Update(mac, data, whole);
	if (whole == bytes)
		return;
	memcpy(last, data + whole, bytes - whole);
	Poly1305_Update(mac, last, sizeof(last));
}

static void authenticate(uint8_t tag[CRYPTO_TAG_BYTES], const struct crypto_text *text,
			 const struct work *work)
{
	const uint64_t lengths[2] = {text->added_bytes, text->bytes};
	struct poly1305 mac;

	Poly1305_Init(&mac, work->block);
	authenticate_part(&mac, text->added, text->added_bytes);
	authenticate_part(&mac, text->data, text->bytes);
	Poly1305_Update(&mac, (const uint8_t *)lengths, sizeof(lengths));
	Poly1305_Final(&mac, tag);
}

static void seal_one(const struct crypto_text *text)
{
	struct work work;

	begin(text, &work);
	finish(text, &work);
	authenticate(text->data + text->bytes, text, &work);
	crypto_wipe(&work, sizeof(work.block) + head_bytes(text));
}

static bool open_one(const struct crypto_text *text)
{
	uint8_t tag[CRYPTO_TAG_BYTES];
	struct work work;
	bool good;

	begin(text, &work);
	authenticate(tag, text, &work);
	good = crypto_equal(tag, text->data + text->bytes, sizeof(tag));
	if (good)
		finish(text, &work);
	else
		crypto_wipe(text->data, text->bytes);
	crypto_wipe(&work, sizeof(work.block) + head_bytes(text));
	crypto_wipe(tag, sizeof(tag)); /* of somebody else's text, perhaps */
	return good;
}

static void seal(struct crypto_text *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		seal_one(&texts[i]);
}

static size_t open(struct crypto_text *texts, size_t count)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++) {
		texts[i].good = open_one(&texts[i]);
		good += texts[i].good;
	}
	return good;
}

const struct aead_kind chacha20_poly1305 = {init, seal, open, sizeof(struct key)};
