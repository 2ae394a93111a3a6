/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person sees of a run; see run.h. On a terminal the live view; elsewhere a line a second. At the end
 * the whole table, or with --json an object a second and one at the end.
 */
#include "run.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"

#define SECOND UINT64_C(1000000000)

enum { ROWS_UNKNOWN = 24 };
enum event { EVENT_SECOND, EVENT_RESIZED, EVENT_VISITOR, EVENT_END };

static const int wanted_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};

/* Lines of the image's console would spoil the view: it shows the last of them itself. */
void watch_prepare(struct run *run)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	for (size_t i = 0; i < sizeof(wanted_signals) / sizeof(wanted_signals[0]); i++)
		sigaddset(&wanted, wanted_signals[i]);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	run->signals = signalfd(-1, &wanted, SFD_CLOEXEC);
	run->screen = isatty(STDOUT_FILENO) && !run->json;
	run->launch.show_console = !run->screen || !isatty(STDERR_FILENO);
}

static int terminal_rows(void)
{
	struct winsize window = {0};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
	return window.ws_row ? window.ws_row : ROWS_UNKNOWN;
}

static void print_line(const struct run *run, uint64_t elapsed_ns)
{
	struct books books = counters_books(&run->counters);

	printf("%4.0f s  in %llu  forwarded %llu  consumed %llu  dropped %llu  out %llu\n",
	       (double)elapsed_ns / 1e9, (unsigned long long)books.received,
	       (unsigned long long)run->counters.page.forwarded,
	       (unsigned long long)run->counters.page.consumed, (unsigned long long)books.dropped,
	       (unsigned long long)books.sent);
}

static struct report describe(const struct run *run)
{
	return (struct report){
	    .instance = &run->instance,
	    .counters = &run->counters,
	    .elapsed_ns = now_ns() - run->began_ns,
	    .tunnels = &run->tunnels,
	};
}

static bool read_counters(struct run *run)
{
	const struct counters_memory *memory = &run->instance.memory;

	instance_drain(&run->instance);
	if (!counters_read(memory, &run->image.notes, &run->counters))
		return false;
	tunnel_list_free(&run->tunnels);
	return tunnel_list_read(&run->tunnels, memory, &run->counters.page, run->image.config, NULL,
				tunnel_wall_ns());
}

static void redraw(const struct run *run)
{
	struct report report = describe(run);

	if (run->screen)
		live_draw(&run->live, &report, stdout, terminal_rows());
}

static void show_second(struct run *run)
{
	struct report report;

	if (!read_counters(run))
		return;
	report = describe(run);
	live_sample(&run->live, &run->counters, now_ns());
	live_flows_look(&run->live.flows, &run->instance.memory, &run->counters.page, now_ns());
	if (run->json)
		report_print_json(&report, stdout, false);
	else if (!run->screen)
		print_line(run, report.elapsed_ns);
	redraw(run);
	fflush(stdout);
}

static void show_end(struct run *run)
{
	struct report report;

	if (!read_counters(run))
		return;
	report = describe(run);
	if (run->json)
		report_print_json(&report, stdout, false);
	else
		report_print(&report, stdout);
	fflush(stdout);
}

static bool is_resize(const struct run *run)
{
	struct signalfd_siginfo signal;

	return read(run->signals, &signal, sizeof(signal)) == sizeof(signal) && signal.ssi_signo == SIGWINCH;
}

/* Sleeps to the next second, to a resize, or to the end of the run. */
static enum event wait_event(struct run *run, uint64_t *next_ns)
{
	struct pollfd watched[] = {
	    {.fd = run->signals, .events = POLLIN},
	    {.fd = run->instance.child.descriptor, .events = POLLIN},
	    {.fd = run->access.listening, .events = POLLIN},
	};
	uint64_t end = run->duration_ns ? run->began_ns + run->duration_ns : UINT64_MAX, now = now_ns();
	uint64_t wake = *next_ns < end ? *next_ns : end;
	int pause = wake > now ? (int)((wake - now) / 1000000) + 1 : 0;

	poll(watched, 3, pause);
	if (watched[0].revents)
		return is_resize(run) ? EVENT_RESIZED : EVENT_END;
	if (watched[1].revents || now_ns() >= end)
		return EVENT_END;
	if (watched[2].revents)
		return EVENT_VISITOR;
	*next_ns = now_ns() + SECOND;
	return EVENT_SECOND;
}

/* Returns whether the image ended by itself. */
static bool watch_to_end(struct run *run)
{
	uint64_t next_ns = now_ns() + SECOND;
	enum event event;

	while ((event = wait_event(run, &next_ns)) != EVENT_END) {
		if (event == EVENT_RESIZED)
			redraw(run);
		else if (event == EVENT_VISITOR)
			access_serve(&run->access, &run->instance);
		else
			show_second(run);
	}
	return child_wait(&run->instance.child, 0);
}

/* A VM that was ended while packets were inside of the chain has books that don't balance yet. */
static int check_books(const struct run *run)
{
	struct books books = counters_books(&run->counters);

	if (run->counters.progress.burst_port >= 0 || (books.received_balance && books.sent_balance))
		return STATUS_DONE;
	return failed("%s: the image's books do not balance", run->image.path);
}

int watch(struct run *run)
{
	bool ended;

	run->began_ns = now_ns();
	if (run->screen) {
		live_open(stdout);
		show_second(run);
	}
	ended = watch_to_end(run);
	if (run->screen)
		live_close(stdout);
	instance_end(&run->instance);
	if (!run->launch.show_console && !ended)
		console_retell(&run->instance.console);
	show_end(run);
	if (!ended)
		return check_books(run);
	return instance_failed(&run->instance, instance_state(&run->instance) == PROGRESS_CRASHED
						   ? "crashed"
						   : "ended by itself");
}
