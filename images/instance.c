/* SPDX-License-Identifier: Apache-2.0
 *
 * What running in a VM and running as a process have in common; see instance.h.
 */
#include "instance.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

#define SECONDS UINT64_C(1000000000)

static const uint64_t silence_limit = 45 * SECONDS; /* until the image's first instruction */
static const uint64_t boot_limit = 120 * SECONDS;   /* also for a saved machine to arrive */

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECONDS + (uint64_t)now.tv_nsec;
}

const char *accelerator_name(enum accelerator accelerator)
{
	static const char *const names[] = {
	    [ACCELERATOR_AUTO] = "auto",
	    [ACCELERATOR_KVM] = "kvm",
	    [ACCELERATOR_TCG] = "tcg",
	    [ACCELERATOR_PROCESS] = "process",
	};

	return names[accelerator];
}

int instance_start(struct instance *instance, const struct launch *launch)
{
	if (launch->accelerator == ACCELERATOR_PROCESS)
		return process_start(instance, launch);
	return vm_start(instance, launch);
}

int instance_share_memory(struct instance *instance, size_t size, uint64_t base)
{
	void *bytes;

	instance->memory_descriptor = memfd_create("weir", MFD_CLOEXEC);
	if (instance->memory_descriptor < 0 || ftruncate(instance->memory_descriptor, (off_t)size) < 0)
		return failed("no memory of %zu MiB to share with the image: %s", size >> 20,
			      strerror(errno));
	bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, instance->memory_descriptor, 0);
	if (bytes == MAP_FAILED)
		return failed("cannot map the image's memory: %s", strerror(errno));
	instance->memory = (struct counters_memory){.bytes = bytes, .size = size, .base = base};
	return STATUS_DONE;
}

void instance_map_more(struct instance *instance)
{
	struct counters_memory *memory = &instance->memory;
	struct stat about;
	void *bytes;

	if (fstat(instance->memory_descriptor, &about) < 0 || (size_t)about.st_size <= memory->size)
		return;
	bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, instance->memory_descriptor, 0);
	if (bytes == MAP_FAILED)
		return;
	munmap((void *)memory->bytes, memory->size);
	memory->bytes = bytes;
	memory->size = (size_t)about.st_size;
}

int instance_spawn(struct instance *instance, char *const argv[], struct child_files *files)
{
	const char *label = instance->launch->show_console ? instance->launch->image->config->name : NULL;
	bool process = instance->launch->accelerator == ACCELERATOR_PROCESS;
	int error;

	files->output = console_open(&instance->console, label);
	files->errors = console_open(&instance->complaints, process ? label : NULL);
	if (files->output < 0 || files->errors < 0)
		return errno;
	instance->times = (struct boot_times){.start = now_ns()};
	error = child_start(&instance->child, argv, files);
	close(files->output);
	close(files->errors);
	return error;
}

uint32_t instance_state(const struct instance *instance)
{
	struct boot_progress boot;

	counters_progress(&instance->memory, &instance->launch->image->notes, &boot);
	return boot.state;
}

void instance_drain(struct instance *instance)
{
	console_drain(&instance->console);
	console_drain(&instance->complaints);
}

static void watch_boot(struct instance *instance, uint32_t state)
{
	const struct counters_memory *memory = &instance->memory;
	uint64_t landmark = instance->launch->image->notes.landmark - memory->base, now = now_ns();
	const volatile uint8_t *bytes = memory->bytes;

	if (!instance->times.loaded && (state || (landmark < memory->size && bytes[landmark])))
		instance->times.loaded = now;
	if (!instance->times.first_instruction && state >= PROGRESS_RING0)
		instance->times.first_instruction = now;
	if (!instance->times.ready && (state == PROGRESS_READY || state == PROGRESS_DONE))
		instance->times.ready = now;
}

enum readiness instance_wait_ready(struct instance *instance)
{
	static const struct timespec pause = {.tv_nsec = 200000};
	uint64_t patience = instance->launch->incoming ? boot_limit : silence_limit;

	for (;;) {
		bool ended = child_wait(&instance->child, 0);
		uint32_t state = instance_state(instance);
		uint64_t passed = now_ns() - instance->times.start;

		instance_drain(instance);
		watch_boot(instance, state);
		if (state == PROGRESS_READY || state == PROGRESS_DONE)
			return READINESS_READY;
		if (state >= PROGRESS_FAILED || (ended && state))
			return READINESS_REFUSED;
		if (ended || (!state && passed > patience))
			return READINESS_SILENT;
		if (passed > boot_limit)
			return READINESS_STUCK;
		nanosleep(&pause, NULL);
	}
}

int instance_failed(const struct instance *instance, const char *what)
{
	const struct console *said = &instance->console;

	failed("%s: the image %s%s", instance->launch->image->path, what, said->lines ? "; it said:" : "");
	if (!instance->launch->show_console)
		console_retell(said);
	if (instance->launch->accelerator == ACCELERATOR_PROCESS && !instance->launch->show_console)
		console_retell(&instance->complaints);
	return STATUS_FAILED;
}

/* One that crashed or gave up is still saying why, and then ends by itself. */
static void await_last_words(struct instance *instance)
{
	enum { TICK_MS = 10, TICKS = 300 };

	for (int i = 0; i < TICKS && instance_state(instance) >= PROGRESS_FAILED; i++) {
		if (child_wait(&instance->child, TICK_MS))
			return;
		instance_drain(instance);
	}
}

void instance_end(struct instance *instance)
{
	await_last_words(instance);
	child_end(&instance->child);
	console_close(&instance->console);
	console_close(&instance->complaints);
}

void instance_free(struct instance *instance)
{
	if (instance->memory.bytes)
		munmap((void *)instance->memory.bytes, instance->memory.size);
	if (instance->memory_descriptor > 0)
		close(instance->memory_descriptor);
	*instance = (struct instance){0};
}
