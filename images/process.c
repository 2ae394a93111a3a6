/* SPDX-License-Identifier: Apache-2.0
 *
 * Running an image as a Linux process: the same bytes, no VM. Its arguments say where ports and counters are.
 */
#include "instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"

static int explain_start(const char *path, int error)
{
	if (error == EACCES)
		return failed("%s: not executable; chmod +x it", path);
	return failed("%s: cannot start the image: %s", path, strerror(error));
}

static int explain_readiness(struct instance *instance, enum readiness readiness)
{
	switch (readiness) {
	case READINESS_READY:
		return STATUS_DONE;
	case READINESS_STUCK:
		return instance_failed(instance, "did not get ready within two minutes");
	case READINESS_SILENT:
		return instance_failed(instance, "ended before it began");
	default:
		return instance_failed(
		    instance, instance_state(instance) == PROGRESS_CRASHED ? "crashed" : "refused to start");
	}
}

/* An image that holds keys is not executable, and is run from a copy that has no name. Returns its
 * descriptor, or -1 where the file itself can be run, or nothing can. */
static int copy_to_run(const struct image *image)
{
	int descriptor;
	size_t done = 0;

	if (!image->config->has_vpn || access(image->path, X_OK) == 0)
		return -1;
	descriptor = memfd_create("weir", MFD_CLOEXEC);
	while (descriptor >= 0 && done < image->size) {
		ssize_t written = write(descriptor, image->bytes + done, image->size - done);

		if (written <= 0) {
			close(descriptor);
			return -1;
		}
		done += (size_t)written;
	}
	return descriptor;
}

static void run_copy(struct arguments *arguments, int copy)
{
	free(arguments->words[0]);
	if (asprintf(&arguments->words[0], "/proc/self/fd/%d", copy) < 0)
		abort();
}

int process_arguments(struct arguments *arguments, const struct launch *launch)
{
	const char *path = launch->image->path;

	arguments_add(arguments, "%s%s", strchr(path, '/') ? "" : "./", path);
	arguments_split(arguments, launch->words);
	return STATUS_DONE;
}

int process_start(struct instance *instance, const struct launch *launch)
{
	const struct stats_note *note = &launch->image->notes.stats;
	struct child_files files = launch->inherits;
	struct arguments arguments = {0};
	enum readiness readiness;
	int error, copy;

	*instance = (struct instance){.launch = launch, .accelerator = ACCELERATOR_PROCESS};
	if (instance_share_memory(instance, note->section_bytes, note->section) != STATUS_DONE)
		return STATUS_FAILED;
	instance->memory.section_bytes = note->section_bytes;
	process_arguments(&arguments, launch);
	copy = copy_to_run(launch->image);
	if (copy >= 0)
		run_copy(&arguments, copy);
	arguments_add(&arguments, "stats=/proc/self/fd/%d", instance->memory_descriptor);
	files.keep[files.keeps++] = instance->memory_descriptor;
	files.holds_keys = launch->image->config->tunnel_count > 0;
	error = instance_spawn(instance, arguments.words, &files);
	arguments_free(&arguments);
	if (copy >= 0)
		close(copy);
	if (error)
		return explain_start(launch->image->path, error);
	readiness = instance_wait_ready(instance);
	if (readiness == READINESS_READY) {
		instance_map_more(instance);
		return STATUS_DONE;
	}
	instance_end(instance);
	return explain_readiness(instance, readiness);
}
