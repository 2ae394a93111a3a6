/* SPDX-License-Identifier: Apache-2.0
 *
 * The traffic generator as a child; see generator.h.
 */
#include "generator.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

enum { READY_MS = 30000, TICK_MS = 100 };

/* Beside the command itself, or "". */
static const char *program(void)
{
	static char path[PATH_MAX + sizeof("/generator")];
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return "";
	self[length] = '\0';
	snprintf(path, sizeof(path), "%s/generator", dirname(self));
	return path;
}

int generator_check(void)
{
	if (access(program(), X_OK) == 0)
		return STATUS_DONE;
	return failed("%s: there is no traffic generator; make generator", program());
}

static int explain(struct generator *generator, const char *what)
{
	child_end(&generator->child);
	console_close(&generator->complaints);
	failed("the traffic generator %s%s", what, generator->complaints.lines ? "; it said:" : "");
	console_retell(&generator->complaints);
	return STATUS_FAILED;
}

static int spawn(struct generator *generator, struct arguments *words, struct child_files *files)
{
	int in[2], out[2], error;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return errno;
	generator->words = in[1];
	generator->results = out[0];
	files->input = in[0];
	files->output = out[1];
	files->errors = console_open(&generator->complaints, NULL);
	error = files->errors < 0 ? errno : child_start(&generator->child, words->words, files);
	close(in[0]);
	close(out[1]);
	if (files->errors >= 0)
		close(files->errors);
	fcntl(generator->results, F_SETFL, O_NONBLOCK);
	return error;
}

static int await_ready(struct generator *generator)
{
	json_t *ready;

	for (int waited = 0; waited < READY_MS; waited += TICK_MS) {
		struct pollfd result = {.fd = generator->results, .events = POLLIN};
		int found;

		poll(&result, 1, TICK_MS);
		found = generator_receive(generator, &ready);
		if (found == 0)
			continue;
		if (found > 0)
			json_decref(ready);
		return found > 0 ? STATUS_DONE : STATUS_FAILED;
	}
	return explain(generator, "did not get ready");
}

int generator_start(struct generator *generator, struct arguments *words, struct child_files *files)
{
	struct arguments all = {0};
	int error;

	*generator = (struct generator){.words = -1, .results = -1, .complaints.descriptor = -1};
	arguments_add(&all, "%s", program());
	for (size_t i = 0; i < words->count; i++)
		arguments_add(&all, "%s", words->words[i]);
	arguments_free(words);
	error = spawn(generator, &all, files);
	arguments_free(&all);
	if (error)
		return failed("%s: cannot start it: %s", program(), strerror(error));
	return await_ready(generator);
}

int generator_send(struct generator *generator, const char *words)
{
	if (dprintf(generator->words, "%s\n", words) < 0)
		return explain(generator, "takes no words");
	return STATUS_DONE;
}

static int take_line(struct generator *generator, size_t length, json_t **result)
{
	*result = json_loadb(generator->line, length, 0, NULL);
	generator->filled -= length + 1;
	memmove(generator->line, generator->line + length + 1, generator->filled);
	if (*result)
		return 1;
	explain(generator, "gave a result that makes no sense");
	return -1;
}

int generator_receive(struct generator *generator, json_t **result)
{
	size_t room = sizeof(generator->line) - generator->filled;
	ssize_t got = read(generator->results, generator->line + generator->filled, room);
	char *end;

	console_drain(&generator->complaints);
	if (got > 0)
		generator->filled += (size_t)got;
	end = memchr(generator->line, '\n', generator->filled);
	if (end)
		return take_line(generator, (size_t)(end - generator->line), result);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got > 0)
		return 0;
	explain(generator, "ended");
	return -1;
}

void generator_end(struct generator *generator)
{
	if (generator->words >= 0)
		close(generator->words);
	if (generator->results >= 0)
		close(generator->results);
	if (generator->child.pid > 0 && !child_wait(&generator->child, 2000)) /* it ends with its input */
		child_end(&generator->child);
	console_close(&generator->complaints);
	*generator = (struct generator){.words = -1, .results = -1, .complaints.descriptor = -1};
}
