/* SPDX-License-Identifier: Apache-2.0
 *
 * Replay as a process: the image reads and writes capture files by itself, in one plain format. What the
 * person gave is copied to that format first, and what comes out is copied to where the person wants it, so
 * that every format that libpcap reads works here too, and the bytes written are the ones that a replay in a
 * VM writes.
 */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"

enum { TICK_MS = 20 };

/* The image's view of the captures: files without a name, inherited by descriptor. */
struct exchange {
	FILE *in[INSTANCE_CARDS_MAX], *out[INSTANCE_CARDS_MAX];
};

/* pcap_dump_close and pcap_close close the stream they were given, so each gets a duplicate. */
static FILE *duplicate(FILE *stream, const char *mode)
{
	int descriptor = dup(fileno(stream));

	return descriptor < 0 ? NULL : fdopen(descriptor, mode);
}

static int no_file(void)
{
	return failed("cannot make a temporary file: %s", strerror(errno));
}

static int copy_in(struct capture_reader *reader, FILE *to)
{
	FILE *stream = duplicate(to, "wb");
	struct capture_writer writer;
	struct capture_frame frame;
	int found, status;

	if (!stream)
		return no_file();
	status = capture_create_stream(&writer, stream, "temporary capture");
	if (status != STATUS_DONE)
		return status;
	while ((found = capture_read(reader, &frame)) == 1)
		capture_write(&writer, &frame);
	status = capture_finish(&writer);
	return found < 0 ? STATUS_FAILED : status;
}

static int copy_out(FILE *from, struct capture_writer *writer)
{
	FILE *stream = duplicate(from, "rb");
	struct capture_reader reader;
	struct capture_frame frame;
	int found, status;

	if (!stream)
		return no_file();
	rewind(stream);
	status = capture_open_stream(&reader, stream, "what the image wrote");
	if (status != STATUS_DONE)
		return status;
	while ((found = capture_read(&reader, &frame)) == 1)
		capture_write(writer, &frame);
	capture_close(&reader);
	return found < 0 ? STATUS_FAILED : STATUS_DONE;
}

static int open_exchange(struct exchange *exchange, struct replay *replay)
{
	const struct config *config = replay->image.config;

	*exchange = (struct exchange){0};
	for (size_t i = 0; i < config->device_count; i++) {
		exchange->in[i] = tmpfile();
		exchange->out[i] = tmpfile();
		if (!exchange->in[i] || !exchange->out[i])
			return no_file();
		if (copy_in(&replay->in[i], exchange->in[i]) != STATUS_DONE)
			return STATUS_FAILED;
	}
	return STATUS_DONE;
}

static void close_exchange(struct exchange *exchange)
{
	for (size_t i = 0; i < INSTANCE_CARDS_MAX; i++) {
		if (exchange->in[i])
			fclose(exchange->in[i]);
		if (exchange->out[i])
			fclose(exchange->out[i]);
	}
}

/* The words that name the captures, added to those that are there. The caller frees them. */
static char *name_files(const struct exchange *exchange, struct replay *replay)
{
	const struct config *config = replay->image.config;
	struct child_files *files = &replay->launch.inherits;
	char *words = NULL;
	size_t length;
	FILE *text = open_memstream(&words, &length);

	if (!text)
		return NULL;
	fputs(replay->launch.words, text);
	for (size_t i = 0; i < config->device_count; i++) {
		int in = fileno(exchange->in[i]), out = fileno(exchange->out[i]);

		fprintf(text, " %s=pcap:/proc/self/fd/%d:/proc/self/fd/%d", config->ports[i].name, in, out);
		files->keep[files->keeps++] = in;
		files->keep[files->keeps++] = out;
	}
	fclose(text);
	return words;
}

/* Packets that the image has taken or sent: what shows that it moves. */
static uint64_t measure(struct replay *replay, struct counters *counters)
{
	struct books books;

	if (!counters_read(&replay->instance.memory, &replay->image.notes, counters))
		return 0;
	books = counters_books(counters);
	return books.received + books.sent;
}

static int watch(struct replay *replay, struct counters *counters)
{
	struct instance *instance = &replay->instance;
	uint64_t moved_ns = now_ns(), packets = 0;

	while (!child_wait(&instance->child, TICK_MS)) {
		uint64_t latest = measure(replay, counters);

		if (latest != packets)
			moved_ns = now_ns();
		packets = latest;
		progress("replaying: %llu packets received and sent", (unsigned long long)packets);
		instance_drain(instance);
		if (now_ns() - moved_ns > replay->patience_ns)
			return replay_broken(replay, true);
	}
	if (instance->child.status != IMAGE_EXIT_DONE || instance_state(instance) != PROGRESS_DONE)
		return replay_broken(replay, false);
	return STATUS_DONE;
}

static int run(struct replay *replay)
{
	int status = instance_start(&replay->instance, &replay->launch);
	struct counters counters;

	if (status != STATUS_DONE)
		return status;
	replay->began_ns = replay->instance.times.start;
	status = counters_create(&counters, &replay->image.notes);
	if (status == STATUS_DONE)
		status = watch(replay, &counters);
	replay->ended_ns = now_ns();
	progress_end();
	counters_destroy(&counters);
	instance_end(&replay->instance);
	return status;
}

static int run_exchange(struct replay *replay, struct exchange *exchange)
{
	char *words = name_files(exchange, replay);
	int status;

	if (!words)
		return failed("no memory for the image's arguments");
	replay->launch.words = words;
	status = run(replay);
	replay->launch.words = "";
	free(words);
	for (size_t i = 0; status == STATUS_DONE && i < replay->image.config->device_count; i++)
		status = copy_out(exchange->out[i], &replay->out[i]);
	return status;
}

int replay_as_process(struct replay *replay)
{
	struct exchange exchange;
	int status = open_exchange(&exchange, replay);

	if (status == STATUS_DONE)
		status = run_exchange(replay, &exchange);
	close_exchange(&exchange);
	return status;
}
