/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a tool; see tool.h. A signal that ends the command ends the tool first (temporary.h).
 */
#include "tool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "console.h"
#include "temporary.h"

bool tool_is_here(const char *name)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	while (path && *path) {
		size_t length = strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", (int)length, path, name);
		if (length && access(file, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

int tool_run(const char *step, const char *folder, const struct arguments *arguments)
{
	struct child_files files = {.folder = folder};
	struct console console;
	struct child child;
	int error, output = console_open(&console, NULL);

	if (output < 0)
		return failed("no pipe: %s", strerror(errno));
	progress("%s", step);
	files.output = files.errors = output;
	error = child_start(&child, arguments->words, &files);
	close(output);
	if (error)
		return failed("cannot start %s: %s", arguments->words[0], strerror(error));
	temporary_tool(child.pid);
	while (!child_wait(&child, 20))
		console_drain(&console);
	temporary_tool(0);
	console_close(&console);
	progress_end();
	if (child.status == 0)
		return STATUS_DONE;
	failed("%s failed (%s, status %d); it said:", step, arguments->words[0], child.status);
	console_retell(&console);
	return STATUS_FAILED;
}
