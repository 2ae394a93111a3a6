/* SPDX-License-Identifier: Apache-2.0
 *
 * A replay: captures in, captures out, over an image that runs in a VM (replay_vm.c) or as a process
 * (replay_process.c). replay.c owns one, opens and closes what is in it.
 */
#ifndef IMAGES_REPLAY_H
#define IMAGES_REPLAY_H

#include <stdint.h>

#include "capture.h"
#include "instance.h"
#include "ports.h"

struct replay {
	struct image image;
	struct launch launch;
	struct instance instance;
	struct port_values in_paths, out_paths;
	struct capture_reader in[INSTANCE_CARDS_MAX]; /* by device */
	struct capture_writer out[INSTANCE_CARDS_MAX];
	uint64_t patience_ns; /* how long nothing may move */
	uint64_t began_ns, ended_ns;
};

/* Run it from the first frame to the last, or say what went wrong (status). Afterwards the instance has ended
 * and its counters can be read. */
int replay_in_vm(struct replay *replay);
int replay_as_process(struct replay *replay);

/* Says why a replay did not get to its end. Returns STATUS_FAILED. */
int replay_broken(struct replay *replay, bool stalled);

#endif
