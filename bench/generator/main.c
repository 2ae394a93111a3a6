/* SPDX-License-Identifier: Apache-2.0
 *
 * The traffic generator: words in, results out; see README.md.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pcap/pcap.h>
#include "port.h"
#include "report.h"
#include "trial.h"
#include "words.h"

enum { ERROR_ROOM = 256, LINE_ROOM = 4096 };

static struct trial trial;

static void usage(void)
{
	fprintf(stderr, "usage: generator a=SOCKET b=SOCKET [KEY=VALUE...]; one trial a line on stdin\n"
			"       generator frames=FILE packets=N [KEY=VALUE...]\n"
			"bench/generator/README.md says what words there are\n");
}

/* frames=FILE: no EAL, no ports. */
static int write_frames(const struct spec *spec)
{
	static struct stream stream;
	char error[ERROR_ROOM];
	pcap_t *none = pcap_open_dead(DLT_EN10MB, RING_BYTES_MAX);
	pcap_dumper_t *file = none ? pcap_dump_open(none, spec->frames) : NULL;
	uint8_t frame[RING_BYTES_MAX];

	if (!file || stream_make(&stream, spec, error, sizeof(error)) < 0) {
		fprintf(stderr, "generator: can't write %s\n", spec->frames);
		return 1;
	}
	for (uint32_t i = 0; i < spec->packets; i++) {
		int side = spec->sends[SIDE_A] && spec->sends[SIDE_B] ? (int)(i % 2) : spec->sends[SIDE_B];
		const struct shape *shape = &stream.data[side][stream.cycle[i % stream.cycle_count]];
		uint32_t number = stream.schedule[i % stream.schedule_count];
		struct stamp stamp = {
		    .magic = STAMP_MAGIC, .flow = stamp_word(number, KIND_DATA, side), .sequence = i};
		struct pcap_pkthdr header = {
		    .ts = {.tv_sec = i}, .caplen = shape->bytes, .len = shape->bytes};

		memcpy(frame, shape->frame, shape->bytes);
		stream_write(&stream, shape, frame, stream_stored(&stream, number, side), &stamp);
		pcap_dump((u_char *)file, &header, frame);
	}
	pcap_dump_close(file);
	pcap_close(none);
	stream_free(&stream);
	return 0;
}

/* Waits for a line; ports are looked after meanwhile. False: there is none. */
static bool next_line(const struct spec *spec, char *line)
{
	static char held[LINE_ROOM];
	static size_t have;

	while (true) {
		char *end = memchr(held, '\n', have);
		struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
		ssize_t got;

		if (end) {
			size_t length = (size_t)(end - held) + 1;

			memcpy(line, held, length);
			line[length - 1] = 0;
			memmove(held, end + 1, have -= length);
			return true;
		}
		if (have == sizeof(held))
			return false;
		if (poll(&input, 1, 0) == 0) {
			trial_rest(&trial, spec);
			continue;
		}
		got = read(STDIN_FILENO, held + have, sizeof(held) - have);
		if (got <= 0)
			return false;
		have += (size_t)got;
	}
}

static void run_lines(const struct spec *defaults)
{
	char line[LINE_ROOM], error[ERROR_ROOM];

	while (next_line(defaults, line)) {
		struct spec spec = *defaults;

		if (line[strspn(line, " \t\r")] == 0)
			continue;
		if (words_take_line(&spec, line, error, sizeof(error)) < 0 ||
		    trial_run(&trial, &spec, error, sizeof(error)) < 0)
			report_error(stdout, error);
		else
			report_result(stdout, &trial);
	}
}

int main(int argc, char **argv)
{
	struct spec spec;
	char error[ERROR_ROOM];

	words_defaults(&spec);
	stamp_begin();
	for (int i = 1; i < argc; i++)
		if (words_take(&spec, argv[i], true, error, sizeof(error)) < 0) {
			fprintf(stderr, "generator: %s\n", error);
			usage();
			return 2;
		}
	if (spec.frames[0])
		return write_frames(&spec);
	if (!spec.sides[SIDE_A].socket || !spec.sides[SIDE_B].socket) {
		usage();
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (port_begin(spec.core) < 0)
		return 1;
	for (int side = 0; side < SIDES; side++)
		if (strcmp(spec.sides[side].socket, "-") && port_open(side, spec.sides[side].socket) < 0)
			return 1;
	printf("{\"ready\":true}\n");
	fflush(stdout);
	run_lines(&spec);
	for (int side = 0; side < SIDES; side++)
		port_close(side);
	return 0;
}
