/* SPDX-License-Identifier: Apache-2.0
 *
 * The options that run and replay have in common.
 */
#ifndef IMAGES_LAUNCH_H
#define IMAGES_LAUNCH_H

#include <getopt.h>
#include <stdbool.h>

#include "instance.h"

enum launch_option { OPTION_ACCEL = 256, OPTION_MACHINE, OPTION_RING, OPTION_SEED, OPTION_OWN };

#define LAUNCH_OPTIONS \
	{"accel", required_argument, NULL, OPTION_ACCEL}, \
	    {"machine", required_argument, NULL, OPTION_MACHINE}, \
	    {"ring", required_argument, NULL, OPTION_RING}, \
	{ \
		"seed", required_argument, NULL, OPTION_SEED \
	}

/* Takes one of the options above. `seed` becomes the digits. Status. */
int launch_option(struct launch *launch, const char **seed, int option, const char *value);

/* `run --on`: a machine of QEMU's, or another hypervisor. Status. */
int launch_on(struct launch *launch, const char *value);

/* Refuses options that contradict each other, once all were taken. Status. */
int launch_check(const struct launch *launch);

/* A positive number of seconds, as nanoseconds. Status. */
int launch_seconds(const char *option, const char *value, uint64_t *nanoseconds);

#endif
