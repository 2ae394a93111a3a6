/* SPDX-License-Identifier: Apache-2.0
 *
 * GRUB, as the disks that `weir image` makes carry it: it reads its configuration and the image from the same
 * disk, and starts the image by the Multiboot2 protocol. Its parts come from Debian's packages; grub-mkimage
 * joins them.
 *
 * Sources: grub-mkimage(1); GRUB manual 2.06, "Images" and "BIOS installation".
 */
#ifndef IMAGES_GRUB_H
#define IMAGES_GRUB_H

#define GRUB_BIOS_FOLDER "/usr/lib/grub/i386-pc"
#define GRUB_EFI_FOLDER	 "/usr/lib/grub/x86_64-efi"

/* Rows of a format's needs. */
#define GRUB_NEEDS \
	{"grub-mkimage", "grub-common"}, {GRUB_BIOS_FOLDER "/boot.img", "grub-pc-bin"}, \
	{ \
		GRUB_EFI_FOLDER "/multiboot2.mod", "grub-efi-amd64-bin" \
	}

/* Where things lie on the disks; "/EFI/BOOT/BOOTX64.EFI" is UEFI 2.10's, section 3.5.1.1. */
#define GRUB_DISK_FOLDER "/weir"

struct format_job;

struct grub_plan {
	const char *early; /* commands for both, before anything else */
	const char *bios;  /* grub-mkimage's name of the BIOS format */
	const char
	    *bios_prefix; /* where GRUB for BIOS finds its configuration, on the disk that it came from */
	const char *bios_modules;
};

/* Leaves in the job's folder, under the names of temporary.h: the image, GRUB's configuration, and GRUB for
 * BIOS and for UEFI. Status. */
int grub_make(const struct format_job *job, const struct grub_plan *plan);

#endif
