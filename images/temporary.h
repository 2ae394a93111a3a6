/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders for what is made on the way to an image. A signal that ends the program removes them too; the files
 * in them have the names below.
 */
#ifndef IMAGES_TEMPORARY_H
#define IMAGES_TEMPORARY_H

#include <sys/types.h>

#define TEMPORARY_SOURCE "appliance.c"
#define TEMPORARY_OBJECT "appliance.o"
#define TEMPORARY_IMAGE	 "image.elf"
#define TEMPORARY_DEBUG	 "image.elf.debug"
#define TEMPORARY_KEPT	 "image.elf.c"
#define TEMPORARY_SIDES \
	{ \
		"a.sock", "b.sock" \
	} /* of the traffic generator */

/* Of `weir image`. */
#define TEMPORARY_BOOTED      "weir.elf"
#define TEMPORARY_GRUB_CONFIG "grub.cfg"
#define TEMPORARY_GRUB_EARLY  "early.cfg"
#define TEMPORARY_GRUB_BIOS   "bios.img"
#define TEMPORARY_GRUB_EFI    "bootx64.efi"
#define TEMPORARY_EFI_DISK    "efi.img"
#define TEMPORARY_DISK	      "disk.raw"
#define TEMPORARY_PACKED      "disk.qcow2"
#define TEMPORARY_DISC	      "disc.iso"

/* Of `weir run --on`: what the hypervisor's tool is told. */
#define TEMPORARY_MACHINE "machine"

/* Where there are keys; to be made readable by their owner only. */
#define TEMPORARY_SECRETS	 "secrets.c"
#define TEMPORARY_SECRETS_OBJECT "secrets.o"

/* Makes a folder. Returns its path, which is good until it is removed, or NULL after saying why. */
const char *temporary_create(void);

/* Removes a folder and what is in it. */
void temporary_remove(const char *folder);

/* While a tool runs (its process and process group; 0: none) a signal ends it first, so that it removes its
 * own temporary files. */
void temporary_tool(pid_t tool);

#endif
