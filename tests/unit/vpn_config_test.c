/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the configuration compiler that tunnels brought: keys as text, against libcrypto and RFC 7748;
 * sorted prefixes, against an oracle that looks at each; lines of wg-quick's files. What it says to people is
 * in tests/config.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "config/key.h"
#include "config/prefixes.h"
#include "config/wg_quick.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void keys_are_base64(void **state)
{
	uint8_t key[CONFIG_KEY_BYTES], again[CONFIG_KEY_BYTES];
	char text[KEY_TEXT_LENGTH + 1];
	unsigned char other[KEY_TEXT_LENGTH + 1];

	(void)state;
	for (int round = 0; round < 1000; round++) {
		for (size_t i = 0; i < sizeof(key); i++)
			key[i] = (uint8_t)rand();
		key_format(key, text);
		assert_int_equal(EVP_EncodeBlock(other, key, sizeof(key)), KEY_TEXT_LENGTH);
		assert_string_equal(text, (char *)other);
		assert_true(key_parse(text, strlen(text), again));
		assert_memory_equal(key, again, sizeof(key));
	}
}

static void wrong_keys_are_refused(void **state)
{
	static const char *const rows[] = {
	    "",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  /* no padding */
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", /* 31 bytes */
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 33 bytes */
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", /* bits beyond the key */
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC=", /* bits beyond the key */
	    "AAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAA=", /* another alphabet */
	    "AAAAAAAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAAAAAAAA=",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ",
	};
	uint8_t key[CONFIG_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(key_parse(rows[i], strlen(rows[i]), key));
	assert_true(key_parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=", KEY_TEXT_LENGTH, key));
	assert_int_equal(key[31], 1);
}

/* RFC 7748, section 6.1: Alice's keys. */
static void public_keys_are_x25519(void **state)
{
	uint8_t private_key[CONFIG_KEY_BYTES], public_key[CONFIG_KEY_BYTES];
	char text[KEY_TEXT_LENGTH + 1];

	(void)state;
	assert_true(key_parse("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=", KEY_TEXT_LENGTH, private_key));
	assert_true(key_public(private_key, public_key));
	key_format(public_key, text);
	assert_string_equal(text, "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
}

static void made_keys_are_clamped_and_differ(void **state)
{
	uint8_t first[CONFIG_KEY_BYTES], second[CONFIG_KEY_BYTES];

	(void)state;
	assert_true(key_make_private(first) && key_make_private(second));
	assert_memory_not_equal(first, second, sizeof(first));
	assert_int_equal(first[0] & 7, 0);
	assert_int_equal(first[31] & 0xc0, 0x40);
}

/* A small world: addresses 10.0.0.0 to 10.0.0.15, and some that are longer. */
static struct config_prefix random_prefix(bool ipv6)
{
	struct config_prefix prefix = {.address.ipv6 = ipv6};
	unsigned int bits = ipv6 ? 128 : 32;

	prefix.address.bytes[0] = 10;
	prefix.address.bytes[bits / 8 - 1] = (uint8_t)(rand() % 16);
	prefix.length = (uint8_t)(rand() % 20 == 0 ? rand() % (int)bits : (int)bits - rand() % 5);
	return prefix_network(&prefix);
}

static int by_prefix(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static size_t make_table(struct config_prefix *table, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		table[i] = random_prefix(rand() % 4 == 0);
	qsort(table, count, sizeof(table[0]), by_prefix);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || prefix_compare(&table[i], &table[kept - 1]) != 0)
			table[kept++] = table[i];
	return kept;
}

static void sorted_prefixes_are_searched(void **state)
{
	struct config_prefix table[12];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t count = make_table(table, (size_t)rand() % COUNT(table));
		const struct prefixes prefixes = {table, count, sizeof(table[0])};
		struct config_prefix wanted = random_prefix(rand() % 4 == 0);
		const struct config_prefix *longest = NULL;
		bool overlaps = false;

		for (size_t i = 0; i < count; i++) {
			if (prefix_contains(&table[i], &wanted) &&
			    (!longest || table[i].length > longest->length))
				longest = &table[i];
			overlaps |=
			    prefix_contains(&table[i], &wanted) || prefix_contains(&wanted, &table[i]);
		}
		assert_ptr_equal(prefixes_cover(&prefixes, &wanted), longest);
		assert_int_equal(prefixes_overlap(&prefixes, &wanted), overlaps);
	}
}

static void lines_become_entries(void **state)
{
	static const char text[] =
	    "\xef\xbb\xbf# first\r\n [INTERFACE] \r\n\tMTU\t=  1420 # why\r\n\n[Peer]\nAllowedIPs=\n"
	    "Endpoint = a = b\n[peer]";
	struct diagnostics *d = diagnostics_create();
	struct wg_quick conf;
	const struct wg_quick_entry *mtu, *endpoint;

	(void)state;
	diagnostics_source(d, "test", text, strlen(text));
	assert_true(wg_quick_parse(&conf, text, strlen(text), 0, d));
	assert_int_equal(conf.section_count, 3);
	assert_int_equal(conf.peer_count, 2);
	mtu = wg_quick_find(&conf.sections[0], "mtu");
	assert_int_equal(mtu->length, 4);
	assert_memory_equal(mtu->value, "1420", 4);
	assert_int_equal(mtu->place.line, 3);
	assert_int_equal(mtu->place.column, 9);
	assert_int_equal(wg_quick_find(&conf.sections[1], "AllowedIPs")->length, 0);
	endpoint = wg_quick_find(&conf.sections[1], "Endpoint");
	assert_memory_equal(endpoint->value, "a = b", endpoint->length);
	assert_null(wg_quick_find(&conf.sections[2], "Endpoint"));
	wg_quick_free(&conf);
	diagnostics_destroy(d);
}

static void secrets_move_and_go(void **state)
{
	struct config_secrets secrets = {0};

	(void)state;
	secrets_reserve(&secrets, 1, 3);
	memset(secrets.private_keys[0], 7, CONFIG_KEY_BYTES);
	memset(secrets.preshared_keys[2], 9, CONFIG_KEY_BYTES);
	secrets_reserve(&secrets, 2, 1000);
	assert_int_equal(secrets.private_keys[0][31], 7);
	assert_int_equal(secrets.private_keys[1][0], 0);
	assert_int_equal(secrets.preshared_keys[2][0], 9);
	assert_int_equal(secrets.preshared_keys[999][31], 0);
	secrets_free(&secrets);
	assert_null(secrets.private_keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_base64),
	    cmocka_unit_test(wrong_keys_are_refused),
	    cmocka_unit_test(public_keys_are_x25519),
	    cmocka_unit_test(made_keys_are_clamped_and_differ),
	    cmocka_unit_test(sorted_prefixes_are_searched),
	    cmocka_unit_test(lines_become_entries),
	    cmocka_unit_test(secrets_move_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
