/* SPDX-License-Identifier: Apache-2.0
 *
 * A guest for `xl create`. A triple fault is a reboot to Xen: on_reboot starts it again, and so does
 * on_crash. Source: xl.cfg(5), Xen 4.17.
 */
#include "command.h"
#include "formats.h"
#include "qemu_command.h"

int format_make_xen(const struct format_job *job)
{
	struct format_card cards[INSTANCE_CARDS_MAX];
	int count = format_cards(job, cards);
	FILE *stream = count < 0 ? NULL : artefact_text(job->output, false);
	char uuid[37];

	if (!stream)
		return STATUS_FAILED;
	format_uuid(job, uuid);
	fprintf(stream,
		"# %s as a PVH guest of Xen: xl create FILE, in this folder. Bridges must be there.\n"
		"# For `xl reboot`, write the kernel's whole path: xl starts it again from another folder.\n"
		"name = \"%s\"\n"
		"uuid = \"%s\"\n"
		"type = \"pvh\"\n"
		"kernel = \"%s\"\n"
		"cmdline = \"%s\"\n"
		"memory = %llu\n"
		"vcpus = 1\n"
		"vif = [",
		job->image->config->name, job->image->config->name, uuid, job->kernel, job->words,
		(unsigned long long)qemu_memory_mib(job->image));
	for (int i = 0; i < count; i++)
		fprintf(stream, "%s\"mac=%s,bridge=%s\"", i ? ", " : "", cards[i].mac, cards[i].network);
	fputs("]\n"
	      "on_poweroff = \"destroy\"\n"
	      "on_reboot = \"restart\"\n"
	      "on_crash = \"restart\"\n",
	      stream);
	return artefact_end(job->artefacts, job->output, stream);
}
