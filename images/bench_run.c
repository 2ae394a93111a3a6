/* SPDX-License-Identifier: Apache-2.0
 *
 * One measurement after the other: a generator and a VM, a trial, and the image's counters before and after
 * it. Both are started anew for each, so that all begin with the same state.
 */
#include "bench.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "counters.h"
#include "temporary.h"

enum {
	TICK_MS = 100,
	SETTLE_MS = 2000,      /* for packets that are still inside the image when the generator is done */
	GENERATOR_CORES = 128, /* RTE_MAX_LCORE of Debian's DPDK */
	WORDS_MAX = 256,
};

static const double default_seconds = 1;

/* A processor for the generator: the last; the VM gets the others, or shares the only one. */
static int choose_processor(struct bench *bench)
{
	static int chosen = -1;
	cpu_set_t usable;
	int last = 0;

	if (chosen >= 0)
		return chosen;
	CPU_ZERO(&usable);
	if (sched_getaffinity(0, sizeof(usable), &usable) < 0)
		CPU_SET(0, &usable);
	for (int i = 0; i < GENERATOR_CORES; i++)
		if (CPU_ISSET(i, &usable))
			last = i;
	CPU_CLR(last, &usable);
	bench->shares_processor = CPU_COUNT(&usable) == 0;
	/* QEMU inherits it; the generator sets its own. */
	if (!bench->shares_processor)
		sched_setaffinity(0, sizeof(usable), &usable);
	return chosen = last;
}

static void add_side(struct arguments *words, const struct bench *bench, int side, const char *socket)
{
	const uint8_t *mac = bench->launch.cards[bench->slots[bench->sides[side]]].mac;
	char name = (char)('a' + side);

	arguments_add(words, "%c=%s", name, socket);
	arguments_add(words, "%c-any=1", name);
	arguments_add(words, "%c-gateway=%02x:%02x:%02x:%02x:%02x:%02x", name, mac[0], mac[1], mac[2], mac[3],
		      mac[4], mac[5]);
	if (bench->captures[side].path)
		arguments_add(words, "replay-%c=/proc/self/fd/%d", name, bench->captures[side].descriptor);
}

static int start_generator(struct bench *bench, char sockets[GENERATOR_SIDES][GENERATOR_SOCKET_MAX])
{
	struct arguments words = {0};
	struct child_files files = {0};

	arguments_add(&words, "core=%d", choose_processor(bench));
	for (int side = 0; side < GENERATOR_SIDES; side++) {
		if (bench->sides[side] < 0) {
			arguments_add(&words, "b=-");
			continue;
		}
		add_side(&words, bench, side, sockets[side]);
		bench->launch.cards[bench->slots[bench->sides[side]]].vhost_user = sockets[side];
		if (bench->captures[side].path)
			files.keep[files.keeps++] = bench->captures[side].descriptor;
	}
	return generator_start(&bench->generator, &words, &files);
}

/* What the trial is, as words. */
static void describe(const struct bench *bench, char words[WORDS_MAX])
{
	bool once = bench->own_timing && bench->seconds == 0;
	unsigned long long loops = bench->loops ? bench->loops : once;
	double seconds = bench->seconds > 0 ? bench->seconds : default_seconds;

	snprintf(words, WORDS_MAX, "rate=%s speed=%.9g loops=%llu seconds=%.9g whole=%d",
		 bench->own_timing ? "file" : "0", bench->speed, loops, seconds, bench->seconds == 0);
}

static void show_progress(const struct bench *bench, uint64_t number, struct counters *counters)
{
	if (counters_read(&bench->instance.memory, &bench->image.notes, counters))
		progress("measuring %llu of %llu: %llu packets forwarded", (unsigned long long)number + 1,
			 (unsigned long long)bench->repeats, (unsigned long long)counters->page.forwarded);
}

/* Says why there will be no result. */
static int broken(struct bench *bench)
{
	bool crashed = instance_state(&bench->instance) == PROGRESS_CRASHED;

	instance_end(&bench->instance);
	return instance_failed(&bench->instance, crashed ? "crashed" : "ended before the replay was over");
}

/* However long a capture takes: the generator gives up by itself when nothing moves. */
static int await_result(struct bench *bench, uint64_t number, struct counters *counters, json_t **result)
{
	struct instance *instance = &bench->instance;

	for (;;) {
		struct pollfd watched[] = {
		    {.fd = bench->generator.results, .events = POLLIN},
		    {.fd = instance->child.descriptor, .events = POLLIN},
		};
		int found;

		poll(watched, 2, TICK_MS);
		instance_drain(
		    instance); /* a serial port's bytes come one by one: not each is worth a turn */
		if (child_wait(&instance->child, 0) || instance_state(instance) >= PROGRESS_FAILED)
			return broken(bench);
		found = generator_receive(&bench->generator, result);
		if (found != 0)
			return found > 0 ? STATUS_DONE : STATUS_FAILED;
		show_progress(bench, number, counters);
	}
}

static bool is_settled(const struct counters *counters, const struct books *before, uint64_t expected)
{
	struct books books = counters_books(counters);

	return books.received_balance && books.sent_balance && counters->progress.burst_port < 0 &&
	       books.received >= expected && books.received == before->received &&
	       books.dropped == before->dropped;
}

/* Reads the counters once `expected` packets were received, the books balance, and nothing changes any more.
 * An image whose card did not take all of them is waited for a little longer than one that did. */
static int settle(struct bench *bench, uint64_t expected, struct counters *counters)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	uint64_t began = now_ns();
	struct books books = {0};

	for (uint64_t passed = 0; passed < SETTLE_MS; passed = (now_ns() - began) / 1000000) {
		if (!counters_read(&bench->instance.memory, &bench->image.notes, counters))
			return failed("%s: the image's counters make no sense", bench->image.path);
		if (is_settled(counters, &books, passed < SETTLE_MS / 2 ? expected : 0))
			return STATUS_DONE;
		books = counters_books(counters);
		nanosleep(&pause, NULL);
	}
	return failed("%s: the image's books do not balance", bench->image.path);
}

static int judge(const struct bench *bench, const json_t *result)
{
	const char *error = json_string_value(json_object_get(result, "error"));
	uint64_t frames = 0;

	if (error)
		return failed("%s: the traffic generator gave up: %s", bench->image.path, error);
	for (int side = 0; side < GENERATOR_SIDES; side++)
		frames += bench->captures[side].frames;
	if (json_number_value(json_object_get(json_object_get(result, "replay"), "frames")) != (double)frames)
		return failed("the captures changed while they were read");
	return STATUS_DONE;
}

/* How long the VM's threads were ready to run, and did not: proc(5), the second field of schedstat. */
static double waited_ms(pid_t process)
{
	char path[64 + NAME_MAX];
	struct dirent *entry;
	double total = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		unsigned long long ran, waited;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", process, entry->d_name);
		file = fopen(path, "re");
		if (file && fscanf(file, "%llu %llu", &ran, &waited) == 2)
			total += (double)waited / 1e6;
		if (file)
			fclose(file);
	}
	if (tasks)
		closedir(tasks);
	return total;
}

static int try(struct bench *bench, uint64_t number, struct counters *before, struct counters *after)
{
	json_t *from = NULL;
	char words[WORDS_MAX];
	double waited = waited_ms(bench->instance.child.pid);
	int status;

	if (!counters_read(&bench->instance.memory, &bench->image.notes, before))
		return failed("%s: the image's counters make no sense", bench->image.path);
	describe(bench, words);
	status = generator_send(&bench->generator, words);
	if (status == STATUS_DONE)
		status = await_result(bench, number, after, &from);
	progress_end();
	waited = waited_ms(bench->instance.child.pid) - waited;
	bench->results[number].values[MEASURE_WAITED_MS] = waited > 0 ? waited : 0; /* threads end, too */
	if (status == STATUS_DONE)
		status = judge(bench, from);
	if (status == STATUS_DONE)
		status = settle(bench, counters_books(before).received + bench_given(from), after);
	if (status == STATUS_DONE)
		bench_take(bench, &bench->results[number], from, before, after);
	json_decref(from);
	return status;
}

static int measure(struct bench *bench, uint64_t number)
{
	struct counters before, after;
	int status = counters_create(&before, &bench->image.notes);

	if (status != STATUS_DONE)
		return status;
	status = counters_create(&after, &bench->image.notes);
	if (status == STATUS_DONE)
		status = try(bench, number, &before, &after);
	counters_destroy(&before);
	counters_destroy(&after);
	return status;
}

/* What a first boot found out about KVM needn't be found out again. */
static void remember_accelerator(struct bench *bench)
{
	if (bench->launch.accelerator == ACCELERATOR_AUTO)
		memcpy(bench->fallback, bench->instance.fallback, sizeof(bench->fallback));
	bench->launch.accelerator = bench->accelerator = bench->instance.accelerator;
	bench->memory_bytes = bench->instance.memory.size;
}

static int repeat(struct bench *bench, uint64_t number, char sockets[GENERATOR_SIDES][GENERATOR_SOCKET_MAX])
{
	int status = start_generator(bench, sockets);

	if (status == STATUS_DONE)
		status = instance_start(&bench->instance, &bench->launch);
	if (status == STATUS_DONE) {
		remember_accelerator(bench);
		status = measure(bench, number);
		instance_end(&bench->instance);
	}
	instance_free(&bench->instance);
	generator_end(&bench->generator);
	return status;
}

int bench_measure(struct bench *bench)
{
	static const char *const names[] = TEMPORARY_SIDES;
	char sockets[GENERATOR_SIDES][GENERATOR_SOCKET_MAX];
	const char *folder = temporary_create();
	int status = STATUS_DONE;

	if (!folder)
		return STATUS_FAILED;
	for (int side = 0; side < GENERATOR_SIDES; side++)
		if (snprintf(sockets[side], sizeof(sockets[side]), "%s/%s", folder, names[side]) >=
			(int)sizeof(sockets[side]) ||
		    strchr(folder, ','))
			status =
			    failed("%s: no path for a socket: too long, or with a comma; set TMPDIR", folder);
	for (uint64_t i = 0; status == STATUS_DONE && i < bench->repeats; i++)
		status = repeat(bench, i, sockets);
	temporary_remove(folder);
	return status;
}
