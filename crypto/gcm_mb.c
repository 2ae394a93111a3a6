/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM by libIPSec_MB. Its functions are called directly, without its manager, which refers to all of the
 * library (12 MB); and a key is expanded in the two steps that aes_gcm_pre_* consists of, because that lies
 * in one object file for all variants.
 */
#include "gcm.h"
#include "libcrypto.h"

/* By instruction set and bits of the key: precomputation from the expanded key, and what the header leaves
 * out. */
#define PRECOMPUTE(bits, set) void aes_gcm_precomp_##bits##_##set(struct gcm_key_data *key)
#define CRYPT(what, bits, set) \
	void aes_gcm_##what##_##bits##_##set( \
	    const struct gcm_key_data *key, struct gcm_context_data *context, uint8_t *out, \
	    const uint8_t *in, uint64_t bytes, const uint8_t *nonce, const uint8_t *added, \
	    uint64_t added_bytes, uint8_t *tag, uint64_t tag_bytes)

PRECOMPUTE(128, sse);
PRECOMPUTE(256, sse);
PRECOMPUTE(128, avx_gen4);
PRECOMPUTE(256, avx_gen4);
PRECOMPUTE(128, vaes_avx512);
PRECOMPUTE(256, vaes_avx512);
CRYPT(enc, 128, vaes_avx512);
CRYPT(dec, 128, vaes_avx512);
CRYPT(enc, 256, vaes_avx512);
CRYPT(dec, 256, vaes_avx512);

#define DEFINE(bits, set, keyexp) \
	static void expand_##bits##_##set(struct gcm_key *key, const uint8_t *bytes) \
	{ \
		aes_keyexp_##bits##_enc_##keyexp(bytes, key->schedule.mb.expanded_keys); \
		aes_gcm_precomp_##bits##_##set(&key->schedule.mb); \
	} \
	DEFINE_CRYPT(seal, enc, bits, set) \
	DEFINE_CRYPT(open, dec, bits, set)

#define DEFINE_CRYPT(name, what, bits, set) \
	static void name##_##bits##_##set(const struct gcm_key *key, const struct crypto_text *text, \
					  uint8_t tag[CRYPTO_TAG_BYTES]) \
	{ \
		struct gcm_context_data context; \
\
		aes_gcm_##what##_##bits##_##set(&key->schedule.mb, &context, text->data, text->data, \
						text->bytes, text->nonce, text->added, text->added_bytes, \
						tag, CRYPTO_TAG_BYTES); \
		crypto_wipe(&context, sizeof(context)); \
	}

#define FUNCTIONS(bits, set) \
	{ \
		expand_##bits##_##set, seal_##bits##_##set, open_##bits##_##set \
	}

DEFINE(128, sse, sse)
DEFINE(256, sse, sse)
DEFINE(128, avx_gen4, avx)
DEFINE(256, avx_gen4, avx)
DEFINE(128, vaes_avx512, avx)
DEFINE(256, vaes_avx512, avx)

static bool has(const uint32_t need[4])
{
	for (int i = 0; i < 4; i++)
		if ((OPENSSL_ia32cap_P[i] & need[i]) != need[i])
			return false;
	return true;
}

/* Leaf 1, EDX and ECX; leaf 7, EBX and ECX. */
#define BIT(n) (UINT32_C(1) << (n))
enum { PCLMULQDQ = 1, SSE41 = 19, AES = 25, AVX = 28 };
enum { AVX2 = 5, BMI2 = 8, AVX512F = 16, AVX512DQ = 17, AVX512CD = 28, AVX512BW = 30, AVX512VL = 31 };
enum { VAES = 9, VPCLMULQDQ = 10 };

static bool usable_sse(void)
{
	return has((const uint32_t[4]){0, BIT(PCLMULQDQ) | BIT(SSE41) | BIT(AES)});
}

static bool usable_avx2(void)
{
	return usable_sse() && has((const uint32_t[4]){0, BIT(AVX), BIT(AVX2) | BIT(BMI2)});
}

static bool usable_avx512(void)
{
	return usable_avx2() &&
	       has((const uint32_t[4]){
		   0, 0, BIT(AVX512F) | BIT(AVX512DQ) | BIT(AVX512CD) | BIT(AVX512BW) | BIT(AVX512VL),
		   BIT(VAES) | BIT(VPCLMULQDQ)});
}

const struct gcm_variant gcm_mb[] = {
    {"libIPSec_MB AVX-512", usable_avx512, {FUNCTIONS(128, vaes_avx512), FUNCTIONS(256, vaes_avx512)}},
    {"libIPSec_MB AVX2", usable_avx2, {FUNCTIONS(128, avx_gen4), FUNCTIONS(256, avx_gen4)}},
    {"libIPSec_MB SSE", usable_sse, {FUNCTIONS(128, sse), FUNCTIONS(256, sse)}},
};
const size_t gcm_mb_count = sizeof(gcm_mb) / sizeof(gcm_mb[0]);
