/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM (NIST SP 800-38D) in several variants: libIPSec_MB's for instruction sets, and libcrypto's.
 */
#ifndef CRYPTO_GCM_H
#define CRYPTO_GCM_H

#include <intel-ipsec-mb.h>
#include "internal.h"

enum gcm_size { GCM_128, GCM_256, GCM_SIZES };

/* A key of AES-GCM made ready. */
struct gcm_key {
	struct aead_head head;
	_Alignas(64) union {
		struct gcm_key_data mb;
		uint8_t libcrypto[sizeof(struct gcm_key_data)];
	} schedule;
};

_Static_assert(sizeof(struct gcm_key) <= CRYPTO_AEAD_BYTES, "a key fits");

/* For one size of keys. seal and open change the text in place, and give the tag that it has. */
struct gcm_functions {
	void (*expand)(struct gcm_key *key, const uint8_t *bytes);
	void (*seal)(const struct gcm_key *key, const struct crypto_text *text,
		     uint8_t tag[CRYPTO_TAG_BYTES]);
	void (*open)(const struct gcm_key *key, const struct crypto_text *text,
		     uint8_t tag[CRYPTO_TAG_BYTES]);
};

struct gcm_variant {
	const char *name;
	bool (*usable)(void); /* whether the processor has what it needs */
	struct gcm_functions size[GCM_SIZES];
};

extern const struct gcm_variant gcm_libcrypto;
extern const struct gcm_variant gcm_mb[]; /* the fastest first */
extern const size_t gcm_mb_count;

/* What both kinds of AES-GCM do from now on. */
void gcm_use(const struct gcm_variant *variant);

/* Whether a variant has the results of libcrypto, for texts of many lengths. */
bool gcm_agrees(const struct gcm_variant *variant);

/* Known answers, for the variant in use: NULL, or the name of the first that is wrong. */
const char *gcm_selftest(void);

#endif
