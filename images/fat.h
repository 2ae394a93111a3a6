/* SPDX-License-Identifier: Apache-2.0
 *
 * FAT file systems inside of files, made by mtools, so that no root is needed.
 *
 * Sources: mtools(1), mformat(1), mcopy(1).
 */
#ifndef IMAGES_FAT_H
#define IMAGES_FAT_H

#include <stdint.h>

enum { SECTOR_BYTES = 512 };

struct fat {
	const char *folder; /* where the tools run */
	const char *disk;   /* file in it */
	uint32_t start;	    /* the file system's first sector in it */
	uint32_t sectors;   /* its length */
	uint32_t serial;    /* the volume's serial number */
};

/* Sectors that a file system wants which is to hold a little less than so many bytes in a few files: whole
 * MiB. */
uint32_t fat_sectors(uint64_t bytes);

/* Writes an empty file system. The file is there, and long enough. Status. */
int fat_format(const struct fat *fat);

/* Makes a folder, and copies a file into it, by its full name there. Status. */
int fat_make_folder(const struct fat *fat, const char *path);
int fat_copy(const struct fat *fat, const char *file, const char *path);

#endif
