/* SPDX-License-Identifier: Apache-2.0
 *
 * weir tunnels: the tunnels of an image that runs, and their peers, as `wg show` would show them.
 */
#include <getopt.h>

#include "access.h"
#include "command.h"
#include "tunnel_list.h"

struct query {
	const char *image, *tunnel; /* tunnel NULL: all */
	bool json;
};

static void print_json(const struct tunnel_list *list, const struct stats_page *page,
		       const struct config *config, const struct config_tunnel *only)
{
	json_t *object = json_pack("{s:o, s:o}", "handshake_messages", tunnel_stats_json(page), "tunnels",
				   tunnel_list_json(list, config, only));

	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static int show(const struct access_view *view, const struct query *query, struct counters *counters)
{
	const struct config *config = view->image.config;
	const struct config_tunnel *only = NULL;
	struct tunnel_list list;

	if (config->tunnel_count == 0)
		return failed("%s has no tunnels: nothing in its configuration asks for one", config->name);
	if (query->tunnel && !(only = tunnel_find(config, query->tunnel)))
		return failed("%s: the appliance %s has no such tunnel", query->tunnel, config->name);
	if (!counters_read(&view->memory, &view->image.notes, counters))
		return failed("%s: the run's counters make no sense", view->image_path);
	if (!tunnel_list_read(&list, &view->memory, &counters->page, config, only, tunnel_wall_ns()))
		return failed("%s: the run's table of peers makes no sense", view->image_path);
	if (query->json)
		print_json(&list, &counters->page, config, only);
	else
		tunnel_list_print(&list, config, only, stdout);
	tunnel_list_free(&list);
	return STATUS_DONE;
}

static int list_tunnels(const struct query *query)
{
	struct access_view view;
	struct counters counters;
	int status = access_connect(&view, query->image);

	if (status != STATUS_DONE)
		return status;
	status = counters_create(&counters, &view.image.notes);
	if (status == STATUS_DONE)
		status = show(&view, query, &counters);
	counters_destroy(&counters);
	access_disconnect(&view);
	return status;
}

int command_tunnels(int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct query query = {0};
	int found;

	while ((found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("tunnels");
		if (found != 'j')
			return misused_option("tunnels", argv, found);
		query.json = true;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return misused("tunnels wants one image that runs, or its socket: weir tunnels gateway.elf");
	query.image = argv[optind];
	query.tunnel = argv[optind + 1];
	return list_tunnels(&query);
}
