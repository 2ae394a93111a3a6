/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk as it is: for metal, for most hypervisors, and for clouds that import disks.
 */
#include "command.h"
#include "disk.h"
#include "formats.h"
#include "temporary.h"

int format_make_raw(const struct format_job *job)
{
	char disk[PATH_MAX];
	int status = disk_make(job);

	snprintf(disk, sizeof(disk), "%s/" TEMPORARY_DISK, job->folder);
	return status == STATUS_DONE ? artefact_copy(job->artefacts, job->output, disk) : status;
}
