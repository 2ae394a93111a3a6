/* SPDX-License-Identifier: Apache-2.0
 *
 * images/tunnel_*.c and live_tunnels.c: peers out of memory that anybody may have written, in order, as `wg
 * show` has them, in tables, on a screen of every height, and as JSON.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "images/live.h"
#include "images/tunnel_list.h"

#define NOW	  UINT64_C(1700000000)
#define SECOND_NS UINT64_C(1000000000)

enum { PEERS = 5, BASE = 0x400000 };

static struct wireguard_peer_stats records[PEERS];
static struct stats_page page;
static struct counters_memory memory;
static struct config *config;
static struct tunnel_list list;
static char *said;

static const char yaml[] =
    "name: gw\n"
    "ports:\n"
    "  wan: { addresses: [192.0.2.2/30], gateway: 192.0.2.1 }\n"
    "chain: [router, vpn]\n"
    "vpn:\n"
    "  wg0:\n"
    "    addresses: [10.8.0.1/24]\n"
    "    wireguard:\n"
    "      private-key: wg0.key\n"
    "      public-key: \"n2zGbi6H7rTRAZUcNS+w9Kc/N9rSyBpaVjIt0FPXMCI=\"\n"
    "      listen: 51820\n"
    "      peers:\n"
    "        desk: { public-key: \"KGNdjesBseAV3LjgeJSsws8aw5f7ryYVxEtEv9h6Kmo=\", allowed: 10.8.0.2 }\n"
    "        laptop: { public-key: \"oOFgfyungEG7ltnXkZv1PYIXYexEG46xAmh7bmO1p0Y=\",\n"
    "          preshared-key: laptop.psk, allowed: [10.8.0.3, \"2001:db8:8::3/128\"], keepalive: 25 }\n"
    "        spare: { public-key: \"9q9Jsnc1TgyjFgHlEBtaJuA5cmQBqtg2iuLFQrKJ7gY=\" }\n"
    "  wg1:\n"
    "    addresses: [10.9.0.1/24]\n"
    "    wireguard:\n"
    "      private-key: wg1.key\n"
    "      public-key: \"7DSCGtFvDk84bF5aRRgQBvOTtTnNq8yXTjRKLwGDrjs=\"\n"
    "      listen: 51821\n"
    "      peers:\n"
    "        site: { public-key: \"Y4TrnhdbbO1dCBkxrRbYPlnJ0ZPa8n3ATtD1MPPsMjY=\", allowed: 10.20.0.0/16 }\n"
    "        silent: { public-key: \"qUxLlDe3bNAdEfT8l5aMTnG0Yf8mQ0mzbIBYRRjYkxk=\", allowed: 10.21.0.0/16 "
    "}\n";

static int start(void **state)
{
	struct diagnostics *d = diagnostics_create();

	(void)state;
	memory = (struct counters_memory){
	    .bytes = (const uint8_t *)records, .size = sizeof(records), .base = BASE};
	page = (struct stats_page){
	    .ports = 3, .tunnel = {.peers = BASE, .peer_bytes = sizeof(records[0]), .peer_count = PEERS}};
	memset(records, 0, sizeof(records));
	records[0] = (struct wireguard_peer_stats){
	    .rx_bytes = 92,
	    .tx_bytes = 1023,
	    .handshakes = 1,
	    .last_handshake_ns = (NOW - 90061) * SECOND_NS,
	    .endpoint = {.address.ipv4 = 0xcb007105, .port = 40000, .family = 4}};
	records[1] = (struct wireguard_peer_stats){
	    .rx_packets = 7,
	    .rx_bytes = 1260,
	    .tx_packets = 9,
	    .tx_bytes = UINT64_C(5) << 20,
	    .handshakes = 3,
	    .last_handshake_ns = (NOW - 65) * SECOND_NS + 1,
	    .endpoint = {.address.ipv6 = {0x20, 1, 0xd, 0xb8, [15] = 7}, .port = 51820, .family = 6}};
	records[3] = (struct wireguard_peer_stats){.handshakes = 1};
	if (!config)
		config = config_parse(yaml, strlen(yaml), "test", d);
	diagnostics_print(d, stderr, false);
	diagnostics_destroy(d);
	return config ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	tunnel_list_free(&list);
	free(said);
	said = NULL;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

static bool read_list(const struct config_tunnel *only)
{
	return tunnel_list_read(&list, &memory, &page, config, only, NOW * SECOND_NS);
}

static void print_list(const struct config_tunnel *only)
{
	size_t length;
	FILE *stream = open_memstream(&said, &length);

	assert_true(read_list(only));
	tunnel_list_print(&list, config, only, stream);
	fclose(stream);
}

static void shows_what_wg_shows(void **state)
{
	(void)state;
	print_list(NULL);
	assert_string_equal(said, "interface: wg0\n"
				  "  public key: n2zGbi6H7rTRAZUcNS+w9Kc/N9rSyBpaVjIt0FPXMCI=\n"
				  "  private key: (hidden)\n"
				  "  listening port: 51820\n"
				  "\n"
				  "peer: oOFgfyungEG7ltnXkZv1PYIXYexEG46xAmh7bmO1p0Y=\n"
				  "  name: laptop\n"
				  "  preshared key: (hidden)\n"
				  "  endpoint: [2001:db8::7]:51820\n"
				  "  allowed ips: 10.8.0.3/32, 2001:db8:8::3/128\n"
				  "  latest handshake: 1 minute, 5 seconds ago\n"
				  "  transfer: 1.23 KiB received, 5.00 MiB sent\n"
				  "  persistent keepalive: every 25 seconds\n"
				  "\n"
				  "peer: KGNdjesBseAV3LjgeJSsws8aw5f7ryYVxEtEv9h6Kmo=\n"
				  "  name: desk\n"
				  "  endpoint: 203.0.113.5:40000\n"
				  "  allowed ips: 10.8.0.2/32\n"
				  "  latest handshake: 1 day, 1 hour, 1 minute, 1 second ago\n"
				  "  transfer: 92 B received, 1023 B sent\n"
				  "\n"
				  "peer: 9q9Jsnc1TgyjFgHlEBtaJuA5cmQBqtg2iuLFQrKJ7gY=\n"
				  "  name: spare\n"
				  "  allowed ips: (none)\n"
				  "\n"
				  "interface: wg1\n"
				  "  public key: 7DSCGtFvDk84bF5aRRgQBvOTtTnNq8yXTjRKLwGDrjs=\n"
				  "  private key: (hidden)\n"
				  "  listening port: 51821\n"
				  "\n"
				  "peer: Y4TrnhdbbO1dCBkxrRbYPlnJ0ZPa8n3ATtD1MPPsMjY=\n"
				  "  name: site\n"
				  "  allowed ips: 10.20.0.0/16\n"
				  "  latest handshake: (no clock)\n"
				  "\n"
				  "peer: qUxLlDe3bNAdEfT8l5aMTnG0Yf8mQ0mzbIBYRRjYkxk=\n"
				  "  name: silent\n"
				  "  allowed ips: 10.21.0.0/16\n");
}

static void one_tunnel_alone(void **state)
{
	(void)state;
	assert_null(tunnel_find(config, "wg2"));
	print_list(tunnel_find(config, "wg1"));
	assert_int_equal(list.count, 2);
	assert_ptr_equal(strstr(said, "interface: wg1\n"), said);
	assert_null(strstr(said, "wg0"));
	assert_null(strstr(said, "laptop"));
}

static const struct ago_row {
	uint64_t seconds;
	const char *text;
} ago_rows[] = {
    {0, "latest handshake: Now\n"},
    {1, "latest handshake: 1 second ago\n"},
    {59, "latest handshake: 59 seconds ago\n"},
    {60, "latest handshake: 1 minute ago\n"},
    {3601, "latest handshake: 1 hour, 1 second ago\n"},
    {31536000 + 172800, "latest handshake: 1 year, 2 days ago\n"},
    {NOW - 1, "latest handshake: 53 years, 330 days, 22 hours, 13 minutes, 19 seconds ago\n"},
    {UINT64_C(0) - 1, "latest handshake: Now\n"}, /* one second of difference between clocks is none */
    {UINT64_C(0) - 2, "latest handshake: (clocks disagree)\n"},
};

static void times_read_as_wg_has_them(void **state)
{
	for (size_t i = 0; i < sizeof(ago_rows) / sizeof(ago_rows[0]); i++) {
		records[0].last_handshake_ns = (NOW - ago_rows[i].seconds) * SECOND_NS;
		print_list(NULL);
		if (!strstr(said, ago_rows[i].text))
			fail_msg("row %zu: '%s' is not in:\n%s", i, ago_rows[i].text, said);
		clean(state);
	}
}

static const struct bytes_row {
	uint64_t bytes;
	const char *text;
} bytes_rows[] = {
    {1, "1 B received"},
    {1024, "1.00 KiB received"},
    {UINT64_C(1) << 30, "1.00 GiB received"},
    {UINT64_C(3) << 39, "1.50 TiB received"},
    {UINT64_MAX, "16777216.00 TiB received"},
};

static void bytes_read_as_wg_has_them(void **state)
{
	for (size_t i = 0; i < sizeof(bytes_rows) / sizeof(bytes_rows[0]); i++) {
		records[0].rx_bytes = bytes_rows[i].bytes;
		print_list(NULL);
		if (!strstr(said, bytes_rows[i].text))
			fail_msg("row %zu: '%s' is not in:\n%s", i, bytes_rows[i].text, said);
		clean(state);
	}
}

/* Every byte may be anything: it reads as something, and is in bounds. */
static void nonsense_is_no_endpoint(void **state)
{
	static const uint8_t fills[] = {0xff, 0x80, 5, 1};

	for (size_t i = 0; i < sizeof(fills); i++) {
		json_t *json;

		memset(records, fills[i], sizeof(records));
		print_list(NULL);
		assert_int_equal(list.count, PEERS);
		assert_null(strstr(said, "endpoint"));
		json = tunnel_list_json(&list, config, NULL);
		assert_non_null(json);
		json_decref(json);
		clean(state);
	}
}

static const struct lying_row {
	const char *name;
	uint64_t address, bytes, count;
} lying_rows[] = {
    {"beyond the memory", BASE + 64, sizeof(records[0]), PEERS},
    {"before the memory", BASE - 64, sizeof(records[0]), PEERS},
    {"nowhere", 0, sizeof(records[0]), PEERS},
    {"an address that wraps", UINT64_MAX - 63, sizeof(records[0]), PEERS},
    {"records of another size", BASE, 64, PEERS},
    {"records of no size", BASE, 0, PEERS},
    {"fewer than are configured", BASE, sizeof(records[0]), PEERS - 1},
    {"more than are configured", BASE, sizeof(records[0]), PEERS + 1},
    {"a count that wraps", BASE, sizeof(records[0]), UINT64_MAX / sizeof(records[0]) + 2},
};

static void lying_tables_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lying_rows) / sizeof(lying_rows[0]); i++) {
		print_message("# %s\n", lying_rows[i].name);
		page.tunnel = (struct tunnel_stats){.peers = lying_rows[i].address,
						    .peer_bytes = lying_rows[i].bytes,
						    .peer_count = lying_rows[i].count};
		assert_false(read_list(NULL));
		assert_null(list.entries);
	}
}

/* Of a process, the records lie in a region behind the counters' section. */
static void a_region_of_a_process(void **state)
{
	static uint8_t file[2 * 4096];

	(void)state;
	memcpy(file + 4096, records, sizeof(records));
	memory = (struct counters_memory){
	    .bytes = file, .size = sizeof(file), .base = 0x200000, .section_bytes = 4096};
	page.tunnel.peers = 0x7f0000000000;
	page.shared[0] = (struct shared_region){0x7f0000000000, 4096};
	assert_true(read_list(NULL));
	assert_string_equal(list.entries[0].peer->name, "laptop");
	assert_int_equal(list.entries[0].stats.rx_bytes, 1260);
	tunnel_list_free(&list);
	page.shared[0].bytes = sizeof(records) - 1;
	assert_false(read_list(NULL));
}

static json_t *get(json_t *json, const char *path)
{
	for (; json && *path; path += strcspn(path, ".") + (path[strcspn(path, ".")] == '.')) {
		char key[32] = "";

		memcpy(key, path, strcspn(path, "."));
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key))
					   : json_object_get(json, key);
	}
	return json;
}

static const struct json_row {
	const char *path, *text; /* text NULL: a number */
	json_int_t number;
} json_rows[] = {
    {"0.name", "wg0", 0},
    {"0.public_key", "n2zGbi6H7rTRAZUcNS+w9Kc/N9rSyBpaVjIt0FPXMCI=", 0},
    {"0.listen_port", NULL, 51820},
    {"0.peers.0.name", "laptop", 0},
    {"0.peers.0.public_key", "oOFgfyungEG7ltnXkZv1PYIXYexEG46xAmh7bmO1p0Y=", 0},
    {"0.peers.0.endpoint", "[2001:db8::7]:51820", 0},
    {"0.peers.0.allowed_ips.0", "10.8.0.3/32", 0},
    {"0.peers.0.allowed_ips.1", "2001:db8:8::3/128", 0},
    {"0.peers.0.last_handshake", NULL, NOW - 65},
    {"0.peers.0.handshakes", NULL, 3},
    {"0.peers.0.rx_bytes", NULL, 1260},
    {"0.peers.0.tx_bytes", NULL, 5 << 20},
    {"0.peers.0.rx_packets", NULL, 7},
    {"0.peers.0.tx_packets", NULL, 9},
    {"0.peers.0.persistent_keepalive", NULL, 25},
    {"0.peers.1.endpoint", "203.0.113.5:40000", 0},
    {"0.peers.2.last_handshake", NULL, 0},
    {"0.peers.2.persistent_keepalive", NULL, 0},
    {"1.peers.0.name", "site", 0},
    {"1.peers.0.last_handshake", NULL, 0},
    {"1.peers.0.handshakes", NULL, 1},
};

static void json_has_numbers(void **state)
{
	json_t *json;

	(void)state;
	assert_true(read_list(NULL));
	json = tunnel_list_json(&list, config, NULL);
	for (size_t i = 0; i < sizeof(json_rows) / sizeof(json_rows[0]); i++) {
		json_t *value = get(json, json_rows[i].path);

		if (json_rows[i].text && !json_is_string(value))
			fail_msg("%s is no text", json_rows[i].path);
		if (!json_rows[i].text && !json_is_integer(value))
			fail_msg("%s is no number", json_rows[i].path);
		if (json_rows[i].text)
			assert_string_equal(json_string_value(value), json_rows[i].text);
		else
			assert_int_equal(json_integer_value(value), json_rows[i].number);
	}
	assert_true(json_is_null(get(json, "0.peers.2.endpoint")));
	assert_int_equal(json_array_size(get(json, "0.peers.2.allowed_ips")), 0);
	assert_int_equal(json_array_size(get(json, "1.peers")), 2);
	json_decref(json);
	json = tunnel_list_json(&list, config, tunnel_find(config, "wg1"));
	assert_int_equal(json_array_size(json), 1);
	json_decref(json);
}

/* The live view */

static struct image image = {.path = "gw.elf"};
static struct launch launch = {.image = &image};
static struct instance instance = {.launch = &launch, .accelerator = ACCELERATOR_KVM};
static struct rule_stats rules[1];
static struct counters counters = {.rules = rules, .rule_count = 1};

static void draw(int rows)
{
	struct report report = {.instance = &instance, .counters = &counters, .tunnels = &list};
	static struct live live;
	size_t length;
	FILE *stream = open_memstream(&said, &length);

	image.config = config;
	counters.page = page;
	counters.page.port[0].link_up = 1;
	live_sample(&live, &counters, SECOND_NS);
	live_draw(&live, &report, stream, rows);
	fclose(stream);
}

static void shows(const char *text)
{
	if (!strstr(said, text))
		fail_msg("'%s' is not in:\n%s", text, said);
}

static void the_screen_has_a_line_a_peer(void **state)
{
	(void)state;
	assert_true(read_list(NULL));
	draw(40);
	shows("\r\ninterface wg0, listening port 51820, public key "
	      "n2zGbi6H7rTRAZUcNS+w9Kc/N9rSyBpaVjIt0FPXMCI=\033[K"
	      "\r\ninterface wg1, listening port 51821, public key "
	      "7DSCGtFvDk84bF5aRRgQBvOTtTnNq8yXTjRKLwGDrjs=\033[K"
	      "\r\npeer        endpoint             latest handshake              received        sent "
	      "keepalive  "
	      "allowed ips\033[K"
	      "\r\nwg0/laptop  [2001:db8::7]:51820  1 minute, 5 seconds ago       1.23 KiB    5.00 MiB      "
	      "25 s  "
	      "10.8.0.3/32, 2001:db8:8::3/128\033[K"
	      "\r\nwg0/desk    203.0.113.5:40000    1 day, 1 hour ago                 92 B      1023 B       "
	      "off  "
	      "10.8.0.2/32\033[K"
	      "\r\nwg0/spare   (none)               (none)                             0 B         0 B       "
	      "off  "
	      "(none)\033[K"
	      "\r\nwg1/site    (none)               (no clock)                         0 B         0 B       "
	      "off  "
	      "10.20.0.0/16\033[K");
	shows("\r\nwg0                    0         0        0         0            0            0");
	assert_null(strstr(said, "no link"));
}

static void the_screen_is_not_overdrawn(void **state)
{
	for (int rows = 1; rows < 30; rows++) {
		int lines = 1;

		assert_true(read_list(NULL));
		draw(rows);
		for (const char *at = said; (at = strchr(at, '\n')) != NULL; at++)
			lines++;
		assert_in_range(lines, 1, rows < 4 ? 4 : rows);
		if (rows == 14)
			shows("\r\nwg0/laptop ");
		if (rows == 14)
			shows("\r\nand 3 peers with no later handshake");
		clean(state);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(shows_what_wg_shows, start, clean),
	    cmocka_unit_test_setup_teardown(one_tunnel_alone, start, clean),
	    cmocka_unit_test_setup_teardown(times_read_as_wg_has_them, start, clean),
	    cmocka_unit_test_setup_teardown(bytes_read_as_wg_has_them, start, clean),
	    cmocka_unit_test_setup_teardown(nonsense_is_no_endpoint, start, clean),
	    cmocka_unit_test_setup_teardown(lying_tables_are_refused, start, clean),
	    cmocka_unit_test_setup_teardown(a_region_of_a_process, start, clean),
	    cmocka_unit_test_setup_teardown(json_has_numbers, start, clean),
	    cmocka_unit_test_setup_teardown(the_screen_has_a_line_a_peer, start, clean),
	    cmocka_unit_test_setup_teardown(the_screen_is_not_overdrawn, start, clean),
	};

	return cmocka_run_group_tests_name("tunnel_list", tests, NULL, stop);
}
