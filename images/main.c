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
    {"check", command_check},	  {"build", command_build}, {"run", command_run},
    {"replay", command_replay},	  {"flows", command_flows}, {"tunnels", command_tunnels},
    {"bench", command_bench},	  {"peer", command_peer},   {"key", command_key},
    {"inspect", command_inspect}, {"sign", command_sign},   {"verify", command_verify},
};

static int help(int argc, char **argv)
{
	const char *topic = argc > 2 ? argv[2] : NULL;

	if (help_text(topic))
		return show_help(topic);
	return misused("help %s: no such command; there are check, build, run, replay, flows, tunnels, "
		       "bench, peer, key, inspect, sign and verify",
		       topic);
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
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (argc > 1)
		return misused("%s: no such command; there are check, build, run, replay, flows, tunnels, "
			       "bench, peer, key, inspect, sign, verify and help",
			       name);
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
