/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM at start-up: known answers, and libIPSec_MB's variants against libcrypto.
 */
#include <string.h>
#include "gcm.h"
#include "vectors.h"

enum { LONGEST = 1500, ADDED_BYTES = 20 };

/* D. McGrew, J. Viega: The Galois/Counter Mode of Operation, as submitted to NIST, appendix B. Test cases 4
 * and 16. */
static const char text_hex[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
			       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
static const char added_hex[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
static const char key_hex[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
static const struct {
	const char *name;
	enum crypto_aead_kind kind;
	const char *sealed;
} examples[] = {
    {"AES-128-GCM, test case 4", CRYPTO_AES_128_GCM,
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47"},
    {"AES-256-GCM, test case 16", CRYPTO_AES_256_GCM,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

static bool example_is_good(enum crypto_aead_kind kind, const char *sealed)
{
	uint8_t data[128], key[CRYPTO_KEY_BYTES], added[ADDED_BYTES];
	struct crypto_aead aead;
	struct crypto_text text = {.aead = &aead, .data = data, .added = added, .added_bytes = sizeof(added)};
	bool good;

	text.bytes = (uint32_t)vector_read(data, text_hex);
	vector_read(key, key_hex);
	vector_read(added, added_hex);
	vector_read(text.nonce, "cafebabefacedbaddecaf888");
	crypto_aead_init(&aead, kind, key);
	crypto_seal(&text, 1);
	good = vector_is(data, sealed) && crypto_open(&text, 1) == 1 && vector_is(data, text_hex);
	vector_read(data, sealed);
	data[0] ^= 1;
	return good && crypto_open(&text, 1) == 0 && data[0] == 0 && data[text.bytes - 1] == 0;
}

const char *gcm_selftest(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		if (!example_is_good(examples[i].kind, examples[i].sealed))
			return examples[i].name;
	return NULL;
}

/* Seals and opens, with the tags behind each other behind the text; `out` gets all of it. */
static void run(const struct gcm_functions *functions, uint8_t out[LONGEST + 2 * CRYPTO_TAG_BYTES],
		size_t bytes)
{
	static const uint8_t added[ADDED_BYTES] = {1, 2, 3};
	struct crypto_text text = {.data = out, .bytes = (uint32_t)bytes, .added = added};
	struct gcm_key key;
	uint8_t secret[CRYPTO_KEY_BYTES];

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(bytes + 7 * i);
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(i * i >> 4);
	text.added_bytes = (uint32_t)(bytes % (ADDED_BYTES + 1));
	memcpy(text.nonce, secret + 5, sizeof(text.nonce));
	functions->expand(&key, secret);
	functions->seal(&key, &text, out + bytes);
	/* What was sealed, with a bit that is another: a text that differs, and a tag. */
	out[0] ^= bytes > 0;
	functions->open(&key, &text, out + bytes + CRYPTO_TAG_BYTES);
}

bool gcm_agrees(const struct gcm_variant *variant)
{
	static const uint16_t lengths[] = {0, 1, 16, 60, 255, 256, 300, 768, 1408, LONGEST};
	uint8_t one[LONGEST + 2 * CRYPTO_TAG_BYTES], other[sizeof(one)];
	bool same = true;

	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t bytes = lengths[i / 2];

		run(&gcm_libcrypto.size[i % 2], one, bytes);
		run(&variant->size[i % 2], other, bytes);
		same &= memcmp(one, other, bytes + 2 * CRYPTO_TAG_BYTES) == 0;
	}
	return same;
}
