/* SPDX-License-Identifier: Apache-2.0
 *
 * weir bench: an image between the sides of the traffic generator, which replays captures at it. This file
 * has the command's words, and chooses the ports; see bench.h.
 */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "command.h"
#include "launch.h"

enum {
	OPTION_REPLAY = OPTION_OWN,
	OPTION_IN,
	OPTION_OUT,
	OPTION_TIMING,
	OPTION_SPEED,
	OPTION_SECONDS,
	OPTION_LOOPS,
	OPTION_REPEAT,
	OPTION_JSON,
	CAPTURES_MAX = INSTANCE_CARDS_MAX
};

/* What waits until the image, which knows the ports, is open. */
struct request {
	const char *in[CAPTURES_MAX];
	size_t in_count;
	const char *replay, *out, *path, *seed;
};

static const uint64_t default_repeats = 3, loops_max = 1000000000;

static int take_in(struct request *request)
{
	if (request->in_count == CAPTURES_MAX)
		return misused("more than %d captures", CAPTURES_MAX);
	request->in[request->in_count++] = optarg;
	return STATUS_DONE;
}

static int take_replay(struct request *request)
{
	if (request->replay)
		return misused("--replay %s: given twice; say the ports: --in PORT=%s", optarg, optarg);
	request->replay = optarg;
	return STATUS_DONE;
}

static int take_timing(struct bench *bench)
{
	bench->own_timing = strcmp(optarg, "capture") == 0;
	if (!bench->own_timing && strcmp(optarg, "fast") != 0)
		return misused("--timing %s: there are fast and capture", optarg);
	return STATUS_DONE;
}

static int take_speed(struct bench *bench)
{
	char *end;

	bench->speed = strtod(optarg, &end);
	if (end == optarg || *end || !(bench->speed >= 1e-6 && bench->speed <= 1e6))
		return misused("--speed %s: write a factor, like 10 or 0.5", optarg);
	return STATUS_DONE;
}

static int take_seconds(struct bench *bench)
{
	uint64_t nanoseconds;
	int status = launch_seconds("--seconds", optarg, &nanoseconds);

	bench->seconds = (double)nanoseconds / 1e9;
	return status;
}

static int take_number(const char *option, uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(optarg, &end, 10);
	if (*optarg < '0' || *optarg > '9' || *end || errno || *number < 1 || *number > most)
		return misused("%s %s: write a number from 1 to %llu", option, optarg,
			       (unsigned long long)most);
	return STATUS_DONE;
}

static int take_option(struct request *request, struct bench *bench, char **argv, int found)
{
	switch (found) {
	case OPTION_REPLAY:
		return take_replay(request);
	case OPTION_IN:
		return take_in(request);
	case OPTION_OUT:
		request->out = optarg;
		return STATUS_DONE;
	case OPTION_TIMING:
		return take_timing(bench);
	case OPTION_SPEED:
		return take_speed(bench);
	case OPTION_SECONDS:
		return take_seconds(bench);
	case OPTION_LOOPS:
		return take_number("--loops", loops_max, &bench->loops);
	case OPTION_REPEAT:
		return take_number("--repeat", BENCH_REPEATS_MAX, &bench->repeats);
	case OPTION_JSON:
		bench->json = true;
		return STATUS_DONE;
	case '?':
	case ':':
		return misused_option("bench", argv, found);
	default:
		return launch_option(&bench->launch, &request->seed, found, optarg);
	}
}

static int check_request(const struct request *request, struct bench *bench, bool timing_given)
{
	if (bench->launch.accelerator == ACCELERATOR_PROCESS)
		return misused(
		    "bench --accel process: the traffic generator speaks vhost-user, which only a VM has; "
		    "there are kvm and tcg");
	if (!request->replay && request->in_count == 0)
		return misused("bench wants a capture: weir bench %s --replay FILE.pcap", request->path);
	if (bench->speed > 0 && timing_given && !bench->own_timing)
		return misused("--speed goes with --timing capture: fast has no clock");
	if (bench->seconds > 0 && bench->loops)
		return misused("--seconds and --loops: say one of them");
	if (bench->speed > 0)
		bench->own_timing = true;
	else
		bench->speed = 1;
	return STATUS_DONE;
}

/* --replay is --in of the first port. */
static int name_captures(struct bench *bench, const struct request *request)
{
	int status = STATUS_DONE;

	for (size_t i = 0; status == STATUS_DONE && i < request->in_count; i++)
		status = port_values_add(&bench->in_paths, &bench->image, "--in", request->in[i]);
	if (status != STATUS_DONE || !request->replay)
		return status;
	if (bench->in_paths.values[0])
		return misused("--replay %s: %s has a capture already, by --in", request->replay,
			       bench->image.config->ports[0].name);
	bench->in_paths.values[0] = request->replay;
	return STATUS_DONE;
}

static int choose_inputs(struct bench *bench)
{
	size_t count = 0;

	for (int i = 0; i < INSTANCE_CARDS_MAX; i++) {
		if (!bench->in_paths.values[i])
			continue;
		if (count == GENERATOR_SIDES)
			return misused("--in %s: a third port; the traffic generator has two sides",
				       bench->image.config->ports[i].name);
		bench->sides[count++] = i;
	}
	return STATUS_DONE;
}

/* The device that the second side is for, or -1: where nobody says, the first that is free. */
static int other_device(const struct bench *bench, const char *out, int *device)
{
	const struct config *config = bench->image.config;
	int port = out ? image_port(&bench->image, out, strlen(out)) : -1;

	if (out && port < 0)
		return misused("--out %s: the image has no such port", out);
	if (out && (size_t)port >= config->device_count)
		return misused("--out %s: a VLAN on %s; say that", out,
			       config->ports[config->ports[port].device].name);
	*device = port;
	for (size_t i = 0; *device < 0 && i < config->device_count; i++)
		if ((int)i != bench->sides[0])
			*device = (int)i;
	return STATUS_DONE;
}

static int choose_sides(struct bench *bench, const char *out)
{
	int device = -1, status;

	bench->sides[0] = bench->sides[1] = -1;
	status = choose_inputs(bench);
	if (status != STATUS_DONE)
		return status;
	status = other_device(bench, out, &device);
	if (status != STATUS_DONE)
		return status;
	if (out && bench->sides[1] >= 0 && device != bench->sides[0] && device != bench->sides[1])
		return misused("--out %s: a third port; the traffic generator has two sides", out);
	if (bench->sides[1] < 0 && device != bench->sides[0])
		bench->sides[1] = device;
	return STATUS_DONE;
}

static int open_captures(struct bench *bench)
{
	int status = STATUS_DONE;

	for (int side = 0; status == STATUS_DONE && side < GENERATOR_SIDES; side++)
		if (bench->sides[side] >= 0 && bench->in_paths.values[bench->sides[side]])
			status = bench_capture_open(&bench->captures[side],
						    bench->in_paths.values[bench->sides[side]]);
	return status;
}

static int perform(struct bench *bench)
{
	int status = open_captures(bench);

	if (status == STATUS_DONE)
		status = generator_check();
	if (status == STATUS_DONE)
		status = ports_place(&bench->launch, bench->slots);
	bench->results = calloc(bench->repeats, sizeof(*bench->results));
	if (!bench->results)
		return failed("no memory for the results");
	if (status == STATUS_DONE)
		status = bench_measure(bench);
	if (status == STATUS_DONE && bench->json)
		bench_print_json(bench, stdout);
	else if (status == STATUS_DONE)
		bench_print(bench, stdout);
	free(bench->results);
	return status;
}

static int bench_image(struct bench *bench, const struct request *request)
{
	const char *path;
	char words[64] = "";
	int status = build_if_config(request->path, &path);

	if (status == STATUS_DONE)
		status = image_open(&bench->image, path);
	if (status != STATUS_DONE)
		return status;
	if (request->seed)
		snprintf(words, sizeof(words), "seed=%s", request->seed);
	bench->launch.image = &bench->image;
	bench->launch.words = words;
	status = name_captures(bench, request);
	if (status == STATUS_DONE)
		status = choose_sides(bench, request->out);
	if (status == STATUS_DONE)
		status = perform(bench);
	bench->launch.words = "";
	image_close(&bench->image);
	return status;
}

int command_bench(int argc, char **argv)
{
	static const struct option options[] = {LAUNCH_OPTIONS,
						{"replay", required_argument, NULL, OPTION_REPLAY},
						{"in", required_argument, NULL, OPTION_IN},
						{"out", required_argument, NULL, OPTION_OUT},
						{"timing", required_argument, NULL, OPTION_TIMING},
						{"speed", required_argument, NULL, OPTION_SPEED},
						{"seconds", required_argument, NULL, OPTION_SECONDS},
						{"loops", required_argument, NULL, OPTION_LOOPS},
						{"repeat", required_argument, NULL, OPTION_REPEAT},
						{"json", no_argument, NULL, OPTION_JSON},
						{"help", no_argument, NULL, 'h'},
						{0}};
	static struct bench bench;
	struct request request = {0};
	bool timing_given = false;
	int found, status = STATUS_DONE;

	bench.repeats = default_repeats;
	while (status == STATUS_DONE && (found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("bench");
		timing_given |= found == OPTION_TIMING;
		status = take_option(&request, &bench, argv, found);
	}
	if (status != STATUS_DONE)
		return status;
	if (argc - optind != 1)
		return misused("bench wants one image: weir bench gateway.elf --replay morning.pcap");
	request.path = argv[optind];
	status = check_request(&request, &bench, timing_given);
	return status == STATUS_DONE ? bench_image(&bench, &request) : status;
}
