/* SPDX-License-Identifier: Apache-2.0
 *
 * weir flows: the connections of an image that runs, as conntrack -L and pfctl -ss would list them.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "command.h"
#include "config/address.h"
#include "config/value.h"
#include "flow_list.h"
#include "report.h"

struct query {
	struct flow_filter filter;
	enum flow_order order;
	size_t most;
	bool json;
};

enum { OPTION_PROTO = 256, OPTION_ADDRESS, OPTION_PORT, OPTION_STATE, OPTION_SORT, OPTION_TOP, OPTION_JSON };

static int take_number(const char *option, const char *text, uint32_t most, uint32_t *number)
{
	if (parse_digits(text, text + strlen(text), number) && *number <= most)
		return STATUS_DONE;
	return misused("%s %s: not a number from 0 to %u", option, text, most);
}

static int take_protocol(struct query *query, const char *text)
{
	uint32_t number;

	for (int i = 0; i < 256; i++) {
		const char *name = protocol_name((uint8_t)i);

		if (!name || strcmp(name, text) != 0)
			continue;
		query->filter.protocol = i;
		return STATUS_DONE;
	}
	if (take_number("--proto", text, 255, &number) != STATUS_DONE)
		return STATUS_USAGE;
	query->filter.protocol = (int)number;
	return STATUS_DONE;
}

static int take_order(struct query *query, const char *text)
{
	for (int i = 0; i < ORDERS; i++) {
		if (strcmp(flow_order_names[i], text) != 0)
			continue;
		query->order = (enum flow_order)i;
		return STATUS_DONE;
	}
	return misused("--sort %s: one of bytes, packets, age, idle", text);
}

static int take_address(struct query *query, const char *text)
{
	query->filter.by_address = prefix_parse(text, &query->filter.address);
	return query->filter.by_address ? STATUS_DONE
					: misused("--address %s: neither an address nor a network", text);
}

static int take_option(struct query *query, char **argv, int found)
{
	uint32_t number = 0;
	int status;

	switch (found) {
	case OPTION_PROTO:
		return take_protocol(query, optarg);
	case OPTION_ADDRESS:
		return take_address(query, optarg);
	case OPTION_PORT:
		status = take_number("--port", optarg, UINT16_MAX, &number);
		query->filter.port = (int)number;
		return status;
	case OPTION_STATE:
		query->filter.state = optarg;
		return STATUS_DONE;
	case OPTION_SORT:
		return take_order(query, optarg);
	case OPTION_TOP:
		status = take_number("--top", optarg, 100000000, &number);
		query->most = number;
		return status;
	case OPTION_JSON:
		query->json = true;
		return STATUS_DONE;
	default:
		return misused_option("flows", argv, found);
	}
}

static void print(const struct flow_list *list, const struct stats_page *page, const struct config *config)
{
	const struct flow_stats *flow = &page->flow;

	flow_list_print(list, config, stdout);
	printf("%s%s flows of %s, %s half-open; made %s, ended by time %s, pushed out %s, refused %s\n",
	       list->count ? "\n" : "", grouped(flow->flows), grouped(flow->capacity),
	       grouped(flow->half_open), grouped(flow->created), grouped(flow->expired),
	       grouped(flow->evicted), grouped(flow->refused));
}

static void print_json(const struct flow_list *list, const struct stats_page *page,
		       const struct config *config)
{
	json_t *object =
	    json_pack("{s:o, s:o}", "table", flow_stats_json(page), "flows", flow_list_json(list, config));

	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(object);
}

static int show(const struct access_view *view, const struct query *query, struct counters *counters)
{
	struct flow_list list;

	if (!counters_read(&view->memory, &view->image.notes, counters))
		return failed("%s: the run's counters make no sense", view->image_path);
	if (view->image.config->flows == 0)
		return failed("%s tracks no flows: nothing in its configuration asks for it",
			      view->image.config->name);
	if (!flow_list_read(&list, &view->memory, &counters->page, &query->filter, query->order, query->most))
		return failed("%s: the run's table of flows makes no sense", view->image_path);
	if (query->json)
		print_json(&list, &counters->page, view->image.config);
	else
		print(&list, &counters->page, view->image.config);
	flow_list_free(&list);
	return STATUS_DONE;
}

static int list_flows(const char *name, const struct query *query)
{
	struct access_view view;
	struct counters counters;
	int status = access_connect(&view, name);

	if (status != STATUS_DONE)
		return status;
	status = counters_create(&counters, &view.image.notes);
	if (status == STATUS_DONE)
		status = show(&view, query, &counters);
	counters_destroy(&counters);
	access_disconnect(&view);
	return status;
}

int command_flows(int argc, char **argv)
{
	static const struct option options[] = {{"proto", required_argument, NULL, OPTION_PROTO},
						{"address", required_argument, NULL, OPTION_ADDRESS},
						{"port", required_argument, NULL, OPTION_PORT},
						{"state", required_argument, NULL, OPTION_STATE},
						{"sort", required_argument, NULL, OPTION_SORT},
						{"top", required_argument, NULL, OPTION_TOP},
						{"json", no_argument, NULL, OPTION_JSON},
						{"help", no_argument, NULL, 'h'},
						{0}};
	struct query query = {.filter = {.protocol = -1, .port = -1}};
	int found, status = STATUS_DONE;

	while (status == STATUS_DONE && (found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("flows");
		status = take_option(&query, argv, found);
	}
	if (status != STATUS_DONE)
		return status;
	if (argc - optind != 1)
		return misused("flows wants one image that runs, or its socket: weir flows gateway.elf");
	return list_flows(argv[optind], &query);
}
