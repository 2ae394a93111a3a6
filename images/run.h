/* SPDX-License-Identifier: Apache-2.0
 *
 * A run: an image between tap interfaces. run.c understands the command and starts it, watch.c shows what it
 * does until its end.
 */
#ifndef IMAGES_RUN_H
#define IMAGES_RUN_H

#include "access.h"
#include "live.h"
#include "ports.h"

struct run {
	struct image image;
	struct launch launch;
	struct instance instance;
	struct counters counters;
	struct live live;
	struct tunnel_list tunnels;
	struct port_values taps;
	const char *tap_arguments[INSTANCE_CARDS_MAX];
	size_t tap_count;
	const char *path, *seed, *socket;
	struct access_server access;
	uint64_t duration_ns; /* 0: until somebody ends it */
	uint64_t began_ns;
	bool json, print;
	bool screen; /* the live view, on a terminal */
	int signals;
};

/* The run under a hypervisor other than QEMU; the image is open, the taps are named. Status. */
int run_elsewhere(struct run *run);

/* Blocks the signals that end or resize a run, so that run->signals gets them, and decides how to show it.
 * Before the instance is started. */
void watch_prepare(struct run *run);

/* Shows a started instance until it ends or is ended. Status. */
int watch(struct run *run);

#endif
