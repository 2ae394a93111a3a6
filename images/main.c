/* SPDX-License-Identifier: Apache-2.0
 *
 * weir: the program that a person runs on the host. This file finds the subcommand; each has a file of its
 * own.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
    {"check", command_check},	  {"build", command_build},   {"image", command_image},
    {"inspect", command_inspect}, {"sign", command_sign},     {"verify", command_verify},
    {"run", command_run},	  {"replay", command_replay}, {"flows", command_flows},
    {"tunnels", command_tunnels}, {"bench", command_bench},   {"peer", command_peer},
    {"key", command_key},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]), NAMES_BYTES = 16 * COMMANDS };

/* Returns STATUS_USAGE. */
static int no_such_command(const char *word)
{
	char names[NAMES_BYTES] = "";

	for (size_t i = 0; i < COMMANDS; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? ", " : "",
			 commands[i].name);
	return misused("%s: no such command; there are %s, and help", word, names);
}

static int help(int argc, char **argv)
{
	const char *topic = argc > 2 ? argv[2] : NULL;

	return help_text(topic) ? show_help(topic) : no_such_command(topic);
}

/* Files and sockets must not take the places of the standard streams, which children get. */
static void open_standard_streams(void)
{
	int descriptor;

	do
		descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (descriptor >= 0 && descriptor <= STDERR_FILENO);
	if (descriptor >= 0)
		close(descriptor);
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--version") == 0) {
		puts("weir " WEIR_VERSION);
		return STATUS_DONE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
		return help(argc, argv);
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (argc > 1)
		return no_such_command(name);
	fputs(help_text(NULL), stderr);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	int status;

	open_standard_streams();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	opterr = 0;
	status = run(argc, argv);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_DONE && errno != EPIPE)
		status = failed("cannot write to standard output: %s", strerror(errno));
	return status;
}
