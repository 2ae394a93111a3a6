/* SPDX-License-Identifier: Apache-2.0
 *
 * AEADs of all kinds: each run of texts whose keys are of one kind goes to that kind.
 */
#include <assert.h>
#include "internal.h"

enum { KINDS = CRYPTO_AES_256_GCM + 1 };

/* AES-GCM comes with crypto_gcm_init: an image that doesn't call it has none. */
static const struct aead_kind *kinds[KINDS] = {[CRYPTO_CHACHA20_POLY1305] = &chacha20_poly1305};

void aead_register(enum crypto_aead_kind kind, const struct aead_kind *functions)
{
	kinds[kind] = functions;
}

void crypto_aead_init(struct crypto_aead *aead, enum crypto_aead_kind kind, const uint8_t *key)
{
	assert((unsigned int)kind < KINDS && kinds[kind]);
	((struct aead_head *)aead->state)->kind = kind;
	kinds[kind]->init(aead, key);
}

void crypto_aead_wipe(struct crypto_aead *aead)
{
	uint32_t kind = ((const struct aead_head *)aead->state)->kind;

	assert(kind < KINDS && kinds[kind]);
	crypto_wipe(aead, kinds[kind]->state_bytes);
}

static const struct aead_kind *kind_of(const struct crypto_text *text)
{
	uint32_t kind;

	if (text->aead == NULL)
		return &chacha20_poly1305;
	kind = ((const struct aead_head *)text->aead->state)->kind;
	assert(kind < KINDS && kinds[kind]);
	return kinds[kind];
}

/* How many texts from the first on have keys of its kind. */
static size_t run_length(const struct crypto_text *texts, size_t count)
{
	const struct aead_kind *kind = kind_of(&texts[0]);
	size_t length = 1;

	while (length < count && kind_of(&texts[length]) == kind)
		length++;
	return length;
}

void crypto_seal(struct crypto_text *texts, size_t count)
{
	for (size_t i = 0, run; i < count; i += run) {
		run = run_length(&texts[i], count - i);
		kind_of(&texts[i])->seal(&texts[i], run);
	}
	wipe_stack();
}

size_t crypto_open(struct crypto_text *texts, size_t count)
{
	size_t good = 0;

	for (size_t i = 0, run; i < count; i += run) {
		run = run_length(&texts[i], count - i);
		good += kind_of(&texts[i])->open(&texts[i], run);
	}
	wipe_stack();
	return good;
}
