/* SPDX-License-Identifier: Apache-2.0
 *
 * Public keys and signatures; see minisign.h. minisign_secret.c has the secret keys.
 */
#include "minisign.h"

#include <openssl/evp.h>
#include <string.h>

#include "base64.h"
#include "image.h"

enum { HASH_BYTES_512 = 64 };

static const char untrusted[] = "untrusted comment: ", trusted[] = "trusted comment: ";
static const uint8_t plain[2] = "Ed", hashed[2] = "ED";

struct __attribute__((packed)) public_bytes {
	uint8_t algorithm[2];
	struct minisign_public key;
};

struct __attribute__((packed)) signature_bytes {
	uint8_t algorithm[2], id[MINISIGN_ID_BYTES], bytes[MINISIGN_SIGNATURE_BYTES];
};

_Static_assert(sizeof(struct public_bytes) == 42, "minisign's public key");
_Static_assert(sizeof(struct signature_bytes) == 74, "minisign's signature");

struct line {
	const char *text;
	size_t length;
};

/* Takes the next line, without its end. Returns false where there is none. */
static bool next_line(const char **text, size_t *left, struct line *line)
{
	const char *end = *left ? memchr(*text, '\n', *left) : NULL;
	size_t taken = end ? (size_t)(end - *text) + 1 : *left;

	if (!*left)
		return false;
	*line = (struct line){*text, end ? taken - 1 : taken};
	line->length -= line->length && line->text[line->length - 1] == '\r';
	*text += taken;
	*left -= taken;
	return true;
}

static bool begins(const struct line *line, const char *word)
{
	return line->length >= strlen(word) && memcmp(line->text, word, strlen(word)) == 0;
}

bool minisign_is_comment(const char *text, size_t length)
{
	return length <= MINISIGN_COMMENT_MAX && image_is_text(text, length) &&
	       (!length || !memchr(text, '\n', length));
}

const char *minisign_id_text(const uint8_t id[MINISIGN_ID_BYTES], char text[MINISIGN_ID_TEXT + 1])
{
	uint64_t number;

	memcpy(&number, id, sizeof(number));
	snprintf(text, MINISIGN_ID_TEXT + 1, "%016llX", (unsigned long long)number);
	return text;
}

const char *minisign_parse_public(const char *text, size_t length, struct minisign_public *key)
{
	struct public_bytes bytes;
	struct line line;

	if (!next_line(&text, &length, &line) ||
	    (begins(&line, untrusted) && !next_line(&text, &length, &line)))
		return "no public key is in it";
	if (!base64_parse(line.text, line.length, (uint8_t *)&bytes, sizeof(bytes)))
		return "not a public key of minisign: 56 characters of base64, after a comment";
	if (memcmp(bytes.algorithm, plain, sizeof(plain)) != 0)
		return "a public key of another kind than Ed25519";
	*key = bytes.key;
	return NULL;
}

static const char *take_comment(const struct line *line, struct minisign_signature *signature)
{
	const char *text = line->text + strlen(trusted);
	size_t length = line->length - strlen(trusted);

	if (!minisign_is_comment(text, length))
		return "its trusted comment is too long, or has control characters";
	memcpy(signature->comment, text, length);
	signature->comment[length] = '\0';
	return NULL;
}

const char *minisign_parse_signature(const char *text, size_t length, struct minisign_signature *signature)
{
	struct signature_bytes bytes;
	struct line lines[4];
	const char *wrong;

	for (size_t i = 0; i < 4; i++)
		if (!next_line(&text, &length, &lines[i]))
			return "the signature ends too early: it has four lines";
	if (!begins(&lines[0], untrusted) || !begins(&lines[2], trusted))
		return "not a signature of minisign: its comments are not there";
	if (!base64_parse(lines[1].text, lines[1].length, (uint8_t *)&bytes, sizeof(bytes)) ||
	    !base64_parse(lines[3].text, lines[3].length, signature->global, sizeof(signature->global)))
		return "not a signature of minisign: it is not base64 of the right length";
	signature->hashed = memcmp(bytes.algorithm, hashed, sizeof(hashed)) == 0;
	if (!signature->hashed && memcmp(bytes.algorithm, plain, sizeof(plain)) != 0)
		return "a signature of another kind than Ed25519";
	memcpy(signature->id, bytes.id, sizeof(bytes.id));
	memcpy(signature->bytes, bytes.bytes, sizeof(bytes.bytes));
	wrong = take_comment(&lines[2], signature);
	return wrong;
}

void minisign_print_public(const struct minisign_public *key, FILE *out)
{
	char id[MINISIGN_ID_TEXT + 1], text[BASE64_LENGTH(sizeof(struct public_bytes)) + 1];
	struct public_bytes bytes = {.key = *key};

	memcpy(bytes.algorithm, plain, sizeof(plain));
	base64_format((const uint8_t *)&bytes, sizeof(bytes), text);
	fprintf(out, "%sminisign public key %s\n%s\n", untrusted, minisign_id_text(key->id, id), text);
}

void minisign_print_signature(const struct minisign_signature *signature, FILE *out)
{
	char text[BASE64_LENGTH(sizeof(struct signature_bytes)) + 1];
	char global[BASE64_LENGTH(MINISIGN_SIGNATURE_BYTES) + 1];
	struct signature_bytes bytes;

	memcpy(bytes.algorithm, signature->hashed ? hashed : plain, sizeof(bytes.algorithm));
	memcpy(bytes.id, signature->id, sizeof(bytes.id));
	memcpy(bytes.bytes, signature->bytes, sizeof(bytes.bytes));
	base64_format((const uint8_t *)&bytes, sizeof(bytes), text);
	base64_format(signature->global, sizeof(signature->global), global);
	fprintf(out, "%ssignature from a weir secret key\n%s\n%s%s\n%s\n", untrusted, text, trusted,
		signature->comment, global);
}

/* What is signed of a file: its hash, or itself. */
static bool signed_part(bool hash, uint8_t digest[HASH_BYTES_512], const uint8_t **bytes, size_t *size)
{
	if (!hash)
		return true;
	if (EVP_Digest(*bytes, *size, digest, NULL, EVP_blake2b512(), NULL) != 1)
		return false;
	*bytes = digest;
	*size = HASH_BYTES_512;
	return true;
}

/* The signature and its comment, which the global signature is of. Returns the length. */
static size_t join(const struct minisign_signature *signature, uint8_t *joined)
{
	size_t length = strlen(signature->comment);

	memcpy(joined, signature->bytes, sizeof(signature->bytes));
	memcpy(joined + sizeof(signature->bytes), signature->comment, length);
	return sizeof(signature->bytes) + length;
}

static bool sign_bytes(EVP_PKEY *key, const uint8_t *bytes, size_t size, uint8_t *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = MINISIGN_SIGNATURE_BYTES;
	bool done = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestSign(context, signature, &length, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	return done;
}

bool minisign_sign(const struct minisign_secret *secret, const uint8_t *bytes, size_t size,
		   struct minisign_signature *signature)
{
	uint8_t digest[HASH_BYTES_512], joined[MINISIGN_SIGNATURE_BYTES + MINISIGN_COMMENT_MAX];
	EVP_PKEY *key =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret->seed, sizeof(secret->seed));
	bool done;

	signature->hashed = true;
	memcpy(signature->id, secret->id, sizeof(secret->id));
	done = signed_part(true, digest, &bytes, &size) && sign_bytes(key, bytes, size, signature->bytes) &&
	       sign_bytes(key, joined, join(signature, joined), signature->global);
	EVP_PKEY_free(key);
	return done;
}

static bool verify_bytes(const struct minisign_public *public, const uint8_t *bytes, size_t size,
			 const uint8_t *signature)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public->key, sizeof(public->key));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, MINISIGN_SIGNATURE_BYTES, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

const char *minisign_verify(const struct minisign_public *key, const struct minisign_signature *signature,
			    const uint8_t *bytes, size_t size)
{
	uint8_t digest[HASH_BYTES_512], joined[MINISIGN_SIGNATURE_BYTES + MINISIGN_COMMENT_MAX];

	if (memcmp(key->id, signature->id, sizeof(key->id)) != 0)
		return "another key has signed it";
	if (!signed_part(signature->hashed, digest, &bytes, &size))
		return "libcrypto has no BLAKE2b";
	if (!verify_bytes(key, bytes, size, signature->bytes))
		return "the signature is not one of this file and this key: either was changed";
	if (!verify_bytes(key, joined, join(signature, joined), signature->global))
		return "the trusted comment was changed after it was signed";
	return NULL;
}
