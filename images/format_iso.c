/* SPDX-License-Identifier: Apache-2.0
 *
 * A disc that boots from BIOS and UEFI, and does so as well from a USB stick that it was copied to: ISO 9660
 * with the image and GRUB for BIOS, and behind it, as a partition, a FAT file system with GRUB for UEFI.
 *
 * Sources: El Torito 1.0; UEFI 2.10, section 13.3.2; xorrisofs(1); GRUB manual 2.06, "Making a GRUB bootable
 * CD-ROM".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "fat.h"
#include "formats.h"
#include "grub.h"
#include "temporary.h"
#include "tool.h"

enum { MARK_BYTES = 8, EFI_DISK_BYTES = 1 << 20 /* GRUB's half a MiB, and room */ };

/* GRUB for UEFI starts from the FAT file system, and GRUB for BIOS from wherever the disc was copied to: each
 * looks for the one disk that has a file of this image's own name. */
static int make_grub(const struct format_job *job, const char *mark)
{
	char early[256];
	struct grub_plan plan = {
	    .early = early,
	    .bios = "i386-pc-eltorito",
	    .bios_prefix = GRUB_DISK_FOLDER,
	    .bios_modules = "biosdisk iso9660 search_fs_file",
	};

	snprintf(early, sizeof(early),
		 "search.file " GRUB_DISK_FOLDER "/%s root\n"
		 "set prefix=($root)" GRUB_DISK_FOLDER "\n"
		 "configfile $prefix/grub.cfg\n",
		 mark);
	return grub_make(job, &plan);
}

static int make_efi_disk(const struct format_job *job)
{
	struct fat fat = {.folder = job->folder, .disk = TEMPORARY_EFI_DISK};
	char path[PATH_MAX];
	int descriptor, status = STATUS_DONE;

	memcpy(&fat.serial, job->id, sizeof(fat.serial));
	fat.sectors = fat_sectors(EFI_DISK_BYTES);
	snprintf(path, sizeof(path), "%s/" TEMPORARY_EFI_DISK, job->folder);
	descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (descriptor < 0 || ftruncate(descriptor, (off_t)fat.sectors * SECTOR_BYTES) < 0)
		status = failed("%s: %s", path, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	if (status == STATUS_DONE)
		status = fat_format(&fat);
	if (status == STATUS_DONE)
		status = fat_make_folder(&fat, "/EFI");
	if (status == STATUS_DONE)
		status = fat_make_folder(&fat, "/EFI/BOOT");
	return status == STATUS_DONE ? fat_copy(&fat, TEMPORARY_GRUB_EFI, "/EFI/BOOT/BOOTX64.EFI") : status;
}

/* The date of all files, as xorriso takes it; its own are those of SOURCE_DATE_EPOCH already. */
static void add_date(struct arguments *arguments)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t seconds = epoch ? (time_t)strtoll(epoch, NULL, 10) : 0;
	struct tm *date = gmtime(&seconds);
	char text[32] = "";

	if (date)
		strftime(text, sizeof(text), "%Y%m%d%H%M%S00", date);
	arguments_add(arguments, "--set_all_file_dates");
	arguments_add(arguments, "%s", text);
}

static int make_disc(const struct format_job *job, const char *mark)
{
	struct arguments arguments = {0};
	int status;

	arguments_split(&arguments,
			"xorriso -no_rc -as mkisofs -quiet -V WEIR -r -o " TEMPORARY_DISC " -graft-points "
			"-b boot.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info "
			"--grub2-mbr " GRUB_BIOS_FOLDER "/boot_hybrid.img "
			"-append_partition 2 0xef " TEMPORARY_EFI_DISK " -eltorito-alt-boot "
			"-e --interval:appended_partition_2:all:: -no-emul-boot "
			"/boot.img=" TEMPORARY_GRUB_BIOS " /weir/weir.elf=" TEMPORARY_BOOTED
			" /weir/grub.cfg=" TEMPORARY_GRUB_CONFIG);
	arguments_add(&arguments, GRUB_DISK_FOLDER "/%s=" TEMPORARY_GRUB_EARLY, mark);
	add_date(&arguments);
	status = tool_run("making the disc", job->folder, &arguments);
	arguments_free(&arguments);
	return status;
}

int format_make_iso(const struct format_job *job)
{
	char mark[2 * MARK_BYTES + 1], disc[PATH_MAX];
	int status;

	for (int i = 0; i < MARK_BYTES; i++)
		snprintf(mark + 2 * i, 3, "%02x", job->id[i]);
	status = make_grub(job, mark);
	if (status == STATUS_DONE)
		status = make_efi_disk(job);
	if (status == STATUS_DONE)
		status = make_disc(job, mark);
	snprintf(disc, sizeof(disc), "%s/" TEMPORARY_DISC, job->folder);
	return status == STATUS_DONE ? artefact_copy(job->artefacts, job->output, disc) : status;
}
