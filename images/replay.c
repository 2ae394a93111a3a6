/* SPDX-License-Identifier: Apache-2.0
 *
 * weir replay: feeds captures to an image, collects what leaves it, and reports.
 */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "build.h"
#include "command.h"
#include "launch.h"
#include "report.h"

enum {
	OPTION_IN = OPTION_OWN,
	OPTION_OUT,
	OPTION_TIMEOUT,
	OPTION_CONSOLE,
	OPTION_JSON,
	OPTION_FLOWS,
	TOP_TALKERS = 10,
	FILES_MAX = 2 * INSTANCE_CARDS_MAX
};

/* What the person typed. --in and --out wait here until the image, which knows the ports, is open. */
struct request {
	struct {
		const char *option, *argument;
	} files[FILES_MAX];
	size_t file_count;
	const char *path, *seed;
	bool json, flows;
};

static const uint64_t default_patience_ns = UINT64_C(30000000000);

int replay_broken(struct replay *replay, bool stalled)
{
	uint32_t state = instance_state(&replay->instance);
	char what[80];

	replay->ended_ns = now_ns();
	if (stalled)
		snprintf(what, sizeof(what), "has moved no frame for %.0f s",
			 (double)replay->patience_ns / 1e9);
	else if (state == PROGRESS_CRASHED)
		snprintf(what, sizeof(what), "crashed");
	else if (state == PROGRESS_FAILED)
		snprintf(what, sizeof(what), "gave up");
	else
		snprintf(what, sizeof(what), "ended before the replay was over");
	instance_end(&replay->instance); /* brings the last lines of its console */
	return instance_failed(&replay->instance, what);
}

static int take_file(struct request *request, int option)
{
	if (request->file_count == FILES_MAX)
		return misused("more than %d captures", FILES_MAX);
	request->files[request->file_count].option = option == OPTION_IN ? "--in" : "--out";
	request->files[request->file_count++].argument = optarg;
	return STATUS_DONE;
}

static int take_option(struct request *request, struct replay *replay, char **argv, int found)
{
	switch (found) {
	case OPTION_IN:
	case OPTION_OUT:
		return take_file(request, found);
	case OPTION_TIMEOUT:
		return launch_seconds("--timeout", optarg, &replay->patience_ns);
	case OPTION_CONSOLE:
		replay->launch.show_console = true;
		return STATUS_DONE;
	case OPTION_JSON:
		request->json = true;
		return STATUS_DONE;
	case OPTION_FLOWS:
		request->flows = true;
		return STATUS_DONE;
	case '?':
	case ':':
		return misused_option("replay", argv, found);
	default:
		return launch_option(&replay->launch, &request->seed, found, optarg);
	}
}

static bool is_same_file(const char *path, const struct stat *about)
{
	struct stat other;

	return stat(path, &other) == 0 && S_ISREG(other.st_mode) && other.st_dev == about->st_dev &&
	       other.st_ino == about->st_ino;
}

/* Writing empties a file: no output may be read here, or be written twice. */
static int check_overlap(const struct replay *replay, size_t port)
{
	const char *path = replay->out_paths.values[port];
	struct stat about;
	bool there = stat(path, &about) == 0;

	if (there && is_same_file(replay->image.path, &about))
		return misused("--out %s: the same file as the image", path);
	for (size_t i = 0; i < INSTANCE_CARDS_MAX; i++) {
		const char *in = replay->in_paths.values[i],
			   *out = i < port ? replay->out_paths.values[i] : NULL;

		if (in && there && is_same_file(in, &about))
			return misused("--out %s: the same file as --in", path);
		if (out && (strcmp(out, path) == 0 || (there && is_same_file(out, &about))))
			return misused("--out %s: given for two ports", path);
	}
	return STATUS_DONE;
}

static int name_files(struct replay *replay, const struct request *request)
{
	int status = STATUS_DONE;

	for (size_t i = 0; status == STATUS_DONE && i < request->file_count; i++) {
		const char *option = request->files[i].option;
		struct port_values *values =
		    strcmp(option, "--in") == 0 ? &replay->in_paths : &replay->out_paths;

		status = port_values_add(values, &replay->image, option, request->files[i].argument);
	}
	for (size_t i = 0; status == STATUS_DONE && i < INSTANCE_CARDS_MAX; i++)
		if (replay->out_paths.values[i])
			status = check_overlap(replay, i);
	return status;
}

/* All inputs first, so that a missing one leaves the outputs of an earlier replay alone. */
static int open_captures(struct replay *replay)
{
	int status = STATUS_DONE;

	for (size_t i = 0; status == STATUS_DONE && i < INSTANCE_CARDS_MAX; i++)
		if (replay->in_paths.values[i])
			status = capture_open(&replay->in[i], replay->in_paths.values[i]);
	for (size_t i = 0; status == STATUS_DONE && i < INSTANCE_CARDS_MAX; i++)
		if (replay->out_paths.values[i])
			status = capture_create(&replay->out[i], replay->out_paths.values[i]);
	return status;
}

static int close_captures(struct replay *replay)
{
	int status = STATUS_DONE;

	for (size_t i = 0; i < INSTANCE_CARDS_MAX; i++) {
		capture_close(&replay->in[i]);
		if (capture_finish(&replay->out[i]) != STATUS_DONE)
			status = STATUS_FAILED;
	}
	return status;
}

static int print_report(const struct replay *replay, const struct counters *counters,
			const struct request *request)
{
	const struct flow_filter any = {.protocol = -1, .port = -1};
	const struct counters_memory *memory = &replay->instance.memory;
	struct tunnel_list tunnels;
	struct flow_list flows;
	struct report report = {
	    .instance = &replay->instance,
	    .counters = counters,
	    .elapsed_ns = replay->ended_ns - replay->began_ns,
	    .in = replay->in,
	    .out = replay->out,
	    .all_flows = request->flows,
	    .tunnels = &tunnels,
	};
	struct books books = counters_books(counters);

	if (!flow_list_read(&flows, memory, &counters->page, &any, ORDER_BYTES,
			    request->flows ? 0 : TOP_TALKERS))
		return failed("%s: the image's table of flows makes no sense", replay->image.path);
	if (!tunnel_list_read(&tunnels, memory, &counters->page, replay->image.config, NULL,
			      counters->page.now_ns)) {
		flow_list_free(&flows);
		return failed("%s: the image's table of peers makes no sense", replay->image.path);
	}
	if (request->flows || request->json)
		report.flows = &flows;
	if (request->json)
		report_print_json(&report, stdout, true);
	else
		report_print(&report, stdout);
	tunnel_list_free(&tunnels);
	flow_list_free(&flows);
	if (!books.received_balance || !books.sent_balance)
		return failed("%s: the image's books do not balance", replay->image.path);
	return STATUS_DONE;
}

static int report_replay(const struct replay *replay, const struct request *request)
{
	struct counters counters;
	int status = counters_create(&counters, &replay->image.notes);

	if (status != STATUS_DONE)
		return status;
	if (counters_read(&replay->instance.memory, &replay->image.notes, &counters))
		status = print_report(replay, &counters, request);
	else
		status = failed("%s: the image's counters make no sense", replay->image.path);
	counters_destroy(&counters);
	return status;
}

static int perform(struct replay *replay, const struct request *request)
{
	char words[64];
	int status = open_captures(replay), closed;

	snprintf(words, sizeof(words), "replay seed=%s", request->seed);
	replay->launch.words = words;
	if (status == STATUS_DONE)
		status = replay->launch.accelerator == ACCELERATOR_PROCESS ? replay_as_process(replay)
									   : replay_in_vm(replay);
	closed = close_captures(replay);
	if (status == STATUS_DONE)
		status = closed;
	if (status == STATUS_DONE)
		status = report_replay(replay, request);
	instance_free(&replay->instance);
	return status;
}

static int replay_image(struct replay *replay, const struct request *request)
{
	const char *path;
	int status = build_if_config(request->path, &path);

	if (status == STATUS_DONE)
		status = image_open(&replay->image, path);
	if (status != STATUS_DONE)
		return status;
	replay->launch.image = &replay->image;
	status = name_files(replay, request);
	if (status == STATUS_DONE)
		status = perform(replay, request);
	image_close(&replay->image);
	return status;
}

int command_replay(int argc, char **argv)
{
	static const struct option options[] = {LAUNCH_OPTIONS,
						{"in", required_argument, NULL, OPTION_IN},
						{"out", required_argument, NULL, OPTION_OUT},
						{"timeout", required_argument, NULL, OPTION_TIMEOUT},
						{"console", no_argument, NULL, OPTION_CONSOLE},
						{"json", no_argument, NULL, OPTION_JSON},
						{"flows", no_argument, NULL, OPTION_FLOWS},
						{"help", no_argument, NULL, 'h'},
						{0}};
	static struct replay replay;
	struct request request = {.seed = "0"};
	int found, status = STATUS_DONE;

	replay.patience_ns = default_patience_ns;
	while (status == STATUS_DONE && (found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("replay");
		status = take_option(&request, &replay, argv, found);
	}
	if (status != STATUS_DONE)
		return status;
	if (argc - optind != 1)
		return misused("replay wants one image: weir replay gateway.elf --in lan=lan.pcap");
	if (launch_check(&replay.launch) != STATUS_DONE)
		return STATUS_USAGE;
	request.path = argv[optind];
	return replay_image(&replay, &request);
}
