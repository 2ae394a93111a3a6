/* SPDX-License-Identifier: Apache-2.0
 *
 * The words that an image is started with: the kernel command line in a VM, argv of a process.
 *
 *     seed=HEX            fixed seed for host_random: up to 64 digits, the missing ones are 0
 *     replay              frames carry struct replay_header (pktio/replay.h)
 * and of a process only:
 *     PORT=pcap:IN[:OUT]  captures for a device; implies replay
 *     PORT=tap:INTERFACE
 *     stats=PATH          file to keep the counters' pages in
 *     measure             start without devices, and stop (SIGSTOP) where polling would begin
 */
#ifndef BOOT_RING3_ARGUMENTS_H
#define BOOT_RING3_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "nf/stats.h"
#include "pktio/devices.h"
#include "random.h"

struct arguments {
	bool replay, seeded, measure;
	uint8_t seed[RANDOM_SEED_BYTES];
	const char *stats_path;
	struct device_source sources[PORTS_MAX];
};

/* Parses all words; the results point into them, and a capture's word is split in place. Hypervisors add
 * words of their own, so unknown ones are errors in a process only. Returns 0, or -EINVAL after a line on the
 * console. */
int arguments_parse(struct arguments *arguments, int argc, char **argv, bool process);

#endif
