/* SPDX-License-Identifier: Apache-2.0
 *
 * FAT file systems by mtools; see fat.h. What the tools take from the environment is set by command_image.c.
 */
#include "fat.h"

#include "command.h"
#include "tool.h"

enum {
	MIB_SECTORS = 2048,
	FAT16_CLUSTERS_MAX = 65000,
};

uint32_t fat_sectors(uint64_t bytes)
{
	return (uint32_t)(bytes / SECTOR_BYTES / MIB_SECTORS + 1) * MIB_SECTORS;
}

static int run(const struct fat *fat, struct arguments *arguments, const char *path)
{
	int status;

	arguments_add(arguments, "-i");
	arguments_add(arguments, "%s@@%llu", fat->disk, (unsigned long long)fat->start * SECTOR_BYTES);
	arguments_add(arguments, "::%s", path);
	status = tool_run("making the file system", fat->folder, arguments);
	arguments_free(arguments);
	return status;
}

int fat_format(const struct fat *fat)
{
	struct arguments arguments = {0};
	uint32_t cluster = 1;

	while (fat->sectors / cluster > FAT16_CLUSTERS_MAX)
		cluster *= 2;
	arguments_split(&arguments, "mformat -v WEIR -h 64 -s 32");
	arguments_add(&arguments, "-H");
	arguments_add(&arguments, "%u", fat->start);
	arguments_add(&arguments, "-T");
	arguments_add(&arguments, "%u", fat->sectors);
	arguments_add(&arguments, "-c");
	arguments_add(&arguments, "%u", cluster);
	arguments_add(&arguments, "-N");
	arguments_add(&arguments, "%08x", fat->serial);
	return run(fat, &arguments, "");
}

int fat_make_folder(const struct fat *fat, const char *path)
{
	struct arguments arguments = {0};

	arguments_add(&arguments, "mmd");
	return run(fat, &arguments, path);
}

/* mcopy wants the file between its options and the place. */
int fat_copy(const struct fat *fat, const char *file, const char *path)
{
	struct arguments arguments = {0};
	int status;

	arguments_split(&arguments, "mcopy -i");
	arguments_add(&arguments, "%s@@%llu", fat->disk, (unsigned long long)fat->start * SECTOR_BYTES);
	arguments_add(&arguments, "%s", file);
	arguments_add(&arguments, "::%s", path);
	status = tool_run("copying the image", fat->folder, &arguments);
	arguments_free(&arguments);
	return status;
}
