/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiler's faces for test_config: driver canonical|c|secrets|picture FILE, messages on standard error.
 */
#include <string.h>
#include "config/config.h"

static int write_as(const char *form, const struct config *config)
{
	if (strcmp(form, "c") == 0)
		return config_emit_c(config, stdout) ? 1 : 0;
	if (strcmp(form, "secrets") == 0)
		return config_emit_secrets(config, stdout) ? 1 : 0;
	if (strcmp(form, "picture") == 0)
		config_draw(config, stdout, false);
	else
		config_print(config, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct diagnostics *d = diagnostics_create();
	struct config *config;
	int status;

	if (argc != 3)
		return 2;
	config = config_load(argv[2], d);
	diagnostics_print(d, stderr, false);
	status = config ? write_as(argv[1], config) : 1;
	config_free(config);
	diagnostics_destroy(d);
	return status;
}
