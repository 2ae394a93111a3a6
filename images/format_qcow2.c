/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk of format_raw.c in QEMU's own format, compressed. Source: qemu-img(1).
 */
#include "arguments.h"
#include "command.h"
#include "disk.h"
#include "formats.h"
#include "temporary.h"
#include "tool.h"

int format_make_qcow2(const struct format_job *job)
{
	struct arguments arguments = {0};
	char packed[PATH_MAX];
	int status = disk_make(job);

	if (status != STATUS_DONE)
		return status;
	arguments_split(&arguments,
			"qemu-img convert -q -c -f raw -O qcow2 " TEMPORARY_DISK " " TEMPORARY_PACKED);
	status = tool_run("compressing the disk", job->folder, &arguments);
	arguments_free(&arguments);
	snprintf(packed, sizeof(packed), "%s/" TEMPORARY_PACKED, job->folder);
	return status == STATUS_DONE ? artefact_copy(job->artefacts, job->output, packed) : status;
}
