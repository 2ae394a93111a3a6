/* SPDX-License-Identifier: Apache-2.0
 *
 * GRUB's parts for disks and discs; see grub.h. Called by disk.c and format_iso.c.
 */
#include "grub.h"

#include <errno.h>
#include <string.h>

#include "command.h"
#include "formats.h"
#include "qemu_command.h"
#include "temporary.h"
#include "tool.h"

#define MODULES_BOTH "multiboot2 configfile"
#define MODULES_EFI  "part_msdos part_gpt fat iso9660 search_fs_file"

static int write_text(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *stream;
	bool wrong;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "we");
	if (!stream)
		return failed("%s: %s", path, strerror(errno));
	wrong = fputs(text, stream) < 0;
	if (fclose(stream) != 0 || wrong)
		return failed("%s: cannot be written: %s", path, strerror(errno));
	return STATUS_DONE;
}

/* What a person may edit: it lies on the disk as a file. */
static int write_configuration(const struct format_job *job)
{
	char text[8192];

	snprintf(text, sizeof(text),
		 "# How GRUB starts %s. What follows the file's name are the image's arguments.\n"
		 "# It wants %llu MiB of memory, and under UEFI what the firmware takes beside. Its console "
		 "is COM1.\n"
		 "multiboot2 $prefix/weir.elf%s%s\n"
		 "boot\n",
		 job->image->config->name, (unsigned long long)qemu_memory_mib(job->image),
		 *job->words ? " " : "", job->words);
	return write_text(job->folder, TEMPORARY_GRUB_CONFIG, text);
}

static int write_image(const struct format_job *job)
{
	struct artefacts unlisted = {0};
	char path[PATH_MAX];
	int status;

	snprintf(path, sizeof(path), "%s/" TEMPORARY_BOOTED, job->folder);
	status = artefact_bytes(&unlisted, path, job->image->bytes, job->image->size);
	artefacts_free(&unlisted);
	return status;
}

static int make(const struct format_job *job, const char *platform, const char *prefix, const char *modules,
		const char *output)
{
	struct arguments arguments = {0};
	int status;

	arguments_split(&arguments, "grub-mkimage -c " TEMPORARY_GRUB_EARLY " -O");
	arguments_add(&arguments, "%s", platform);
	arguments_add(&arguments, "-p");
	arguments_add(&arguments, "%s", prefix);
	arguments_add(&arguments, "-o");
	arguments_add(&arguments, "%s", output);
	arguments_split(&arguments, MODULES_BOTH);
	arguments_split(&arguments, modules);
	status = tool_run("making the boot loader", job->folder, &arguments);
	arguments_free(&arguments);
	return status;
}

int grub_make(const struct format_job *job, const struct grub_plan *plan)
{
	int status = write_image(job);

	if (status == STATUS_DONE)
		status = write_configuration(job);
	if (status == STATUS_DONE)
		status = write_text(job->folder, TEMPORARY_GRUB_EARLY, plan->early);
	if (status == STATUS_DONE)
		status = make(job, plan->bios, plan->bios_prefix, plan->bios_modules, TEMPORARY_GRUB_BIOS);
	if (status == STATUS_DONE)
		status = make(job, "x86_64-efi", GRUB_DISK_FOLDER, MODULES_EFI, TEMPORARY_GRUB_EFI);
	return status;
}
