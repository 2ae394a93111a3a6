/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM as a kind of AEAD, by the variant that crypto_gcm_init chooses.
 */
#include <string.h>
#include "gcm.h"

static const struct gcm_variant *chosen = &gcm_libcrypto;

static const struct gcm_functions *functions_of(const struct gcm_key *key)
{
	return &chosen->size[key->head.kind == CRYPTO_AES_128_GCM ? GCM_128 : GCM_256];
}

static void init(struct crypto_aead *aead, const uint8_t *bytes)
{
	struct gcm_key *key = (struct gcm_key *)aead->state;

	functions_of(key)->expand(key, bytes);
}

static void seal(struct crypto_text *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct gcm_key *key = (const struct gcm_key *)texts[i].aead->state;

		functions_of(key)->seal(key, &texts[i], texts[i].data + texts[i].bytes);
	}
}

static bool open_one(const struct crypto_text *text)
{
	const struct gcm_key *key = (const struct gcm_key *)text->aead->state;
	uint8_t tag[CRYPTO_TAG_BYTES];
	bool good;

	functions_of(key)->open(key, text, tag);
	good = crypto_equal(tag, text->data + text->bytes, sizeof(tag));
	if (!good)
		crypto_wipe(text->data, text->bytes);
	crypto_wipe(tag, sizeof(tag)); /* of somebody else's text, perhaps */
	return good;
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

void gcm_use(const struct gcm_variant *variant)
{
	static const struct aead_kind kind = {init, seal, open, sizeof(struct crypto_aead)};

	chosen = variant;
	aead_register(CRYPTO_AES_128_GCM, &kind);
	aead_register(CRYPTO_AES_256_GCM, &kind);
}

const char *crypto_gcm_init(struct crypto_gcm_choice *choice)
{
	const struct gcm_variant *variant = &gcm_libcrypto;

	choice->left_out = NULL;
	for (size_t i = 0; i < gcm_mb_count && variant == &gcm_libcrypto; i++) {
		if (!gcm_mb[i].usable())
			continue;
		if (gcm_agrees(&gcm_mb[i]))
			variant = &gcm_mb[i];
		else
			choice->left_out = gcm_mb[i].name;
	}
	choice->variant = variant->name;
	gcm_use(variant);
	return gcm_selftest();
}
