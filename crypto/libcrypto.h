/* SPDX-License-Identifier: Apache-2.0
 *
 * What libcrypto.a of OpenSSL 3.0 defines, but its headers don't tell: the functions under its EVP interface.
 * EVP brings 3.6 MB of providers, parsers and error texts with it, these bring 0.1 MB, and for packets EVP's
 * way there costs half as much as the encryption, or more (bench/crypto.py measures both). Tests compare each
 * of these with EVP, and crypto_init compares them with the RFCs' examples, so that another libcrypto can't
 * be taken for this one. Names and types: OpenSSL's include/crypto/{chacha,poly1305,ecx,aes_platform}.h,
 * prov/blake2.h.
 */
#ifndef CRYPTO_LIBCRYPTO_H
#define CRYPTO_LIBCRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* XORs the key stream from a block on; counter: the block's number, then the nonce. out may be in. */
void ChaCha20_ctr32(uint8_t *out, const uint8_t *in, size_t bytes, const uint32_t key[8],
		    const uint32_t counter[4]);

/* Poly1305_ctx_size() bytes, 248 now. Poly1305_Final clears it. */
struct poly1305 {
	_Alignas(64) uint8_t state[512];
};

size_t Poly1305_ctx_size(void);
void Poly1305_Init(struct poly1305 *mac, const uint8_t key[32]);
void Poly1305_Update(struct poly1305 *mac, const uint8_t *data, size_t bytes);
void Poly1305_Final(struct poly1305 *mac, uint8_t tag[16]);

/* 128 bytes now. ossl_blake2s_final clears it. */
struct blake2s {
	_Alignas(64) uint8_t state[256];
};

/* RFC 7693, section 2.5: the parameter block. */
struct blake2s_parameters {
	uint8_t bytes[32];
};

void ossl_blake2s_param_init(struct blake2s_parameters *parameters);
void ossl_blake2s_param_set_digest_length(struct blake2s_parameters *parameters, uint8_t bytes);
void ossl_blake2s_param_set_key_length(struct blake2s_parameters *parameters, uint8_t bytes);
int ossl_blake2s_init(struct blake2s *hash, const struct blake2s_parameters *parameters);
int ossl_blake2s_init_key(struct blake2s *hash, const struct blake2s_parameters *parameters, const void *key);
int ossl_blake2s_update(struct blake2s *hash, const void *data, size_t bytes);
int ossl_blake2s_final(uint8_t *out, struct blake2s *hash);

/* 0: the result is zero. */
int ossl_x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32]);

/* The processor's features, less what XCR0 keeps from being used: CPUID leaf 1, EDX and ECX, and leaf 7, EBX
 * and ECX. */
extern uint32_t OPENSSL_ia32cap_P[4];

/* AES_KEY of openssl/aes.h; AES by AES-NI, and by SSSE3. */
struct aes_key {
	_Alignas(16) uint32_t state[61];
};

int aesni_set_encrypt_key(const uint8_t *bytes, int bits, struct aes_key *key);
void aesni_encrypt(const uint8_t in[16], uint8_t out[16], const void *key);
void aesni_ctr32_encrypt_blocks(const uint8_t *in, uint8_t *out, size_t blocks, const void *key,
				const uint8_t counter[16]);
int vpaes_set_encrypt_key(const uint8_t *bytes, int bits, struct aes_key *key);
void vpaes_encrypt(const uint8_t in[16], uint8_t out[16], const void *key);

#endif
