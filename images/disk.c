/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting a disk together; see disk.h. Called by format_raw.c and format_qcow2.c.
 */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "fat.h"
#include "formats.h"
#include "grub.h"
#include "temporary.h"

enum {
	PARTITION_START = 2048,	   /* sectors */
	PARTITION_SPARE = 1 << 20, /* bytes, for what a person adds */
	PARTITION_MIN =
	    4 << 20, /* bytes: smaller, it would be FAT12, which is not for disks (UEFI 2.10, 13.3.1) */
	BOOT_CODE_BYTES = 440,
	BOOT_DRIVE_CHECK =
	    0x66, /* of boot.img: a jump over a work-around for BIOSes that don't say which disk it is */
	NOP = 0x90,
	DISK_SIGNATURE = 440,
	PARTITION_ENTRY = 446,
	BOOT_MAGIC = 510,
	PARTITION_ACTIVE = 0x80,
	PARTITION_EFI = 0xef,
};

static const struct grub_plan plan = {
    .early = "configfile $prefix/grub.cfg\n",
    .bios = "i386-pc",
    .bios_prefix = "(,msdos1)" GRUB_DISK_FOLDER,
    .bios_modules = "biosdisk part_msdos fat",
};

static void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* Reads a whole file of a folder into a buffer. Returns its length, or -1 after saying why not. */
static ssize_t read_file(const char *folder, const char *name, uint8_t *buffer, size_t size)
{
	char path[PATH_MAX];
	ssize_t length;
	int descriptor;

	snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name);
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	length = descriptor < 0 ? -1 : read(descriptor, buffer, size);
	if (length < 0)
		failed("%s: cannot be read: %s", path, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return length;
}

/* Cylinders, heads and sectors are at their largest: who reads them shall use the numbers behind. */
static void write_table(uint8_t *sector, const struct fat *fat, uint32_t signature)
{
	uint8_t *entry = sector + PARTITION_ENTRY;

	put32(sector + DISK_SIGNATURE, signature);
	memset(entry, 0, BOOT_MAGIC - PARTITION_ENTRY);
	memcpy(entry, (uint8_t[]){PARTITION_ACTIVE, 0xfe, 0xff, 0xff, PARTITION_EFI, 0xfe, 0xff, 0xff}, 8);
	put32(entry + 8, fat->start);
	put32(entry + 12, fat->sectors);
	sector[BOOT_MAGIC] = 0x55;
	sector[BOOT_MAGIC + 1] = 0xaa;
}

/* All before the partition. */
static int write_start(const struct format_job *job, const struct fat *fat, int descriptor)
{
	static uint8_t start[PARTITION_START * SECTOR_BYTES];
	ssize_t length;

	memset(start, 0, sizeof(start));
	if (read_file("", GRUB_BIOS_FOLDER "/boot.img", start, BOOT_CODE_BYTES) < BOOT_CODE_BYTES)
		return failed(GRUB_BIOS_FOLDER "/boot.img: not GRUB's boot sector");
	start[BOOT_DRIVE_CHECK] = start[BOOT_DRIVE_CHECK + 1] = NOP;
	write_table(start, fat, get32(job->id + 4));
	length =
	    read_file(job->folder, TEMPORARY_GRUB_BIOS, start + SECTOR_BYTES, sizeof(start) - SECTOR_BYTES);
	if (length < 0)
		return STATUS_FAILED;
	if (length == sizeof(start) - SECTOR_BYTES)
		return failed("GRUB for BIOS is too long for the place before the partition");
	if (write(descriptor, start, sizeof(start)) != sizeof(start) ||
	    ftruncate(descriptor, (off_t)(fat->start + fat->sectors) * SECTOR_BYTES) < 0)
		return failed("%s/" TEMPORARY_DISK ": cannot be written: %s", job->folder, strerror(errno));
	return STATUS_DONE;
}

static int fill(const struct fat *fat)
{
	static const char *const folders[] = {"/EFI", "/EFI/BOOT", GRUB_DISK_FOLDER};
	static const struct {
		const char *file, *path;
	} files[] = {
	    {TEMPORARY_GRUB_EFI, "/EFI/BOOT/BOOTX64.EFI"},
	    {TEMPORARY_BOOTED, GRUB_DISK_FOLDER "/weir.elf"},
	    {TEMPORARY_GRUB_CONFIG, GRUB_DISK_FOLDER "/grub.cfg"},
	};
	int status = fat_format(fat);

	for (size_t i = 0; status == STATUS_DONE && i < sizeof(folders) / sizeof(folders[0]); i++)
		status = fat_make_folder(fat, folders[i]);
	for (size_t i = 0; status == STATUS_DONE && i < sizeof(files) / sizeof(files[0]); i++)
		status = fat_copy(fat, files[i].file, files[i].path);
	return status;
}

static uint64_t file_bytes(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat about;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return stat(path, &about) == 0 ? (uint64_t)about.st_size : 0;
}

int disk_make(const struct format_job *job)
{
	struct fat fat = {.folder = job->folder,
			  .disk = TEMPORARY_DISK,
			  .start = PARTITION_START,
			  .serial = get32(job->id)};
	int status = grub_make(job, &plan), descriptor;
	char path[PATH_MAX];
	uint64_t bytes;

	if (status != STATUS_DONE)
		return status;
	bytes = file_bytes(job->folder, TEMPORARY_GRUB_EFI) + job->image->size + PARTITION_SPARE;
	fat.sectors = fat_sectors(bytes < PARTITION_MIN ? PARTITION_MIN : bytes);
	snprintf(path, sizeof(path), "%s/" TEMPORARY_DISK, job->folder);
	descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (descriptor < 0)
		return failed("%s: %s", path, strerror(errno));
	status = write_start(job, &fat, descriptor);
	close(descriptor);
	return status == STATUS_DONE ? fill(&fat) : status;
}
