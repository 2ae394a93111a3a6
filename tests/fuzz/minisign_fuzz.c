/* SPDX-License-Identifier: Apache-2.0
 *
 * Minisign's files of any bytes: the first chooses public key, signature or secret key. What is taken can be
 * shown, and prints as a text that reads as the same again. No password is checked: that takes too long.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "images/minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_public(const char *text, size_t length)
{
	struct minisign_public key, again;
	char *printed = NULL;
	size_t printed_length;
	FILE *out;

	if (minisign_parse_public(text, length, &key))
		return;
	out = open_memstream(&printed, &printed_length);
	assert(out);
	minisign_print_public(&key, out);
	fclose(out);
	assert(!minisign_parse_public(printed, printed_length, &again));
	assert(memcmp(&key, &again, sizeof(key)) == 0);
	free(printed);
}

static void check_signature(const char *text, size_t length)
{
	static struct minisign_signature signature, again;
	char *printed = NULL;
	size_t printed_length;
	FILE *out;

	if (minisign_parse_signature(text, length, &signature))
		return;
	assert(minisign_is_comment(signature.comment, strlen(signature.comment)));
	out = open_memstream(&printed, &printed_length);
	assert(out);
	minisign_print_signature(&signature, out);
	fclose(out);
	assert(!minisign_parse_signature(printed, printed_length, &again));
	assert(strcmp(signature.comment, again.comment) == 0 &&
	       memcmp(signature.bytes, again.bytes, sizeof(again.bytes)) == 0);
	free(printed);
}

static void check_secret(const char *text, size_t length)
{
	struct minisign_sealed sealed;
	struct minisign_secret secret;

	if (!minisign_parse_secret(text, length, &sealed) && !minisign_is_sealed(&sealed))
		minisign_open_secret(&sealed, NULL, &secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const char *, size_t) = {check_public, check_signature, check_secret};
	char *copy;

	if (size == 0)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	checks[data[0] % 3](copy, size - 1);
	free(copy);
	return 0;
}
