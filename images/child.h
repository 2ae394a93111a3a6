/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs that the command starts: QEMU, the compiler, an image as a process. Each dies with the command.
 */
#ifndef IMAGES_CHILD_H
#define IMAGES_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int descriptor; /* pidfd: readable once it has ended */
	bool ended;
	int status; /* exit status, or 128 + signal, once it has ended */
};

enum { CHILD_KEEPS_MAX = 160 };

struct child_files {
	const char *folder;	   /* where it is started, or NULL: here */
	int input;		   /* becomes its standard input; 0: /dev/null does */
	int output, errors;	   /* become its standard output and error */
	int keep[CHILD_KEEPS_MAX]; /* descriptors that it inherits under their numbers */
	int keeps;
	bool holds_keys; /* so it leaves no core dump */
};

/* Returns 0 or the errno of why the program can't be started: ENOENT when there is none. */
int child_start(struct child *child, char *const argv[], const struct child_files *files);

/* Waits up to `milliseconds` (-1: for ever). Returns whether it has ended. */
bool child_wait(struct child *child, int milliseconds);

/* Ends it in order: SIGTERM, and SIGKILL after two seconds. */
void child_end(struct child *child);

#endif
