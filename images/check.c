/* SPDX-License-Identifier: Apache-2.0
 *
 * weir check: is the configuration right, and what does it become?
 */
#include "command.h"

#include <getopt.h>
#include <langinfo.h>
#include <string.h>

#include "config/config.h"

static int check(const char *path)
{
	struct diagnostics *diagnostics = diagnostics_create();
	struct config *config = config_load(path, diagnostics);

	diagnostics_print(diagnostics, stderr, *colour(stderr, COLOUR_RED));
	diagnostics_destroy(diagnostics);
	if (!config)
		return STATUS_FAILED;
	config_draw(config, stdout, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
	config_free(config);
	return STATUS_DONE;
}

int command_check(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	int found;

	while ((found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("check");
		return misused_option("check", argv, found);
	}
	if (argc - optind != 1)
		return misused("check wants one configuration: weir check gateway.yaml");
	return check(argv[optind]);
}
