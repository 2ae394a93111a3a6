/* SPDX-License-Identifier: Apache-2.0
 *
 * images/live.c: what is drawn of an appliance with many rules on terminals of every height.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "images/live.h"

enum { RULES = 300, ROWS_MAX = 80 };

static struct image image = {.path = "gw.elf"};
static struct launch launch = {.image = &image};
static struct instance instance = {.launch = &launch, .accelerator = ACCELERATOR_KVM};
static struct rule_stats rules[RULES + 1];
static struct counters counters = {.rules = rules, .rule_count = RULES + 1};
static struct live live;
static char *drawn;

static int read_config(void **state)
{
	char *text;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	struct diagnostics *diagnostics = diagnostics_create();

	(void)state;
	fputs("name: many\nports:\n  lan: { addresses: [10.0.0.1/24] }\n"
	      "  wan: { addresses: [192.0.2.2/30], gateway: 192.0.2.1 }\n"
	      "chain: [firewall, router]\nfirewall:\n  default: drop\n  rules:\n",
	      stream);
	for (int i = 0; i < RULES; i++)
		fprintf(stream, "    - { accept: any, proto: tcp, port: %d, name: web-%d }\n", 1000 + i, i);
	fputs("router: {}\n", stream);
	fclose(stream);
	image.config = config_parse(text, length, "test", diagnostics);
	diagnostics_print(diagnostics, stderr, false);
	diagnostics_destroy(diagnostics);
	free(text);
	return image.config ? 0 : -1;
}

static int free_config(void **state)
{
	(void)state;
	config_free(image.config);
	free(drawn);
	return 0;
}

static void draw(int rows)
{
	struct report report = {.instance = &instance, .counters = &counters, .elapsed_ns = 3661000000000};
	size_t length;
	FILE *stream;

	free(drawn);
	drawn = NULL;
	stream = open_memstream(&drawn, &length);
	live_draw(&live, &report, stream, rows);
	fclose(stream);
}

static int lines_drawn(void)
{
	int lines = 1;

	for (const char *at = drawn; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	return lines;
}

static void shows(const char *text)
{
	if (!strstr(drawn, text))
		fail_msg("'%s' is not in:\n%s", text, drawn);
}

/* One second: a thousand packets of 100 bytes in on lan, half of them out on wan. */
static void sample(uint32_t used_rules, uint32_t used_reasons)
{
	struct stats_page *page = &counters.page;

	memset(rules, 0, sizeof(rules));
	live = (struct live){0};
	*page = (struct stats_page){.ports = 2};
	page->port[0].link_up = 1;
	counters.progress.tsc_hz = 1000000;
	live_sample(&live, &counters, 5000000000);
	page->port[0].rx_packets = 1000;
	page->port[0].rx_bytes = 100000;
	page->port[1].tx_packets = 500;
	page->busy_cycles = 250000;
	for (uint32_t i = 0; i < used_rules; i++)
		rules[i].packets = i + 1;
	for (uint32_t i = 0; i < used_reasons; i++)
		page->dropped[i] = i + 1;
	live_sample(&live, &counters, 6000000000);
}

static void fits_every_height(void **state)
{
	static const uint32_t used[][2] = {
	    {0, 0}, {10, 0}, {10, 5}, {RULES + 1, 0}, {RULES + 1, DROP_REASON_COUNT}};

	(void)state;
	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		sample(used[i][0], used[i][1]);
		for (int rows = 6; rows <= ROWS_MAX; rows++) {
			draw(rows);
			assert_in_range(lines_drawn(), 1, rows);
			shows("many on KVM, up 1:01:01");
			shows("\r\nlan ");
			shows("\r\nwan ");
		}
		draw(0);
		assert_in_range(lines_drawn(), 1, 4);
	}
}

static void rates_are_those_of_the_last_second(void **state)
{
	(void)state;
	sample(0, 0);
	draw(24);
	shows("25.0 % busy, 250 cycles/packet");
	shows("lan               1.00 k     800 k        0         0        1,000            0");
	shows("no link");
	live_sample(&live, &counters, 7000000000);
	draw(24);
	shows("lan                    0         0        0         0        1,000            0");
}

static const struct fold_row {
	uint32_t rules, reasons;
	int rows;
	const char *says;
} fold_rows[] = {
    {0, 0, 24, "\r\n301 rules without packets"},
    {1, 0, 24, "\r\nand 300 rules without packets"},
    {RULES, 0, 60, "rules with fewer packets, 1 without"},
    {10, 0, 24, "\r\nweb-9  "},
    {300, 0, 24, "\r\nweb-299  "},
    {300, 20, 24, "reasons with fewer packets"},
    {0, 3, 24, "shorter than its Ethernet header"},
};

static void what_does_not_fit_is_folded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fold_rows) / sizeof(fold_rows[0]); i++) {
		sample(fold_rows[i].rules, fold_rows[i].reasons);
		draw(fold_rows[i].rows);
		shows(fold_rows[i].says);
	}
}

static void limits_are_told(void **state)
{
	(void)state;
	sample(0, 0);
	counters.page.log_suppressed = 21;
	counters.page.errors_suppressed = 1;
	draw(24);
	shows("21 log lines not written: more than 10/s");
	shows("1 ICMP error not sent: more than 100/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fits_every_height),
	    cmocka_unit_test(rates_are_those_of_the_last_second),
	    cmocka_unit_test(what_does_not_fit_is_folded),
	    cmocka_unit_test(limits_are_told),
	};

	return cmocka_run_group_tests_name("live", tests, read_config, free_config);
}
