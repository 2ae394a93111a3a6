/* SPDX-License-Identifier: Apache-2.0
 *
 * Minisign's secret keys: making them, and reading them with and without a password; see minisign.h.
 *
 * A password becomes a mask by scrypt (RFC 7914). How much work that is, the file says as libsodium's two
 * limits; libsodium derives scrypt's N and p from them.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <string.h>

#include "base64.h"
#include "blake2b.h"
#include "config/key.h"
#include "minisign.h"

/* The most that `minisign -G` asks for is 2^25 operations and a gibibyte. */
enum {
	OPERATIONS_MIN = 1 << 15,
	OPERATIONS_MAX = 1 << 27,
	MEMORY_MAX = 1 << 30,
	BLOCKS = 8 /* scrypt's r */
};

static const uint8_t algorithm[2] = "Ed", scrypt[2] = "Sc", blake2b_checksum[2] = "B2", none[2];

struct __attribute__((packed)) opened {
	uint8_t id[MINISIGN_ID_BYTES], seed[MINISIGN_KEY_BYTES], public_key[MINISIGN_KEY_BYTES], checksum[32];
};

_Static_assert(sizeof(struct minisign_sealed) == 158, "minisign's secret key");
_Static_assert(sizeof(struct opened) == SEALED_KEY_BYTES, "what is sealed");

static void checksum_of(const struct opened *key, uint8_t checksum[32])
{
	uint8_t message[sizeof(algorithm) + offsetof(struct opened, checksum)];

	memcpy(message, algorithm, sizeof(algorithm));
	memcpy(message + sizeof(algorithm), key, offsetof(struct opened, checksum));
	blake2b(message, sizeof(message), checksum, 32);
	key_wipe(message, sizeof(message));
}

static bool public_of(const uint8_t seed[MINISIGN_KEY_BYTES], uint8_t public_key[MINISIGN_KEY_BYTES])
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, MINISIGN_KEY_BYTES);
	size_t length = MINISIGN_KEY_BYTES;
	bool done = pair && EVP_PKEY_get_raw_public_key(pair, public_key, &length) == 1;

	EVP_PKEY_free(pair);
	return done;
}

bool minisign_make(struct minisign_secret *secret)
{
	return RAND_bytes(secret->id, sizeof(secret->id)) == 1 &&
	       RAND_priv_bytes(secret->seed, sizeof(secret->seed)) == 1 &&
	       public_of(secret->seed, secret->public_key);
}

bool minisign_is_sealed(const struct minisign_sealed *sealed)
{
	return memcmp(sealed->kdf, none, sizeof(none)) != 0;
}

static const char *check_sealed(const struct minisign_sealed *sealed)
{
	if (memcmp(sealed->algorithm, algorithm, sizeof(algorithm)) != 0)
		return "a secret key of another kind than Ed25519";
	if (memcmp(sealed->checksum_algorithm, blake2b_checksum, sizeof(blake2b_checksum)) != 0)
		return "a secret key with an unknown kind of checksum";
	if (!minisign_is_sealed(sealed))
		return NULL;
	if (memcmp(sealed->kdf, scrypt, sizeof(scrypt)) != 0)
		return "a secret key whose password protects it in an unknown way";
	if (sealed->operations > OPERATIONS_MAX || sealed->memory > MEMORY_MAX)
		return "a secret key whose password takes more than a gibibyte of memory to check, or too "
		       "long";
	return NULL;
}

const char *minisign_parse_secret(const char *text, size_t length, struct minisign_sealed *sealed)
{
	const char *end = length ? memchr(text, '\n', length) : NULL;
	const char *key = end ? end + 1 : text;
	size_t left = length - (size_t)(key - text);

	end = left ? memchr(key, '\n', left) : NULL;
	left = end ? (size_t)(end - key) : left;
	left -= left && key[left - 1] == '\r';
	if (!base64_parse(key, left, (uint8_t *)sealed, sizeof(*sealed))) {
		key_wipe(sealed, sizeof(*sealed));
		return "not a secret key of minisign: a comment, then 212 characters of base64";
	}
	return check_sealed(sealed);
}

/* scrypt's N, as a power of two: the largest that is not above the limit, and 2 at least. */
static unsigned int largest_power(uint64_t limit)
{
	unsigned int power = 1;

	while (power < 63 && UINT64_C(1) << power <= limit / 2)
		power++;
	return power;
}

/* N and p from libsodium's limits (its crypto_pwhash_scryptsalsa208sha256). */
static void choose_work(const struct minisign_sealed *sealed, uint64_t *n, uint32_t *p)
{
	uint64_t operations = sealed->operations < OPERATIONS_MIN ? OPERATIONS_MIN : sealed->operations;

	*p = 1;
	if (operations < sealed->memory / 32) {
		*n = UINT64_C(1) << largest_power(operations / (BLOCKS * 4));
		return;
	}
	*n = UINT64_C(1) << largest_power(sealed->memory / (BLOCKS * 128));
	*p = (uint32_t)(operations / 4 / *n / BLOCKS);
}

static bool derive(const struct minisign_sealed *sealed, const char *password, uint8_t mask[SEALED_KEY_BYTES])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	uint64_t n, memory = UINT64_C(2) * MEMORY_MAX;
	uint32_t p, r = BLOCKS;
	OSSL_PARAM values[7];
	bool done;

	choose_work(sealed, &n, &p);
	values[0] =
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password, strlen(password));
	values[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)sealed->salt,
						      sizeof(sealed->salt));
	values[2] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n);
	values[3] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r);
	values[4] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p);
	values[5] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory);
	values[6] = OSSL_PARAM_construct_end();
	done = context && EVP_KDF_derive(context, mask, SEALED_KEY_BYTES, values) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return done;
}

/* Minisign 0.11 leaves the checksum out where there is no password. */
static bool has_checksum(const struct opened *opened)
{
	static const uint8_t zero[sizeof(opened->checksum)];

	return memcmp(opened->checksum, zero, sizeof(zero)) != 0;
}

static const char *take_opened(const struct opened *opened, bool had_password, struct minisign_secret *secret)
{
	uint8_t checksum[32], public_key[MINISIGN_KEY_BYTES];

	checksum_of(opened, checksum);
	if ((had_password || has_checksum(opened)) &&
	    CRYPTO_memcmp(checksum, opened->checksum, sizeof(checksum)) != 0)
		return had_password ? "wrong password, or a damaged secret key" : "a damaged secret key";
	if (!public_of(opened->seed, public_key) ||
	    memcmp(public_key, opened->public_key, sizeof(public_key)) != 0)
		return "a damaged secret key: its public half does not fit";
	memcpy(secret->id, opened->id, sizeof(secret->id));
	memcpy(secret->seed, opened->seed, sizeof(secret->seed));
	memcpy(secret->public_key, opened->public_key, sizeof(secret->public_key));
	return NULL;
}

const char *minisign_open_secret(struct minisign_sealed *sealed, const char *password,
				 struct minisign_secret *secret)
{
	uint8_t mask[SEALED_KEY_BYTES] = {0};
	struct opened opened;
	const char *wrong = NULL;

	if (password && !derive(sealed, password, mask))
		wrong = "libcrypto could not check the password: is there enough memory?";
	for (size_t i = 0; i < sizeof(mask); i++)
		((uint8_t *)&opened)[i] = sealed->key[i] ^ mask[i];
	if (!wrong)
		wrong = take_opened(&opened, password != NULL, secret);
	if (wrong)
		key_wipe(secret, sizeof(*secret));
	key_wipe(&opened, sizeof(opened));
	key_wipe(mask, sizeof(mask));
	return wrong;
}

void minisign_print_secret(const struct minisign_secret *secret, FILE *out)
{
	char text[BASE64_LENGTH(sizeof(struct minisign_sealed)) + 1];
	struct minisign_sealed sealed = {0};
	struct opened opened;

	memcpy(opened.id, secret->id, sizeof(opened.id));
	memcpy(opened.seed, secret->seed, sizeof(opened.seed));
	memcpy(opened.public_key, secret->public_key, sizeof(opened.public_key));
	checksum_of(&opened, opened.checksum);
	memcpy(sealed.algorithm, algorithm, sizeof(algorithm));
	memcpy(sealed.checksum_algorithm, blake2b_checksum, sizeof(blake2b_checksum));
	memcpy(sealed.key, &opened, sizeof(opened));
	base64_format((const uint8_t *)&sealed, sizeof(sealed), text);
	fprintf(out, "untrusted comment: minisign secret key, without a password\n%s\n", text);
	key_wipe(text, sizeof(text));
	key_wipe(&sealed, sizeof(sealed));
	key_wipe(&opened, sizeof(opened));
}
