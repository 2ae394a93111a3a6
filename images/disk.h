/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that boots from BIOS and UEFI:
 *
 *   sector 0     GRUB's boot sector, and the partition table
 *   from 1 on    GRUB for BIOS
 *   from 2048 on a partition, of the type that UEFI boots from: /EFI/BOOT/BOOTX64.EFI is GRUB for UEFI, /weir
 * has the image and grub.cfg. Both GRUBs read these.
 *
 * Sources: UEFI 2.10, section 5.2 (legacy MBR, type 0xef) and 13.3; GRUB 2.06, "BIOS installation", and its
 * boot.img, which reads one sector from where it says at offset 0x5c: 1, unless an installer writes another.
 */
#ifndef IMAGES_DISK_H
#define IMAGES_DISK_H

struct format_job;

/* Leaves the disk in the job's folder as TEMPORARY_DISK. Status. */
int disk_make(const struct format_job *job);

#endif
