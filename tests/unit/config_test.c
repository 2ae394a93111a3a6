/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the configuration compiler: addresses, suggestions, the search for rules that can never match
 * (against an oracle that tries every packet of a small world), large inputs. What it says to people is in
 * tests/config.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config/address.h"
#include "config/config.h"
#include "config/mapping.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct config_prefix prefix(const char *text)
{
	struct config_prefix result = {.length = 0};
	char address[ADDRESS_TEXT_MAX];
	const char *slash = strchr(text, '/');

	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	assert_true(address_parse(address, &result.address));
	result.length = (uint8_t)atoi(slash + 1);
	return result;
}

static void prefixes_contain(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool contains;
	} rows[] = {
	    {"0.0.0.0/0", "255.255.255.255/32", true},
	    {"0.0.0.0/0", "::/0", false},
	    {"::/0", "0.0.0.0/0", false},
	    {"10.0.0.0/8", "10.255.0.0/16", true},
	    {"10.255.0.0/16", "10.0.0.0/8", false},
	    {"10.0.0.1/24", "10.0.0.200/32", true},
	    {"10.0.0.1/24", "10.0.1.0/32", false},
	    {"192.0.2.0/31", "192.0.2.1/32", true},
	    {"192.0.2.0/31", "192.0.2.2/32", false},
	    {"192.0.2.1/32", "192.0.2.1/32", true},
	    {"2001:db8::/29", "2001:dbf:ffff::/48", true},
	    {"2001:db8::/29", "2001:dc0::/48", false},
	    {"fd00::1/128", "fd00::1/128", true},
	    {"fd00::/127", "fd00::2/128", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config_prefix outer = prefix(rows[i].outer), inner = prefix(rows[i].inner);

		if (prefix_contains(&outer, &inner) != rows[i].contains)
			fail_msg("%s in %s", rows[i].inner, rows[i].outer);
	}
}

static void addresses_are_strict(void **state)
{
	static const char *const bad[] = {
	    "",	 "1",	"1.2.3",   "1.2.3.4.5", "1.2.3.256", "01.2.3.4",  "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4",
	    ":", ":::", "1::2::3", "fe80::1%0", "12345::",   "1.2.3.4/8", "::1/128",  "localhost"};
	struct config_address address;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (address_parse(bad[i], &address))
			fail_msg("`%s` was taken for an address", bad[i]);
}

static void words_are_suggested(void **state)
{
	static const char *const words[] = {"accept", "drop", "reject", "destination", "to"};
	static const struct {
		const char *text, *meant;
	} rows[] = {
	    {"accpet", "accept"},
	    {"dorp", "drop"},
	    {"destinaton", "destination"},
	    {"destnation", "destination"},
	    {"too", "to"},
	    {"colour", NULL},
	    {"x", NULL},
	    {"", NULL},
	    {"rejects", "reject"},
	    {"a-word-that-is-longer-than-any-key-there-could-be", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *found = closest_word(rows[i].text, words, COUNT(words));

		if (found != rows[i].meant && (!found || !rows[i].meant || strcmp(found, rows[i].meant) != 0))
			fail_msg("`%s` suggests %s", rows[i].text, found ? found : "nothing");
	}
}

/* Compiles text that must be good and returns what was said about it, which the caller frees. */
static struct config *compile(const char *text, size_t length, char **said)
{
	struct diagnostics *d = diagnostics_create();
	struct config *config = config_parse(text, length, "test", d);
	size_t said_length;
	FILE *out = open_memstream(said, &said_length);

	diagnostics_print(d, out, false);
	fclose(out);
	diagnostics_destroy(d);
	if (!config)
		fail_msg("%s\n%s", text, *said);
	return config;
}

/* A packet of the small world that the oracle walks: two ports, 10.0.0.0-7, ports 0-7. */
struct packet {
	uint8_t in_port, protocol, source, flags;
	uint16_t port;
	bool later_fragment;
};

static bool matches(const struct config_match *match, const struct packet *packet)
{
	struct config_address source = {.bytes = {10, 0, 0, packet->source}};

	if (match->ipv6 || (match->needs_l4 && packet->later_fragment))
		return false;
	return ((match->protocol ^ packet->protocol) & match->protocol_mask) == 0 &&
	       ((match->in_port ^ packet->in_port) & match->in_port_mask) == 0 &&
	       ((match->tcp_flags ^ packet->flags) & match->tcp_flags_mask) == 0 &&
	       (!match->needs_l4 || (match->destination_port.low <= packet->port &&
				     packet->port <= match->destination_port.high)) &&
	       prefix_contains_address(&match->source, &source);
}

/* Marks each rule that sees the packet: those that log, up to the one that ends its way. */
static void mark_seen(const struct config *config, const struct packet *packet, bool *seen)
{
	for (size_t i = 0; i < config->match_count; i++) {
		const struct config_match *match = &config->matches[i];

		if (!matches(match, packet))
			continue;
		seen[match->rule] = true;
		if (config->rules[match->rule].action != CONFIG_LOG)
			return;
	}
}

static void try_all_packets(const struct config *config, bool *seen)
{
	static const uint8_t protocols[] = {6, 17, 1};

	for (unsigned int i = 0; i < 2 * 3 * 8 * 4 * 8 * 2; i++) {
		struct packet packet = {
		    .in_port = i % 2,
		    .protocol = protocols[i / 2 % 3],
		    .source = i / 6 % 8,
		    .flags = (uint8_t)((i / 48 % 2) << 1 | (i / 96 % 2) << 4),
		    .port = i / 192 % 8,
		    .later_fragment = i / 1536 % 2,
		};

		mark_seen(config, &packet, seen);
	}
}

enum { WORLD_RULES = 12 };

static void write_random_rule(FILE *out)
{
	static const char *const actions[] = {"accept", "drop", "reject", "log"};
	static const char *const kinds[] = {"",
					    ", proto: udp",
					    ", proto: tcp",
					    ", proto: tcp, flags: [syn]",
					    ", proto: tcp, flags: [syn, \"!ack\"]",
					    ", proto: [tcp, udp]"};
	int kind = rand() % 6, length = 29 + rand() % 4, low = rand() % 8;

	fprintf(out, "    - { %s: any%s", actions[rand() % 4], kinds[kind]);
	if (rand() % 2)
		fprintf(out, ", source: 10.0.0.%d/%d", rand() % 8 & -(1 << (32 - length)), length);
	if (kind && rand() % 2)
		fprintf(out, ", port: [%d-%d, %d]", low, low + rand() % (8 - low), rand() % 8);
	if (rand() % 3 == 0)
		fprintf(out, ", from: %s", rand() % 2 ? "lan" : "wan");
	fputs(" }\n", out);
}

static void shadowed_rules_see_no_packet(void **state)
{
	unsigned int warnings = 0;

	(void)state;
	srand(4711);
	for (int round = 0; round < 200; round++) {
		bool seen[WORLD_RULES + 1] = {false};
		char *text, *said;
		size_t length;
		FILE *out = open_memstream(&text, &length);
		struct config *config;

		fputs("name: t\nports: { lan: { addresses: [10.0.0.1/24] }, wan: { addresses: [10.0.1.1/24] "
		      "} }\n"
		      "chain: [firewall, router]\nfirewall:\n  rules:\n",
		      out);
		for (int i = 0; i < WORLD_RULES; i++)
			write_random_rule(out);
		fclose(out);
		config = compile(text, length, &said);
		try_all_packets(config, seen);
		for (unsigned int i = 0; i < WORLD_RULES; i++) {
			char warning[64];

			snprintf(warning, sizeof(warning), "rule `rule-%u` can never match", i + 1);
			if (!strstr(said, warning))
				continue;
			warnings++;
			if (seen[i])
				fail_msg("rule %u sees a packet, yet:\n%s\n%s", i + 1, said, text);
		}
		config_free(config);
		free(text);
		free(said);
	}
	assert_true(warnings > 200); /* else the test has tested nothing */
}

static void large_inputs_compile(void **state)
{
	enum { RULES = 10000, ROUTES = 20000 };
	char *text, *said;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct config *config;

	(void)state;
	fputs("name: t\nports: { lan: { addresses: [10.0.0.1/24] } }\nchain: [firewall, router]\nrouter:\n  "
	      "routes:\n",
	      out);
	for (int i = 0; i < ROUTES; i++)
		fprintf(out, "    - { to: 20.%d.%d.0/24, via: 10.0.0.2 }\n", i / 256, i % 256);
	fputs("firewall:\n  rules:\n", out);
	for (int i = 0; i < RULES; i++)
		fprintf(out, "    - { accept: any, proto: tcp, port: [%d, %d] }\n", i * 2, i * 2 + 1);
	fclose(out);
	config = compile(text, length, &said);
	assert_string_equal(said, "");
	assert_int_equal(config->rule_count, RULES + 1);
	assert_int_equal(config->match_count, 4 * RULES);
	assert_int_equal(config->route_count, ROUTES);
	assert_true(config->memory >= 96 << 20 && config->memory % (8 << 20) == 0);
	config_free(config);
	free(text);
	free(said);
}

static void terminals_are_safe(void **state)
{
	static const char text[] = "name: \"a\" # \033]0;title\007 \xc2\x9b"
				   "31m\nports: \033[31m\n";
	struct diagnostics *d = diagnostics_create();
	char *said;
	size_t length;
	FILE *out = open_memstream(&said, &length);

	(void)state;
	assert_null(config_parse(text, sizeof(text) - 1, "a\033[1mb", d));
	diagnostics_print(d, out, false);
	fclose(out);
	assert_true(diagnostics_errors(d) > 0);
	for (size_t i = 0; i < length; i++)
		assert_true(said[i] == '\n' ||
			    ((unsigned char)said[i] >= 0x20 && (unsigned char)said[i] != 0x9b));
	free(said);
	diagnostics_destroy(d);
}

static void files_that_are_not_there(void **state)
{
	static const char *const paths[] = {"/nonexistent/x.yaml", "/"};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct diagnostics *d = diagnostics_create();

		assert_null(config_load(paths[i], d));
		assert_int_equal(diagnostics_errors(d), 1);
		diagnostics_destroy(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prefixes_contain),		cmocka_unit_test(addresses_are_strict),
	    cmocka_unit_test(words_are_suggested),	cmocka_unit_test(shadowed_rules_see_no_packet),
	    cmocka_unit_test(large_inputs_compile),	cmocka_unit_test(terminals_are_safe),
	    cmocka_unit_test(files_that_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
