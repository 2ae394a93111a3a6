/* SPDX-License-Identifier: Apache-2.0
 *
 * Temporary folders; see temporary.h. What the signal handler calls is async-signal-safe (signal-safety(7)).
 */
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

enum { FOLDERS_MAX = 2 }; /* one for the image, one for what it is made of, or later for sockets */

static const char *const names[] = {TEMPORARY_SOURCE,	      TEMPORARY_OBJECT,	   TEMPORARY_IMAGE,
				    TEMPORARY_DEBUG,	      TEMPORARY_KEPT,	   TEMPORARY_SECRETS,
				    TEMPORARY_SECRETS_OBJECT, TEMPORARY_BOOTED,	   TEMPORARY_GRUB_CONFIG,
				    TEMPORARY_GRUB_EARLY,     TEMPORARY_GRUB_BIOS, TEMPORARY_GRUB_EFI,
				    TEMPORARY_EFI_DISK,	      TEMPORARY_DISK,	   TEMPORARY_PACKED,
				    TEMPORARY_DISC,	      TEMPORARY_MACHINE};
static const char *const sides[] = TEMPORARY_SIDES;
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static char folders[FOLDERS_MAX][PATH_MAX]; /* the first byte of a free one is 0 */
static volatile sig_atomic_t running_tool;

static void empty(const char *folder)
{
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(descriptor, names[i], 0);
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
		unlinkat(descriptor, sides[i], 0);
	close(descriptor);
	rmdir(folder);
}

/* Then dies of the signal, as without a handler: whoever waits sees why. A tool may have stopped itself
 * (measure.c), or be about to: it must go on to end. */
static void clean_up(int number)
{
	int status;

	if (running_tool > 0) {
		kill(-(pid_t)running_tool, SIGTERM);
		kill(-(pid_t)running_tool, SIGCONT);
		while (waitpid((pid_t)running_tool, &status, WUNTRACED) > 0 && WIFSTOPPED(status))
			kill(-(pid_t)running_tool, SIGCONT);
	}
	for (int i = 0; i < FOLDERS_MAX; i++)
		if (folders[i][0])
			empty(folders[i]);
	signal(number, SIG_DFL);
	raise(number);
}

/* A signal that whoever started the program wants ignored stays ignored. */
static void watch_signals(void)
{
	struct sigaction action = {.sa_handler = clean_up}, old;

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		sigaddset(&action.sa_mask, ending[i]);
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(ending[i], &action, NULL);
	}
}

/* No signal comes between making a folder and knowing of it. */
static bool make(char *path)
{
	sigset_t all, before;
	bool made;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	made = mkdtemp(path);
	if (!made) {
		failed("%s: cannot make a temporary folder: %s", path, strerror(errno));
		path[0] = '\0';
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return made;
}

const char *temporary_create(void)
{
	const char *base = getenv("TMPDIR");
	char *path = folders[0][0] ? folders[1] : folders[0], wanted[PATH_MAX];
	int length = snprintf(wanted, sizeof(wanted), "%s/weir-XXXXXX", base && *base ? base : "/tmp");

	if (length >= PATH_MAX) {
		failed("TMPDIR: too long a path");
		return NULL;
	}
	watch_signals();
	strcpy(path, wanted);
	return make(path) ? path : NULL;
}

void temporary_remove(const char *folder)
{
	for (int i = 0; i < FOLDERS_MAX; i++) {
		if (folders[i] != folder)
			continue;
		empty(folder);
		folders[i][0] = '\0';
	}
}

void temporary_tool(pid_t tool)
{
	running_tool = tool;
}
