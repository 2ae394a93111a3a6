/* SPDX-License-Identifier: Apache-2.0
 *
 * A running image: in a VM under QEMU (vm.c) or as a process (process.c). replay.c and run.c start one, feed
 * it, read its counters while it runs, and end it; its memory stays mapped after its end, until
 * instance_free.
 */
#ifndef IMAGES_INSTANCE_H
#define IMAGES_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments.h"
#include "child.h"
#include "console.h"
#include "counters.h"
#include "image.h"

enum accelerator { ACCELERATOR_AUTO, ACCELERATOR_KVM, ACCELERATOR_TCG, ACCELERATOR_PROCESS };
enum machine { MACHINE_MICROVM, MACHINE_Q35 }; /* QEMU's */
enum hypervisor { HYPERVISOR_QEMU, HYPERVISOR_FIRECRACKER, HYPERVISOR_CLOUD_HYPERVISOR, HYPERVISOR_XEN };

enum { INSTANCE_CARDS_MAX = 64, FALLBACK_MAX = 320 };

/* A network card of the VM. */
struct card {
	uint8_t mac[6];
	int stream;		/* a connected stream socket that QEMU inherits, or -1 */
	const char *tap;	/* an interface of the host, or NULL */
	const char *vhost_user; /* a socket at which a vhost-user back end listens, or NULL; no comma in it */
};

/* What is to be started. */
struct launch {
	const struct image *image;
	enum accelerator accelerator;
	enum hypervisor hypervisor; /* run only: all but QEMU are run_elsewhere.c's */
	enum machine machine;
	const char *vm_option; /* the last option given that only a VM has, or NULL */
	bool packed;	       /* virtio's packed ring */
	bool makes_keys;       /* the image wants random numbers from more than the processor */
	bool show_console;     /* lines of the image go to standard error as they come */
	const char *words;     /* the image's arguments */
	const char *qmp;       /* where QEMU takes commands, or NULL; no comma in it */
	const char *incoming;  /* from where QEMU takes the state of a machine that was saved, or NULL */
	struct child_files inherits; /* process: descriptors that the words speak of; VM: filled in */
	struct card cards[INSTANCE_CARDS_MAX];
	size_t card_count;
};

/* When it came how far, in nanoseconds of CLOCK_MONOTONIC; 0: not (yet). */
struct boot_times {
	uint64_t start, loaded, first_instruction, ready;
};

struct instance {
	const struct launch *launch;
	enum accelerator accelerator; /* the one that was chosen */
	char fallback[FALLBACK_MAX];  /* why it is TCG although nobody asked for that, or "" */
	struct child child;
	struct console console;	   /* what the image says */
	struct console complaints; /* what QEMU says */
	struct counters_memory memory;
	int memory_descriptor;
	struct boot_times times;
};

/* Start it and wait until it polls its ports, or say what went wrong (status). */
int vm_start(struct instance *instance, const struct launch *launch);
int process_start(struct instance *instance, const struct launch *launch);

/* The two above, as the launch says. */
int instance_start(struct instance *instance, const struct launch *launch);

/* What they would start, as a command line that works without the host command: the machine has memory of its
 * own, the process no counters to share. Status. */
int vm_arguments(struct arguments *arguments, const struct launch *launch);
int process_arguments(struct arguments *arguments, const struct launch *launch);

/* A process may have made the memory that it shares larger: maps all of it. */
void instance_map_more(struct instance *instance);

/* Creates the memory that is shared with the instance. Status. */
int instance_share_memory(struct instance *instance, size_t size, uint64_t base);

/* Starts a program and its pipes. Returns 0 or errno. */
int instance_spawn(struct instance *instance, char *const argv[], struct child_files *files);

/* How waiting for READY went. */
enum readiness {
	READINESS_READY,
	READINESS_REFUSED, /* the image says no, or crashed: its console says why */
	READINESS_SILENT,  /* nothing of the image has run */
	READINESS_STUCK,   /* it began, but does not come to an end */
};
enum readiness instance_wait_ready(struct instance *instance);

/* Says that the image refused, crashed or got stuck, with its last lines. Returns STATUS_FAILED. */
int instance_failed(const struct instance *instance, const char *what);

uint32_t instance_state(const struct instance *instance);
void instance_drain(struct instance *instance);

/* Ends it in order, and reads the rest of what it said. Counters can still be read. */
void instance_end(struct instance *instance);
void instance_free(struct instance *instance);

const char *accelerator_name(enum accelerator accelerator);
uint64_t now_ns(void);

#endif
