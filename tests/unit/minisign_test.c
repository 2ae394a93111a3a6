/* SPDX-License-Identifier: Apache-2.0
 *
 * images/minisign.c and what it stands on (base64.c, blake2b.c): files that minisign 0.11 wrote, and the same
 * with a byte changed, or cut off. The keys are for this test alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>

#include "images/base64.h"
#include "images/blake2b.h"
#include "images/minisign.h"

static const char message[] = "One file, one appliance.\n";

static const char public_text[] = "untrusted comment: minisign public key 90983CA660332CE9\n"
				  "RWTpLDNgpjyYkI5NbKAkCRe3QbZJ5lkGIMsGRWqTIJaRawuwXHw7lTzu\n";

static const char other_public_text[] = "untrusted comment: minisign public key 3C16D1B169EE53DA\n"
					"RWTaU+5psdEWPHWUgkPcOPjizo5x8wXmixVPw+iDTsUoAKfEa9QSPuln\n";

/* Password: weir. scrypt with 32 MiB of memory. */
static const char sealed_text[] = "untrusted comment: minisign encrypted secret key\n"
				  "RWRTY0IyHJf/vBiDd7lam1qbBvCoJztWq7/"
				  "yyhwReMQW26YLqTcAABAAAAAAAAAAAAIAAAAA9LMcDGA0t9y4A70Eba/vmA1k0YMCn4QYuY1a"
				  "PSdsJVstvC4SiND4Ftit3DzmWTrfbjitQ5Yy165rhkJkhlPE8tYf5nk9CSjPJC3AVLUJHtO8a6"
				  "nodvaSNjWNzQqYGKlDizgd3Qnc8L0=\n";

static const char unsealed_text[] = "untrusted comment: minisign encrypted secret key\n"
				    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
				    "2lPuabHRFjxLTUvtjYdN+ksT/wZt3pSlcR3t"
				    "VWaFjR7hpCFvSeENnHWUgkPcOPjizo5x8wXmixVPw+"
				    "iDTsUoAKfEa9QSPulnAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

static const char hashed_text[] =
    "untrusted comment: signature from minisign secret key\n"
    "RUTpLDNgpjyYkEBabNHww/W5y5GNrW7vDr3wS4GnYS1YFayzhdKUWy/NNG4p3BDRuoUbnvDSOCV8oGx+IdIyQus+e54A3bi+aQ4=\n"
    "trusted comment: of the test\n"
    "EmIQSUPCu7s6UAo5ws51kYKvWftcwNkCTzCHkVfcoEaMiEbdPfdheHGvQNx5SbIhFHiklGxYZZHOE3Bfgr6VCQ==\n";

static const char legacy_text[] =
    "untrusted comment: signature from minisign secret key\n"
    "RWTpLDNgpjyYkLoErsMxThIYQMdtptsAwd+HoymOM40p0CjUQ3agSxa1a3BRlX8C6d+Z1DVU2GTYBaBjYAHkj3e8901/0NRHowI=\n"
    "trusted comment: of the test\n"
    "kKB1tq+9WUfS6H0Ker7U/U80fs2YORbKU3mE5LqrjRyYydRETxwjjfp3+18fuiJyslTjkw/AI1MjCuNNA7NqAQ==\n";

static struct minisign_public public_key(const char *text)
{
	struct minisign_public key;

	assert_null(minisign_parse_public(text, strlen(text), &key));
	return key;
}

static const char *verify(const char *key_text, const char *signature_text, const char *bytes, size_t size)
{
	struct minisign_public key = public_key(key_text);
	static struct minisign_signature signature;
	const char *wrong = minisign_parse_signature(signature_text, strlen(signature_text), &signature);

	return wrong ? wrong : minisign_verify(&key, &signature, (const uint8_t *)bytes, size);
}

static void expect(const char *wrong, const char *expected)
{
	if (!wrong || !strstr(wrong, expected))
		fail_msg("\"%s\" instead of \"%s\"", wrong ? wrong : "good", expected);
}

static void test_signatures(void **state)
{
	static const char *const texts[] = {hashed_text, legacy_text};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char changed[sizeof(message)];

		memcpy(changed, message, sizeof(message));
		changed[3] ^= 1;
		assert_null(verify(public_text, texts[i], message, strlen(message)));
		expect(verify(public_text, texts[i], changed, strlen(message)), "was changed");
		expect(verify(public_text, texts[i], message, strlen(message) - 1), "was changed");
		expect(verify(public_text, texts[i], "", 0), "was changed");
		expect(verify(other_public_text, texts[i], message, strlen(message)), "another key");
	}
}

/* No letter of a signature can be another one; the first comment is nobody's. */
static void test_changed_signature(void **state)
{
	size_t first = strcspn(hashed_text, "\n");

	(void)state;
	for (size_t i = 0; i < strlen(hashed_text) - 1; i++) {
		char text[sizeof(hashed_text)];
		bool comment = i >= strlen("untrusted comment: ") && i < first;

		memcpy(text, hashed_text, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		if (!verify(public_text, text, message, strlen(message)) != comment)
			fail_msg("letter %zu", i);
	}
}

static void test_cut_signature(void **state)
{
	static struct minisign_signature signature;

	(void)state;
	for (size_t length = 0; length < strlen(hashed_text) - 1; length++) {
		char *text = malloc(length + 1);

		memcpy(text, hashed_text, length);
		assert_non_null(minisign_parse_signature(text, length, &signature));
		free(text);
	}
	assert_null(minisign_parse_signature(hashed_text, strlen(hashed_text) - 1, &signature));
}

static void test_comments(void **state)
{
	static struct minisign_signature signature;
	char text[sizeof(hashed_text)];

	(void)state;
	memcpy(text, hashed_text, sizeof(text));
	*strstr(text, "the test") = 27;
	expect(minisign_parse_signature(text, strlen(text), &signature), "control characters");
	assert_true(minisign_is_comment("timestamp:1\tfile:x", 18));
	assert_false(minisign_is_comment("two\nlines", 9));
}

static const char *open_secret(const char *text, const char *password, struct minisign_secret *secret)
{
	struct minisign_sealed sealed;
	const char *wrong = minisign_parse_secret(text, strlen(text), &sealed);

	return wrong ? wrong : minisign_open_secret(&sealed, password, secret);
}

static void test_secret_with_password(void **state)
{
	struct minisign_public key = public_key(public_text);
	struct minisign_secret secret, zero = {0};

	(void)state;
	assert_null(open_secret(sealed_text, "weir", &secret));
	assert_memory_equal(secret.id, key.id, sizeof(key.id));
	assert_memory_equal(secret.public_key, key.key, sizeof(key.key));
	expect(open_secret(sealed_text, "Weir", &secret), "wrong password");
	assert_memory_equal(&secret, &zero, sizeof(zero));
}

static void test_secret_without_password(void **state)
{
	struct minisign_public key = public_key(other_public_text);
	struct minisign_secret secret;
	char text[sizeof(unsealed_text)];

	(void)state;
	assert_null(open_secret(unsealed_text, NULL, &secret));
	assert_memory_equal(secret.public_key, key.key, sizeof(key.key));
	memcpy(text, unsealed_text, sizeof(text));
	text[150] ^= 1; /* in the seed */
	expect(open_secret(text, NULL, &secret), "damaged");
	for (size_t length = 0; length < strlen(unsealed_text) - 1; length++) {
		struct minisign_sealed sealed;

		assert_non_null(minisign_parse_secret(unsealed_text, length, &sealed));
	}
}

/* What a file asks for is not done at any price. */
static void test_work_of_passwords(void **state)
{
	struct minisign_sealed sealed;
	char line[BASE64_LENGTH(sizeof(sealed)) + 1];

	(void)state;
	assert_null(minisign_parse_secret(sealed_text, strlen(sealed_text), &sealed));
	sealed.memory = UINT64_C(1) << 40;
	base64_format((const uint8_t *)&sealed, sizeof(sealed), line);
	expect(minisign_parse_secret(line, strlen(line), &sealed), "more than a gibibyte");
	assert_null(minisign_parse_secret(sealed_text, strlen(sealed_text), &sealed));
	sealed.operations = UINT64_MAX;
	base64_format((const uint8_t *)&sealed, sizeof(sealed), line);
	expect(minisign_parse_secret(line, strlen(line), &sealed), "too long");
}

static void test_round_trip(void **state)
{
	static struct minisign_signature signature = {.comment = "made here"};
	struct minisign_secret secret, again;
	struct minisign_public key;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_true(minisign_make(&secret));
	minisign_print_secret(&secret, out);
	fclose(out);
	assert_null(open_secret(text, NULL, &again));
	assert_memory_equal(&again, &secret, sizeof(secret));
	assert_true(minisign_sign(&again, (const uint8_t *)message, strlen(message), &signature));
	memcpy(key.id, secret.id, sizeof(key.id));
	memcpy(key.key, secret.public_key, sizeof(key.key));
	assert_null(minisign_verify(&key, &signature, (const uint8_t *)message, strlen(message)));
	signature.comment[0] = 'M';
	expect(minisign_verify(&key, &signature, (const uint8_t *)message, strlen(message)),
	       "trusted comment");
	free(text);
}

/* RFC 7693, appendix A; and every length against libcrypto. */
static void test_blake2b(void **state)
{
	static const uint8_t abc[8] = {0xba, 0x80, 0xa5, 0x3f, 0x98, 0x1c, 0x4d, 0x0d};
	static const uint8_t empty_256[8] = {0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2};
	uint8_t bytes[400], ours[64], theirs[64];

	(void)state;
	blake2b("abc", 3, ours, sizeof(ours));
	assert_memory_equal(ours, abc, sizeof(abc));
	blake2b("", 0, ours, 32);
	assert_memory_equal(ours, empty_256, sizeof(empty_256));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		blake2b(bytes, length, ours, sizeof(ours));
		assert_int_equal(EVP_Digest(bytes, length, theirs, NULL, EVP_blake2b512(), NULL), 1);
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
}

static void test_base64(void **state)
{
	uint8_t bytes[70], again[70];
	char text[BASE64_LENGTH(sizeof(bytes)) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(255 - 11 * i);
	for (size_t length = 0; length < sizeof(bytes); length++) {
		base64_format(bytes, length, text);
		assert_int_equal(strlen(text), BASE64_LENGTH(length));
		assert_true(base64_parse(text, strlen(text), again, length));
		assert_memory_equal(bytes, again, length);
		assert_false(base64_parse(text, strlen(text), again, length + 3));
	}
	assert_true(base64_parse("QQ==", 4, again, 1));
	assert_false(base64_parse("QR==", 4, again, 1)); /* bits beyond the byte */
	assert_false(base64_parse("Q===", 4, again, 1));
	assert_false(base64_parse("QQ=Q", 4, again, 1));
	assert_false(base64_parse("Q\0==", 4, again, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_signatures),
	    cmocka_unit_test(test_changed_signature),
	    cmocka_unit_test(test_cut_signature),
	    cmocka_unit_test(test_comments),
	    cmocka_unit_test(test_secret_with_password),
	    cmocka_unit_test(test_secret_without_password),
	    cmocka_unit_test(test_work_of_passwords),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_blake2b),
	    cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
