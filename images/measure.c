/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring an image; see measure.h. It stops itself when it has started (boot/ring3/arguments.h, `measure`);
 * the peak of its address space is then what a VM must have as RAM, since nothing there is mapped lazily.
 */
#include "measure.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "child.h"
#include "command.h"
#include "console.h"
#include "temporary.h"

#define MIB (UINT64_C(1) << 20)

enum {
	PATIENCE_SECONDS = 120,
	PAUSE_MS = 2,
	FIXED_MIB = 6,	  /* below the image, ring 0's tables, ends of large pages */
	DEVICE_KIB = 256, /* rings of a card, its share of large pages */
	STEP_MIB = 8,
	SMALLEST_MIB = 32,
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Peak of the process's address space in bytes, 0 where it can't be told. */
static uint64_t address_space_peak(pid_t pid)
{
	unsigned long long kib = 0;
	char path[40], line[128];
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmPeak: %llu kB", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib << 10;
}

/* Waits until the child stops or ends. Returns whether it has stopped. */
static bool wait_stopped(struct child *child, struct console *console)
{
	double patience = now() + PATIENCE_SECONDS;

	while (now() < patience && !child_wait(child, PAUSE_MS)) {
		siginfo_t stopped = {0};

		console_drain(console);
		if (waitid(P_PID, (id_t)child->pid, &stopped, WSTOPPED | WNOHANG) == 0 && stopped.si_pid)
			return true;
	}
	return false;
}

static uint64_t memory_for(uint64_t peak, size_t devices)
{
	uint64_t need = peak + FIXED_MIB * MIB + devices * DEVICE_KIB * UINT64_C(1024);
	uint64_t step = STEP_MIB * MIB, smallest = SMALLEST_MIB * MIB;

	need = (need + step - 1) / step * step;
	return need < smallest ? smallest : need;
}

static int start(struct child *child, const char *path, int output)
{
	struct child_files files = {.output = output, .errors = output};
	struct arguments arguments = {0};
	int error;

	arguments_add(&arguments, "%s", path);
	arguments_add(&arguments, "measure");
	error = child_start(child, arguments.words, &files);
	arguments_free(&arguments);
	return error ? failed("cannot start %s: %s", path, strerror(error)) : STATUS_DONE;
}

int measure_image(const char *path, size_t devices, struct measure *result)
{
	char *whole = realpath(path, NULL);
	struct console console;
	struct child child;
	double begun = now();
	int output = console_open(&console, NULL), status;
	uint64_t peak = 0;

	if (!whole || output < 0)
		return failed("%s: cannot be measured: %s", path, strerror(errno));
	progress("measuring the memory it needs");
	status = start(&child, whole, output);
	close(output);
	free(whole);
	if (status == STATUS_DONE) {
		temporary_tool(child.pid);
		if (wait_stopped(&child, &console))
			peak = address_space_peak(child.pid);
		result->seconds = now() - begun;
		kill(child.pid, child.ended ? 0 : SIGKILL);
		child_wait(&child, -1);
		temporary_tool(0);
	}
	progress_end();
	if (status == STATUS_DONE && peak == 0) {
		status = failed("%s: the image does not start; it said:", path);
		console_retell(&console);
	}
	console_close(&console);
	result->bytes = memory_for(peak, devices);
	return status;
}
