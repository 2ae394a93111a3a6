/* SPDX-License-Identifier: Apache-2.0
 *
 * weir run: boots an image between tap interfaces and shows its counters as they grow, until Ctrl-C, the end
 * of its time, or its own end. With --print it only says how it would start it.
 */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "command.h"
#include "launch.h"
#include "taps.h"

enum {
	OPTION_TAP = OPTION_OWN,
	OPTION_FOR,
	OPTION_JSON,
	OPTION_PRINT,
	OPTION_SOCKET,
	OPTION_QMP,
	OPTION_INCOMING,
	OPTION_ON
};

static int take_qmp(struct run *run, const char *path)
{
	if (strchr(path, ','))
		return misused("--qmp %s: QEMU takes no comma in the name of a socket", path);
	run->launch.qmp = path;
	run->launch.vm_option = "--qmp";
	return STATUS_DONE;
}

static int take_option(struct run *run, char **argv, int found)
{
	switch (found) {
	case OPTION_TAP:
		if (run->tap_count == INSTANCE_CARDS_MAX)
			return misused("more than %d taps", INSTANCE_CARDS_MAX);
		run->tap_arguments[run->tap_count++] = optarg;
		return STATUS_DONE;
	case OPTION_FOR:
		return launch_seconds("--for", optarg, &run->duration_ns);
	case OPTION_JSON:
		run->json = true;
		return STATUS_DONE;
	case OPTION_SOCKET:
		run->socket = optarg;
		return STATUS_DONE;
	case OPTION_ON:
		return launch_on(&run->launch, optarg);
	case OPTION_QMP:
		return take_qmp(run, optarg);
	case OPTION_INCOMING:
		run->launch.incoming = optarg;
		run->launch.vm_option = "--incoming";
		return STATUS_DONE;
	case OPTION_PRINT:
		run->print = true;
		return STATUS_DONE;
	case '?':
	case ':':
		return misused_option("run", argv, found);
	default:
		return launch_option(&run->launch, &run->seed, found, optarg);
	}
}

/* A VM boots without any tap; a process that nobody talks to is of no use. */
static int check_process(const struct run *run)
{
	const char *port = run->image.config->ports[0].name;

	if (run->launch.accelerator == ACCELERATOR_PROCESS && run->tap_count == 0)
		return misused("as a process, at least one port needs an interface: --tap %s=tap0", port);
	return STATUS_DONE;
}

/* The interface of a command line that is printed may be made later, or elsewhere. */
static int check_tap(const struct run *run, size_t port)
{
	const char *name = run->taps.values[port];

	for (size_t i = 0; i < port; i++)
		if (run->taps.values[i] && strcmp(run->taps.values[i], name) == 0)
			return misused("--tap %s=%s: the interface was given twice, %s has it",
				       run->image.config->ports[port].name, name,
				       run->image.config->ports[i].name);
	if (run->print || run->launch.hypervisor != HYPERVISOR_QEMU)
		return tap_check_name(name);
	return tap_check(name);
}

static int name_taps(struct run *run)
{
	int status = STATUS_DONE;

	for (size_t i = 0; status == STATUS_DONE && i < run->tap_count; i++)
		status = port_values_add(&run->taps, &run->image, "--tap", run->tap_arguments[i]);
	for (size_t i = 0; status == STATUS_DONE && i < INSTANCE_CARDS_MAX; i++)
		if (run->taps.values[i])
			status = check_tap(run, i);
	return status == STATUS_DONE ? check_process(run) : status;
}

/* The image's words; the caller frees them. As a process it opens its taps by itself. */
static char *compose_words(const struct run *run)
{
	char *words = NULL;
	size_t length;
	FILE *text = open_memstream(&words, &length);

	if (!text)
		return NULL;
	if (run->seed)
		fprintf(text, "seed=%s ", run->seed);
	for (size_t i = 0; run->launch.accelerator == ACCELERATOR_PROCESS && i < INSTANCE_CARDS_MAX; i++)
		if (run->taps.values[i])
			fprintf(text, "%s=tap:%s ", run->image.config->ports[i].name, run->taps.values[i]);
	fclose(text);
	return words;
}

static int place_taps(struct run *run)
{
	size_t slots[INSTANCE_CARDS_MAX];
	int status = ports_place(&run->launch, slots);

	run->launch.makes_keys = run->image.config->tunnel_count > 0;
	for (size_t i = 0; status == STATUS_DONE && i < run->image.config->device_count; i++)
		run->launch.cards[slots[i]].tap = run->taps.values[i];
	return status;
}

/* A word as a shell takes it: within apostrophes where it has anything but plain characters. */
static void print_word(const char *word)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";

	if (*word && word[strspn(word, plain)] == '\0') {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, stdout);
	putchar('\'');
}

/* The image by its full path: the line is for other places than this folder. */
static int print_command(struct run *run)
{
	char *path = realpath(run->image.path, NULL);
	struct arguments arguments = {0};
	int status;

	if (!path)
		return failed("%s: %s", run->image.path, strerror(errno));
	run->image.path = path;
	status = run->launch.accelerator == ACCELERATOR_PROCESS ? process_arguments(&arguments, &run->launch)
								: vm_arguments(&arguments, &run->launch);
	for (size_t i = 0; status == STATUS_DONE && i < arguments.count; i++) {
		print_word(arguments.words[i]);
		putchar(i + 1 < arguments.count ? ' ' : '\n');
	}
	arguments_free(&arguments);
	free(path);
	return status;
}

static int boot(struct run *run)
{
	int status;

	watch_prepare(run);
	status = access_open(&run->access, run->socket, run->path);
	if (status != STATUS_DONE)
		return status;
	status = instance_start(&run->instance, &run->launch);
	if (status == STATUS_DONE)
		status = watch(run);
	access_close(&run->access);
	live_flows_free(&run->live.flows);
	tunnel_list_free(&run->tunnels);
	instance_free(&run->instance);
	return status;
}

static int start(struct run *run)
{
	char *words = compose_words(run);
	int status;

	if (!words)
		return failed("no memory for the image's arguments");
	run->launch.words = words;
	if (run->launch.hypervisor != HYPERVISOR_QEMU)
		status = run_elsewhere(run);
	else
		status = run->print ? print_command(run) : boot(run);
	run->launch.words = "";
	free(words);
	return status;
}

static int run_image(struct run *run)
{
	const char *path;
	int status = build_if_config(run->path, &path);

	if (status == STATUS_DONE)
		status = image_open(&run->image, path);
	if (status != STATUS_DONE)
		return status;
	run->launch.image = &run->image;
	status = name_taps(run);
	if (status == STATUS_DONE)
		status = place_taps(run);
	if (status == STATUS_DONE)
		status = counters_create(&run->counters, &run->image.notes);
	if (status == STATUS_DONE)
		status = start(run);
	counters_destroy(&run->counters);
	image_close(&run->image);
	return status;
}

int command_run(int argc, char **argv)
{
	static const struct option options[] = {LAUNCH_OPTIONS,
						{"tap", required_argument, NULL, OPTION_TAP},
						{"for", required_argument, NULL, OPTION_FOR},
						{"json", no_argument, NULL, OPTION_JSON},
						{"print", no_argument, NULL, OPTION_PRINT},
						{"socket", required_argument, NULL, OPTION_SOCKET},
						{"on", required_argument, NULL, OPTION_ON},
						{"qmp", required_argument, NULL, OPTION_QMP},
						{"incoming", required_argument, NULL, OPTION_INCOMING},
						{"help", no_argument, NULL, 'h'},
						{0}};
	static struct run run;
	int found, status = STATUS_DONE;

	while (status == STATUS_DONE && (found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("run");
		status = take_option(&run, argv, found);
	}
	if (status != STATUS_DONE)
		return status;
	if (argc - optind != 1)
		return misused("run wants one image: weir run gateway.elf --tap lan=tap0");
	run.path = argv[optind];
	if (run.print && is_config(run.path))
		return misused("run --print wants an image; build it first: weir build %s", run.path);
	if (launch_check(&run.launch) != STATUS_DONE)
		return STATUS_USAGE;
	return run_image(&run);
}
