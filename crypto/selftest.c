/* SPDX-License-Identifier: Apache-2.0
 *
 * Known answers at start-up: that this libcrypto has the functions that libcrypto.h believes in, and that
 * they compute on this processor what they should, in their scalar and in their vector code.
 */
#include <string.h>
#include "internal.h"
#include "libcrypto.h"
#include "vectors.h"

enum { TEXT_BYTES = 114, LONG_BYTES = 2048 + 64 + 5 };

static const char text[TEXT_BYTES + 1] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one "
    "tip for the future, sunscreen would be it.";
static const char added[] = "50515253c0c1c2c3c4c5c6c7";
static const char key_hex[] = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";

/* What libcrypto's functions take as theirs must have room. */
static bool sizes(void)
{
	return Poly1305_ctx_size() <= sizeof(struct poly1305);
}

/* RFC 8439, section 2.8.2; and opened again, whole and with a bit that is another. */
static bool chacha20_poly1305_example(void)
{
	static const char sealed[] = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
				     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
				     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
				     "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691";
	uint8_t data[TEXT_BYTES + CRYPTO_TAG_BYTES], key[CRYPTO_KEY_BYTES], more[12];
	struct crypto_aead aead;
	struct crypto_text one = {.aead = &aead, .data = data, .bytes = TEXT_BYTES, .added = more};
	bool good;

	memcpy(data, text, TEXT_BYTES);
	vector_read(key, key_hex);
	vector_read(one.nonce, "070000004041424344454647");
	one.added_bytes = (uint32_t)vector_read(more, added);
	crypto_aead_init(&aead, CRYPTO_CHACHA20_POLY1305, key);
	crypto_seal(&one, 1);
	good = vector_is(data, sealed);
	good &= crypto_open(&one, 1) == 1 && one.good && memcmp(data, text, TEXT_BYTES) == 0;
	vector_read(data, sealed);
	data[TEXT_BYTES + CRYPTO_TAG_BYTES - 1] ^= 0x80;
	return good && crypto_open(&one, 1) == 0 && !one.good && data[0] == 0 && data[TEXT_BYTES - 1] == 0;
}

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
static bool xchacha20_poly1305_example(void)
{
	static const char sealed[] = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
				     "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
				     "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
				     "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
	uint8_t data[TEXT_BYTES + CRYPTO_TAG_BYTES], key[CRYPTO_KEY_BYTES], nonce[CRYPTO_XNONCE_BYTES],
	    more[12];
	size_t more_bytes = vector_read(more, added);
	bool good;

	memcpy(data, text, TEXT_BYTES);
	vector_read(key, key_hex);
	vector_read(nonce, "404142434445464748494a4b4c4d4e4f5051525354555657");
	crypto_xseal(data, TEXT_BYTES, key, nonce, more, more_bytes);
	good = vector_is(data, sealed);
	return crypto_xopen(data, TEXT_BYTES, key, nonce, more, more_bytes) && good &&
	       memcmp(data, text, TEXT_BYTES) == 0;
}

/* The vector code for long texts, against texts of one block each. */
static bool chacha20_long(void)
{
	static const uint8_t nonce[CHACHA20_NONCE_BYTES] = {1};
	uint8_t whole[LONG_BYTES] = {0}, parts[LONG_BYTES] = {0}, key[CRYPTO_KEY_BYTES];

	vector_read(key, key_hex);
	chacha20(whole, whole, sizeof(whole), key, 1, nonce);
	for (size_t i = 0; i < sizeof(parts); i += CHACHA20_BLOCK_BYTES) {
		size_t left = sizeof(parts) - i;

		chacha20(parts + i, parts + i, left < CHACHA20_BLOCK_BYTES ? left : CHACHA20_BLOCK_BYTES, key,
			 1 + (uint32_t)(i / CHACHA20_BLOCK_BYTES), nonce);
	}
	return memcmp(whole, parts, sizeof(whole)) == 0;
}

static bool poly1305_long(void)
{
	enum { BLOCK = 16 };
	uint8_t data[LONG_BYTES], key[CRYPTO_KEY_BYTES], whole[CRYPTO_TAG_BYTES], parts[CRYPTO_TAG_BYTES];
	struct poly1305 mac;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i >> 3);
	vector_read(key, key_hex);
	Poly1305_Init(&mac, key);
	Poly1305_Update(&mac, data, sizeof(data));
	Poly1305_Final(&mac, whole);
	Poly1305_Init(&mac, key);
	for (size_t i = 0; i < sizeof(data); i += BLOCK)
		Poly1305_Update(&mac, data + i, sizeof(data) - i < BLOCK ? sizeof(data) - i : BLOCK);
	Poly1305_Final(&mac, parts);
	return memcmp(whole, parts, sizeof(whole)) == 0;
}

/* RFC 7748, sections 5.2 (the first) and 6.1; and a point of order 1. */
static bool x25519_examples(void)
{
	static const char scalar_hex[] = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4";
	static const char point_hex[] = "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c";
	static const char result[] = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552";
	static const char alice[] = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
	static const char alice_public[] = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
	uint8_t scalar[CRYPTO_KEY_BYTES], point[CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES];
	bool good;

	vector_read(scalar, scalar_hex);
	vector_read(point, point_hex);
	good = crypto_x25519(out, scalar, point) && vector_is(out, result);
	memset(point, 0, sizeof(point));
	good &= !crypto_x25519(out, scalar, point) && crypto_equal(out, point, sizeof(out));
	vector_read(scalar, alice);
	crypto_x25519_public(out, scalar);
	return good && vector_is(out, alice_public);
}

/* RFC 7693, appendix B. */
static bool blake2s_example(void)
{
	static const struct crypto_piece pieces[] = {{"a", 1}, {"bc", 2}};
	uint8_t out[CRYPTO_HASH_BYTES];

	crypto_hash(out, pieces, 2);
	return vector_is(out, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
}

/* Computed by Python: hashlib.blake2s(b"abc", key=bytes(range(32)), digest_size=16), and for HKDF with h =
 * lambda key, text: hmac.digest(key, text, "blake2s"): h(h(bytes(range(32)), b"abc"), b"\1"). */
static bool blake2s_keyed_examples(void)
{
	uint8_t key[CRYPTO_KEY_BYTES], out[CRYPTO_HASH_BYTES];
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {&out};
	bool good;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	crypto_mac(out, key, sizeof(key), "abc", 3);
	good = vector_is(out, "61ba5f165c194692e09d12520cc4c74a");
	crypto_hkdf(outs, 1, key, "abc", 3);
	return good && vector_is(out, "c67e0b211ebf48c12c6d41da8fcee207d4c325a8c30f054d97401b14ed212f9f");
}

const char *selftest(void)
{
	static const struct {
		const char *name;
		bool (*good)(void);
	} tests[] = {
	    {"the sizes of libcrypto's structures", sizes},
	    {"ChaCha20-Poly1305, RFC 8439, 2.8.2", chacha20_poly1305_example},
	    {"XChaCha20-Poly1305, draft-irtf-cfrg-xchacha-03, A.3.1", xchacha20_poly1305_example},
	    {"ChaCha20 of a long text", chacha20_long},
	    {"Poly1305 of a long text", poly1305_long},
	    {"X25519, RFC 7748, 5.2 and 6.1", x25519_examples},
	    {"BLAKE2s, RFC 7693, appendix B", blake2s_example},
	    {"keyed BLAKE2s and HKDF", blake2s_keyed_examples},
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (!tests[i].good())
			return tests[i].name;
	return NULL;
}
