/* SPDX-License-Identifier: Apache-2.0
 *
 * From a launch to QEMU's command line. vm.c starts it; `weir run --print` shows it.
 */
#ifndef IMAGES_QEMU_COMMAND_H
#define IMAGES_QEMU_COMMAND_H

#include "arguments.h"
#include "instance.h"

#define QEMU "qemu-system-x86_64"

struct qemu_processor {
	enum accelerator accelerator;
	const char *accel, *cpu;
};

/* Adds the whole command line. The machine's memory is the file behind the descriptor, or, where that is
 * negative, QEMU's own. */
void qemu_command(struct arguments *arguments, const struct launch *launch, const struct qemu_processor *how,
		  int memory_descriptor);

uint64_t qemu_memory_mib(const struct image *image);

/* How many network cards a machine has places for. */
size_t qemu_slots(enum machine machine);

#endif
