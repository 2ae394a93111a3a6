/* SPDX-License-Identifier: Apache-2.0
 *
 * weir run: boots an image between tap interfaces and shows its counters as they grow, until Ctrl-C, the end
 * of its time, or its own end.
 *
 * On a terminal the table is redrawn in its place, and lines of the image's console scroll by above it;
 * elsewhere there is a line a second and the table at the end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "build.h"
#include "command.h"
#include "launch.h"
#include "ports.h"
#include "report.h"
#include "taps.h"

enum { OPTION_TAP = OPTION_OWN, OPTION_FOR, OPTION_JSON };

#define SECOND UINT64_C(1000000000)

struct run {
	struct image image;
	struct launch launch;
	struct instance instance;
	struct counters counters;
	struct port_values taps;
	const char *tap_arguments[INSTANCE_CARDS_MAX];
	size_t tap_count;
	const char *path, *seed;
	uint64_t duration_ns; /* 0: until somebody ends it */
	uint64_t began_ns;
	bool json, terminal;
	int drawn; /* lines of the table on the terminal */
	int signals;
};

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
	case '?':
	case ':':
		return misused_option("run", argv, found);
	default:
		return launch_option(&run->launch, &run->seed, found, optarg);
	}
}

/* A VM has a network card for each port, a process has only what it is given. */
static int check_process(const struct run *run)
{
	const struct config *config = run->image.config;

	for (size_t i = 0; run->launch.accelerator == ACCELERATOR_PROCESS && i < config->device_count; i++)
		if (!run->taps.values[i])
			return misused("port %s: as a process, each port needs an interface: --tap %s=tap0",
				       config->ports[i].name, config->ports[i].name);
	return STATUS_DONE;
}

static int name_taps(struct run *run)
{
	int status = STATUS_DONE;

	for (size_t i = 0; status == STATUS_DONE && i < run->tap_count; i++)
		status = port_values_add(&run->taps, &run->image, "--tap", run->tap_arguments[i]);
	for (size_t i = 0; status == STATUS_DONE && i < INSTANCE_CARDS_MAX; i++)
		if (run->taps.values[i])
			status = tap_check(run->taps.values[i]);
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

	for (size_t i = 0; status == STATUS_DONE && i < run->image.config->device_count; i++)
		run->launch.cards[slots[i]].tap = run->taps.values[i];
	return status;
}

/* A table that is taller than the window has scrolled away in part: then the window is cleared. */
static void erase_table(struct run *run)
{
	struct winsize window = {0};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
	if (run->drawn >= window.ws_row && run->drawn)
		printf("\033[H\033[2J");
	else if (run->drawn)
		printf("\033[%dA\033[J", run->drawn);
	fflush(stdout);
	run->drawn = 0;
}

/* Without wrapping, so that a narrow window does not make more lines of it. Returns the lines. */
static int draw_table(const struct run *run, const struct report *report)
{
	int lines;

	fputs(run->terminal ? "\033[?7l" : "", stdout);
	lines = report_print(report, stdout);
	fputs(run->terminal ? "\033[?7h" : "", stdout);
	return lines;
}

static void print_line(const struct run *run, uint64_t elapsed_ns)
{
	struct books books = counters_books(&run->counters);

	printf("%4.0f s  in %llu  forwarded %llu  consumed %llu  dropped %llu  out %llu\n",
	       (double)elapsed_ns / 1e9, (unsigned long long)books.received,
	       (unsigned long long)run->counters.page.forwarded,
	       (unsigned long long)run->counters.page.consumed, (unsigned long long)books.dropped,
	       (unsigned long long)books.sent);
}

/* The image's console first: on a terminal its lines take the table's place, and the table moves down. */
static void show(struct run *run, bool final)
{
	struct report report = {.instance = &run->instance, .counters = &run->counters};

	erase_table(run);
	instance_drain(&run->instance);
	report.elapsed_ns = now_ns() - run->began_ns;
	if (!counters_read(&run->instance.memory, &run->image.notes, &run->counters))
		return;
	if (run->json) {
		json_t *object = report_json(&report);

		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
	} else if (run->terminal || final) {
		run->drawn = draw_table(run, &report);
	} else {
		print_line(run, report.elapsed_ns);
	}
	if (final || !run->terminal)
		run->drawn = 0;
	fflush(stdout);
}

static int open_signals(void)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGHUP);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	return signalfd(-1, &wanted, SFD_CLOEXEC);
}

/* Sleeps to the next second, or to the end of the run. Returns true when it is time to end. */
static bool wait_second(struct run *run, uint64_t *next_ns)
{
	struct pollfd watched[] = {
	    {.fd = run->signals, .events = POLLIN},
	    {.fd = run->instance.child.descriptor, .events = POLLIN},
	};
	uint64_t now = now_ns(), end = run->duration_ns ? run->began_ns + run->duration_ns : UINT64_MAX;
	uint64_t wake = *next_ns < end ? *next_ns : end;
	int pause = wake > now ? (int)((wake - now) / 1000000) + 1 : 0;

	*next_ns += SECOND;
	return poll(watched, 2, pause) > 0 || now_ns() >= end;
}

/* A VM that was ended while packets were inside of the chain has books that don't balance yet. */
static int check_books(const struct run *run)
{
	struct books books = counters_books(&run->counters);

	if (run->counters.progress.burst_port >= 0 || (books.received_balance && books.sent_balance))
		return STATUS_DONE;
	return failed("%s: the image's books do not balance", run->image.path);
}

static int watch(struct run *run)
{
	uint64_t next_ns = now_ns() + SECOND;
	bool over = false, ended = false;

	run->began_ns = now_ns();
	while (!over) {
		over = wait_second(run, &next_ns);
		ended = child_wait(&run->instance.child, 0);
		if (!over)
			show(run, false);
	}
	erase_table(run);
	instance_end(&run->instance);
	show(run, true);
	if (!ended)
		return check_books(run);
	return instance_failed(&run->instance, instance_state(&run->instance) == PROGRESS_CRASHED
						   ? "crashed"
						   : "ended by itself");
}

static int start(struct run *run)
{
	char *words = compose_words(run);
	int status;

	if (!words)
		return failed("no memory for the image's arguments");
	run->launch.words = words;
	run->launch.show_console = true;
	run->signals = open_signals();
	run->terminal = isatty(STDOUT_FILENO) && !run->json;
	status = instance_start(&run->instance, &run->launch);
	if (status == STATUS_DONE)
		status = watch(run);
	instance_free(&run->instance);
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
	return run_image(&run);
}
