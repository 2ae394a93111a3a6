/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder for /var/lib/qubes/vm-kernels of Qubes OS: a kernel, and the two files that Qubes wants beside
 * each one, empty. Sources: Qubes OS, "Managing qube kernels"; xl.cfg(5).
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "formats.h"
#include "qemu_command.h"

/* gzip's file of nothing (RFC 1952), without a time: an initramfs that unpacks to nothing. */
static const uint8_t nothing[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};

static const char readme[] =
    "%s, a kernel for Qubes OS (PVH).\n"
    "\n"
    "Copy this folder to dom0, and there, as root, to where kernels are:\n"
    "\n"
    "  cp -r FOLDER /var/lib/qubes/vm-kernels/%s\n"
    "\n"
    "A qube that runs it, still in dom0:\n"
    "\n"
    "  qvm-create --class StandaloneVM --label green \\\n"
    "    --property virt_mode=pvh --property kernel=%s --property kernelopts='%s' \\\n"
    "    --property vcpus=1 --property memory=%llu --property maxmem=0 --property netvm=sys-net %s\n"
    "  qvm-features %s no-default-kernelopts 1\n"
    "  qvm-features %s skip-update 1\n"
    "  qvm-start %s\n"
    "\n"
    "Qubes gives a qube one network card, its uplink, and its address with it: what `qvm-prefs %s ip` says "
    "must be what\n"
    "the configuration says. Cards for other qubes behind it would need a network backend, which Weir has "
    "not.\n"
    "Not tried on Qubes OS.\n";

static int write_readme(const struct format_job *job, const char *path)
{
	const char *name = job->image->config->name;
	FILE *stream = artefact_text(path, false);

	if (!stream)
		return STATUS_FAILED;
	fprintf(stream, readme, name, name, name, job->words, (unsigned long long)qemu_memory_mib(job->image),
		name, name, name, name, name);
	return artefact_end(job->artefacts, path, stream);
}

static int write_dummies(const struct format_job *job)
{
	struct artefacts plain = {0}; /* in which there are no keys */
	char path[PATH_MAX];
	int status;

	snprintf(path, sizeof(path), "%s/initramfs", job->output);
	status = artefact_bytes(&plain, path, nothing, sizeof(nothing));
	snprintf(path, sizeof(path), "%s/modules.img", job->output);
	if (status == STATUS_DONE)
		status = artefact_bytes(&plain, path, nothing, 0);
	artefacts_free(&plain);
	return status;
}

int format_make_qubes(const struct format_job *job)
{
	char path[PATH_MAX];
	int status;

	if (mkdir(job->output, 0777) < 0 && errno != EEXIST)
		return failed("%s: cannot be made: %s", job->output, strerror(errno));
	snprintf(path, sizeof(path), "%s/vmlinuz", job->output);
	status = artefact_bytes(job->artefacts, path, job->image->bytes, job->image->size);
	if (status == STATUS_DONE)
		status = write_dummies(job);
	snprintf(path, sizeof(path), "%s/README", job->output);
	return status == STATUS_DONE ? write_readme(job, path) : status;
}
