/* SPDX-License-Identifier: Apache-2.0
 *
 * weir run --on firecracker, cloud-hypervisor or xen: writes what the hypervisor's tool wants, with the code
 * of `weir image`, starts the tool, and waits for the image's line on the console that says it is ready.
 * These hypervisors do not share a machine's memory with others, so there are no live counters: what is shown
 * is the console. Called by run.c.
 *
 * Sources: Firecracker, docs/getting-started.md; Cloud Hypervisor, docs/device_model.md; xl(1), Xen 4.17.
 */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"
#include "formats.h"
#include "run.h"
#include "taps.h"
#include "temporary.h"
#include "tool.h"

#define SECOND UINT64_C(1000000000)
#define READY  "READY "

enum { READY_SECONDS = 120, TICK_MS = 20, END_TICKS = 250 };

/* A hypervisor: FILE in its words stands for what `weir image` writes, NAME for the appliance's name. */
static const struct elsewhere {
	const char *title, *tool, *format;
	const char *start[8], *end[4]; /* end: what ends a machine; without, the tool does with itself */
	const char *interface;	       /* what a port is connected to */
	const char *where;	       /* to get the tool */
	bool kvm;
} hypervisors[] = {
    [HYPERVISOR_FIRECRACKER] =
	{
	    .title = "Firecracker",
	    .tool = "firecracker",
	    .format = "firecracker",
	    .start = {"firecracker", "--no-api", "--config-file", "FILE"},
	    .interface = "tap",
	    .where = "Debian has no package of it: it is one program, in the releases of the "
		     "firecracker-microvm project; put it where PATH leads",
	    .kvm = true,
	},
    [HYPERVISOR_CLOUD_HYPERVISOR] =
	{
	    .title = "Cloud Hypervisor",
	    .tool = "cloud-hypervisor",
	    .format = "cloud-hypervisor",
	    .start = {"/bin/sh", "FILE"},
	    .interface = "tap",
	    .where = "Debian 12 has no package of it: it is one program, in the releases of the "
		     "cloud-hypervisor project; put it where PATH leads",
	    .kvm = true,
	},
    [HYPERVISOR_XEN] =
	{
	    .title = "Xen",
	    .tool = "xl",
	    .format = "xen",
	    .start = {"xl", "create", "-c", "FILE"},
	    .end = {"xl", "destroy", "NAME"},
	    .interface = "bridge",
	    .where = "on Debian: apt-get install xen-system-amd64, and boot that",
	},
};

/* A hypervisor's machine while it runs. */
struct guest {
	const struct elsewhere *on;
	struct run *run;
	const char *folder;
	char file[PATH_MAX];
	struct child child;
	struct console console, complaints;
	uint64_t began_ns, ready_ns; /* 0: not yet */
	size_t lines;		     /* that were looked at for READY */
};

static int check_options(const struct run *run, const struct elsewhere *on)
{
	if (run->launch.vm_option)
		return misused("%s: %s has no such thing; leave it out, or --on microvm",
			       run->launch.vm_option, on->title);
	if (run->launch.accelerator != ACCELERATOR_AUTO)
		return misused("--accel: %s has no choice there; leave it out", on->title);
	if (run->json || run->socket)
		return misused("%s: %s does not share the machine's memory, so there are no counters to show",
			       run->json ? "--json" : "--socket", on->title);
	if (run->print)
		return misused("--print: weir image %s --format %s writes the file for that", run->path,
			       on->format);
	return STATUS_DONE;
}

/* Each of the image's cards is connected: these hypervisors have no card without anything behind. */
static int check_interfaces(const struct run *run, const struct elsewhere *on)
{
	const struct config *config = run->image.config;
	int status = STATUS_DONE;

	for (size_t i = 0; status == STATUS_DONE && i < config->device_count; i++) {
		const char *name = run->taps.values[i];

		if (!name)
			return misused("%s leaves no port unconnected: --tap %s=%s", on->title,
				       config->ports[i].name,
				       strcmp(on->interface, "tap") ? "xenbr0" : "tap0");
		status = strcmp(on->interface, "tap") == 0 ? tap_check(name) : tap_check_name(name);
		if (status == STATUS_DONE && !if_nametoindex(name))
			status = failed("no bridge %s; make one: sudo ip link add %s type bridge && "
					"sudo ip link set %s up",
					name, name, name);
	}
	return status;
}

static int check_host(const struct elsewhere *on)
{
	if (!tool_is_here(on->tool))
		return failed("%s is not installed; %s", on->tool, on->where);
	if (on->kvm && access("/dev/kvm", R_OK | W_OK) != 0)
		return failed("%s needs /dev/kvm: %s", on->title, strerror(errno));
	return STATUS_DONE;
}

/* What the tool is started with. */
static int write_machine(struct guest *guest)
{
	static struct artefacts artefacts;
	static struct format_job job;
	struct run *run = guest->run;
	char *kernel = realpath(run->image.path, NULL);
	int status;

	if (!kernel)
		return failed("%s: %s", run->image.path, strerror(errno));
	if (kernel[strspn(kernel, FORMAT_PLAIN)]) {
		status = misused("%s: only letters, digits and -_=+./:@%% can be in its path", kernel);
		free(kernel);
		return status;
	}
	if (snprintf(guest->file, sizeof(guest->file), "%s/" TEMPORARY_MACHINE, guest->folder) >= PATH_MAX) {
		free(kernel);
		return failed("%s: too long a path", guest->folder);
	}
	job = (struct format_job){.image = &run->image,
				  .words = run->launch.words,
				  .output = guest->file,
				  .kernel = kernel,
				  .networks = run->taps,
				  .launch = run->launch,
				  .folder = guest->folder,
				  .artefacts = &artefacts};
	status = format_prepare(&job);
	if (status == STATUS_DONE)
		status = format_find(guest->on->format)->make(&job);
	artefacts_free(&artefacts);
	free(kernel);
	return status;
}

static void fill_in(struct arguments *arguments, const struct guest *guest, const char *const *words)
{
	for (; *words; words++) {
		const char *word = strcmp(*words, "FILE") == 0	 ? guest->file
				   : strcmp(*words, "NAME") == 0 ? guest->run->image.config->name
								 : *words;

		arguments_add(arguments, "%s", word);
	}
}

static int spawn(struct guest *guest)
{
	struct arguments arguments = {0};
	struct child_files files = {.folder = guest->folder};
	int error;

	fill_in(&arguments, guest, guest->on->start);
	files.output = console_open(&guest->console, guest->run->image.config->name);
	files.errors = console_open(&guest->complaints, guest->on->tool);
	if (files.output < 0 || files.errors < 0)
		return failed("no pipe: %s", strerror(errno));
	guest->began_ns = now_ns();
	error = child_start(&guest->child, arguments.words, &files);
	close(files.output);
	close(files.errors);
	arguments_free(&arguments);
	return error ? failed("cannot start %s: %s", guest->on->tool, strerror(error)) : STATUS_DONE;
}

static void look_for_ready(struct guest *guest)
{
	for (; guest->lines < guest->console.lines; guest->lines++)
		if (strncmp(console_recent(&guest->console, guest->console.lines - 1 - guest->lines), READY,
			    strlen(READY)) == 0 &&
		    !guest->ready_ns)
			guest->ready_ns = now_ns();
}

static void drain(struct guest *guest)
{
	console_drain(&guest->console);
	console_drain(&guest->complaints);
	if (guest->ready_ns)
		return;
	look_for_ready(guest);
	if (!guest->ready_ns)
		return;
	printf("ready on %s after %.0f ms; no counters here: its console follows, until Ctrl-C\n",
	       guest->on->title, (double)(guest->ready_ns - guest->began_ns) / 1e6);
	fflush(stdout);
}

/* Waits for something to happen. Returns whether a person, or --for, ends the run. */
static bool wait_event(const struct guest *guest)
{
	struct pollfd watched[] = {
	    {.fd = guest->run->signals, .events = POLLIN},
	    {.fd = guest->child.descriptor, .events = POLLIN},
	    {.fd = guest->console.descriptor, .events = POLLIN},
	    {.fd = guest->complaints.descriptor, .events = POLLIN},
	};
	uint64_t duration = guest->run->duration_ns;
	struct signalfd_siginfo signal;

	poll(watched, sizeof(watched) / sizeof(watched[0]), TICK_MS);
	if (watched[0].revents && read(guest->run->signals, &signal, sizeof(signal)) == sizeof(signal))
		return signal.ssi_signo != SIGWINCH;
	return duration && guest->ready_ns && now_ns() - guest->ready_ns >= duration;
}

/* Xen's machines are no children of its tool: they outlive it. */
static void end_machine(struct guest *guest, bool runs)
{
	struct arguments arguments = {0};

	if (guest->on->end[0] && runs) {
		fill_in(&arguments, guest, guest->on->end);
		tool_run("ending the machine", NULL, &arguments);
		arguments_free(&arguments);
		for (int i = 0; i < END_TICKS && !child_wait(&guest->child, TICK_MS); i++)
			drain(guest);
	}
	child_end(&guest->child);
	console_close(&guest->console);
	console_close(&guest->complaints);
}

static int follow(struct guest *guest)
{
	bool over = false, late = false;

	while (!over && !late && !child_wait(&guest->child, 0)) {
		over = wait_event(guest);
		drain(guest);
		late = !guest->ready_ns && now_ns() - guest->began_ns > READY_SECONDS * SECOND;
	}
	drain(guest);
	end_machine(guest, over || late);
	look_for_ready(guest);
	if (over)
		return STATUS_DONE;
	if (late)
		return failed("%s: the image did not get ready within two minutes", guest->run->image.path);
	return failed("%s: the image %s; %s ended with status %d", guest->run->image.path,
		      guest->ready_ns ? "ended by itself" : "did not get ready", guest->on->tool,
		      guest->child.status);
}

static int start(struct guest *guest)
{
	int status = STATUS_FAILED;

	watch_prepare(guest->run);
	guest->folder = temporary_create();
	if (guest->folder)
		status = write_machine(guest);
	if (status == STATUS_DONE)
		status = spawn(guest);
	if (status == STATUS_DONE)
		status = follow(guest);
	if (guest->folder)
		temporary_remove(guest->folder);
	return status;
}

int run_elsewhere(struct run *run)
{
	static struct guest guest;
	const struct elsewhere *on = &hypervisors[run->launch.hypervisor];
	int status = check_options(run, on);

	if (status == STATUS_DONE)
		status = check_host(on);
	if (status == STATUS_DONE)
		status = check_interfaces(run, on);
	if (status != STATUS_DONE)
		return status;
	guest = (struct guest){.on = on, .run = run};
	return start(&guest);
}
