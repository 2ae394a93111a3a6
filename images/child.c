/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting and ending programs; see child.h.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Neither to a file, which would be larger, nor to a program that takes dumps: core(5) and Linux's
 * fs/coredump.c have 1 mean that. Unlike PR_SET_DUMPABLE this lasts when another program is executed. */
static void forbid_core_dumps(void)
{
	const struct rlimit none = {1, 1};

	setrlimit(RLIMIT_CORE, &none);
}

/* In the child. A process group of its own keeps the terminal's Ctrl-C with the command, which ends it in
 * order. */
static void become(char *const argv[], const struct child_files *files, pid_t parent, int report)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), error;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (files->holds_keys)
		forbid_core_dumps();
	for (int i = 0; i < files->keeps; i++)
		fcntl(files->keep[i], F_SETFD, 0);
	if ((!files->folder || chdir(files->folder) == 0) &&
	    dup2(files->input ? files->input : null, 0) == 0 && dup2(files->output, 1) == 1 &&
	    dup2(files->errors, 2) == 2)
		execvp(argv[0], argv);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(2);
	_exit(127);
}

/* The pipe closes by itself on a successful exec; otherwise it brings the reason. */
static int wait_for_exec(struct child *child, int report)
{
	int error = 0;

	if (read(report, &error, sizeof(error)) != sizeof(error))
		return 0;
	waitpid(child->pid, NULL, 0);
	child->ended = true;
	return error;
}

int child_start(struct child *child, char *const argv[], const struct child_files *files)
{
	pid_t parent = getpid();
	int report[2], error;

	*child = (struct child){.descriptor = -1};
	if (pipe2(report, O_CLOEXEC) < 0)
		return errno;
	child->pid = fork();
	if (child->pid == 0)
		become(argv, files, parent, report[1]);
	error = child->pid < 0 ? errno : 0;
	close(report[1]);
	if (!error)
		error = wait_for_exec(child, report[0]);
	close(report[0]);
	if (error) {
		child->ended = true;
		return error;
	}
	child->descriptor = pidfd_open(child->pid, 0);
	return 0;
}

bool child_wait(struct child *child, int milliseconds)
{
	struct pollfd ended = {.fd = child->descriptor, .events = POLLIN};
	int status;

	if (child->ended)
		return true;
	if (poll(&ended, 1, milliseconds) <= 0)
		return false;
	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return false;
	child->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	child->ended = true;
	close(child->descriptor);
	child->descriptor = -1;
	return true;
}

void child_end(struct child *child)
{
	if (child->pid <= 0 || child_wait(child, 0))
		return;
	kill(child->pid, SIGTERM);
	if (child_wait(child, 2000))
		return;
	kill(child->pid, SIGKILL);
	child_wait(child, -1);
}
