/* SPDX-License-Identifier: Apache-2.0
 *
 * images/flow_list.c: flows out of memory that anybody may have written, in order, by filters, and as text.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config/address.h"
#include "images/flow_list.h"
#include "images/live_flows.h"

enum { RECORDS = 8, BASE = 0x400000, PORTS = 2 };

static struct flow_record records[RECORDS + 1];
static struct stats_page page;
static struct counters_memory memory;
static struct config *config;

static const char yaml[] =
    "name: gw\nflows: 100\nports:\n  lan: { addresses: [10.0.0.1/24] }\n"
    "  wan: { addresses: [192.0.2.1/24] }\nchain: [firewall, nat, router]\n"
    "firewall: { rules: [{ accept: established }, { accept: new, from: lan, name: office }] }\n"
    "nat: { masquerade: wan }\n";

static void add_record(uint32_t number, uint8_t protocol, uint8_t state, const char *source, uint16_t port,
		       uint64_t bytes)
{
	struct flow_record *record = &records[number];

	*record = (struct flow_record){
	    .tuple = {{.source = inet_addr(source),
		       .destination = inet_addr("203.0.113.7"),
		       .source_port = htons(port),
		       .destination_port = htons(443),
		       .protocol = protocol},
		      {.source = inet_addr("203.0.113.7"),
		       .destination = inet_addr("192.0.2.1"),
		       .source_port = htons(443),
		       .destination_port = htons(40000 + number),
		       .protocol = protocol,
		       .zone = 1}},
	    .state = state,
	    .flags = FLOW_SEEN_REPLY | FLOW_TRANSLATED,
	    .first_rule = 1,
	    .seen = 2000,
	    .created = 1000 - number,
	    .packets = {number, 2},
	    .bytes = {bytes, 1},
	};
}

static int start(void **state)
{
	struct diagnostics *d = diagnostics_create();

	(void)state;
	memory = (struct counters_memory){
	    .bytes = (const uint8_t *)records, .size = sizeof(records), .base = BASE};
	page = (struct stats_page){.ports = PORTS,
				   .now_ns = (uint64_t)3000 << FLOW_TICK_SHIFT,
				   .flow = {.records = BASE,
					    .record_bytes = sizeof(struct flow_record),
					    .capacity = RECORDS,
					    .used = RECORDS}};
	memset(records, 0, sizeof(records));
	add_record(1, IPPROTO_TCP, FLOW_TCP_ESTABLISHED, "10.0.0.7", 1111, 500);
	add_record(2, IPPROTO_UDP, FLOW_UDP_NEW, "10.0.0.8", 2222, 900);
	add_record(4, IPPROTO_TCP, FLOW_TCP_TIME_WAIT, "10.0.1.9", 3333, 100);
	if (!config)
		config = config_parse(yaml, strlen(yaml), "test", d);
	diagnostics_destroy(d);
	return config ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

static const struct flow_filter any = {.protocol = -1, .port = -1};

static struct flow_filter by_network(const char *text)
{
	struct flow_filter filter = any;

	filter.by_address = prefix_parse(text, &filter.address);
	assert_true(filter.by_address);
	return filter;
}

static void orders_and_filters(void **state)
{
	static const struct {
		const char *name;
		int protocol, port;
		const char *state_name, *network;
		enum flow_order order;
		size_t most;
		uint32_t expected[4];
		size_t total;
	} rows[] = {
	    {"by bytes", -1, -1, NULL, NULL, ORDER_BYTES, 0, {2, 1, 4}, 3},
	    {"by packets", -1, -1, NULL, NULL, ORDER_PACKETS, 0, {4, 2, 1}, 3},
	    {"by age", -1, -1, NULL, NULL, ORDER_AGE, 0, {4, 2, 1}, 3},
	    {"the first two", -1, -1, NULL, NULL, ORDER_BYTES, 2, {2, 1}, 3},
	    {"a protocol", IPPROTO_TCP, -1, NULL, NULL, ORDER_BYTES, 0, {1, 4}, 2},
	    {"a state", -1, -1, "time-wait", NULL, ORDER_BYTES, 0, {4}, 1},
	    {"a port before translation", -1, 2222, NULL, NULL, ORDER_BYTES, 0, {2}, 1},
	    {"a port after translation", -1, 40004, NULL, NULL, ORDER_BYTES, 0, {4}, 1},
	    {"a network", -1, -1, NULL, "10.0.0.0/24", ORDER_BYTES, 0, {2, 1}, 2},
	    {"an address after translation", -1, -1, NULL, "192.0.2.1", ORDER_BYTES, 0, {2, 1, 4}, 3},
	    {"nothing", -1, -1, NULL, "2001:db8::/32", ORDER_BYTES, 0, {0}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_filter filter = rows[i].network ? by_network(rows[i].network) : any;
		struct flow_list list;

		print_message("# %s\n", rows[i].name);
		filter.protocol = rows[i].protocol;
		filter.port = rows[i].port;
		filter.state = rows[i].state_name;
		assert_true(flow_list_read(&list, &memory, &page, &filter, rows[i].order, rows[i].most));
		assert_int_equal(list.total, rows[i].total);
		assert_int_equal(list.count,
				 rows[i].most && rows[i].most < rows[i].total ? rows[i].most : rows[i].total);
		for (size_t j = 0; j < list.count; j++)
			assert_int_equal(list.entries[j].number, rows[i].expected[j]);
		flow_list_free(&list);
	}
}

/* What no record of ours says is left out; a table that can't be is refused. */
static void nonsense_is_left_out(void **state)
{
	struct flow_list list;

	(void)state;
	records[1].state = FLOW_STATE_COUNT;
	records[2].tuple[1].zone = PORTS;
	records[4].tuple[0].ipv6 = 2;
	assert_true(flow_list_read(&list, &memory, &page, &any, ORDER_BYTES, 0));
	assert_int_equal(list.total, 0);
	flow_list_free(&list);
}

static void lying_tables_are_refused(void **state)
{
	static const struct {
		const char *name;
		uint64_t address, bytes, capacity, used;
	} rows[] = {
	    {"beyond the memory", BASE + 64, sizeof(struct flow_record), RECORDS, RECORDS},
	    {"before the memory", BASE - 64, sizeof(struct flow_record), RECORDS, RECORDS},
	    {"an address that wraps", UINT64_MAX - 100, sizeof(struct flow_record), RECORDS, RECORDS},
	    {"records of another size", BASE, 128, RECORDS, RECORDS},
	    {"more used than there are", BASE, sizeof(struct flow_record), RECORDS, RECORDS + 1},
	    {"as many as no memory has", BASE, sizeof(struct flow_record), UINT64_MAX, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_list list;

		print_message("# %s\n", rows[i].name);
		page.flow.records = rows[i].address;
		page.flow.record_bytes = rows[i].bytes;
		page.flow.capacity = rows[i].capacity;
		page.flow.used = rows[i].used;
		assert_false(flow_list_read(&list, &memory, &page, &any, ORDER_BYTES, 0));
	}
}

static void lines_and_json(void **state)
{
	struct flow_list list;
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	json_t *json;

	(void)state;
	assert_true(flow_list_read(&list, &memory, &page, &any, ORDER_BYTES, 2));
	flow_list_print(&list, config, stream);
	fclose(stream);
	assert_non_null(strstr(text, "udp    new          10.0.0.8:2222 > 203.0.113.7:443  192.0.2.1:40002 > "
				     "203.0.113.7:443"));
	assert_non_null(strstr(text, "office\n"));
	assert_non_null(strstr(text, "and 1 more\n"));
	free(text);
	json = flow_list_json(&list, config);
	assert_int_equal(json_array_size(json), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 1), "state")),
			    "established");
	json_decref(json);
	flow_list_free(&list);
}

/* Of a process, the records lie in a region behind the counters' section. */
static void a_region_of_a_process(void **state)
{
	static uint8_t file[4096 + sizeof(records)];
	const struct counters_memory process = {
	    .bytes = file, .size = sizeof(file), .base = 0x200000, .section_bytes = 4096};
	struct flow_list list;

	(void)state;
	memcpy(file + 4096, records, sizeof(records));
	page.flow.records = 0x7f0000000000;
	page.shared[0] = (struct shared_region){0x7f0000000000, sizeof(records)};
	assert_true(flow_list_read(&list, &process, &page, &any, ORDER_BYTES, 0));
	assert_int_equal(list.total, 3);
	flow_list_free(&list);
	page.shared[0].bytes = UINT64_MAX;
	assert_false(flow_list_read(&list, &process, &page, &any, ORDER_BYTES, 0));
}

static void talkers_are_those_of_the_last_second(void **state)
{
	static struct live_flows live;

	(void)state;
	live_flows_look(&live, &memory, &page, 1000000000);
	assert_int_equal(live.talker_count, 0);
	records[4].bytes[0] += 1000;
	records[1].bytes[0] += 2000;
	page.flow.created = 50;
	live_flows_look(&live, &memory, &page, 2000000000);
	assert_int_equal(live.talker_count, 2);
	assert_int_equal(live.talkers[0].bits, 16000);
	assert_int_equal(live.talkers[1].bits, 8000);
	assert_int_equal(live.new_flows, 50);
	records[1].bytes[0] = 10; /* another flow by now */
	live_flows_look(&live, &memory, &page, 3000000000);
	assert_int_equal(live.talker_count, 1);
	assert_int_equal(live.talkers[0].bits, 88);
	live_flows_free(&live);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(orders_and_filters, start),
	    cmocka_unit_test_setup(nonsense_is_left_out, start),
	    cmocka_unit_test_setup(lying_tables_are_refused, start),
	    cmocka_unit_test_setup(lines_and_json, start),
	    cmocka_unit_test_setup(a_region_of_a_process, start),
	    cmocka_unit_test_setup(talkers_are_those_of_the_last_second, start),
	};

	return cmocka_run_group_tests_name("flow_list", tests, NULL, stop);
}
