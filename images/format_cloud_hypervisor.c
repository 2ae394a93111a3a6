/* SPDX-License-Identifier: Apache-2.0
 *
 * A script that starts the image under Cloud Hypervisor, by PVH. Source: Cloud Hypervisor 40,
 * docs/device_model.md and `cloud-hypervisor --help`.
 */
#include "command.h"
#include "formats.h"
#include "qemu_command.h"

int format_make_cloud_hypervisor(const struct format_job *job)
{
	struct format_card cards[INSTANCE_CARDS_MAX];
	int count = format_cards(job, cards);
	FILE *stream = count < 0 ? NULL : artefact_text(job->output, true);

	if (!stream)
		return STATUS_FAILED;
	fprintf(stream,
		"#!/bin/sh\n"
		"# Boots %s under Cloud Hypervisor. Taps must be there: ip tuntap add dev %s mode tap user "
		"$USER\n"
		"cd \"$(dirname \"$0\")\" || exit\n"
		"exec cloud-hypervisor --kernel '%s' \\\n"
		"\t--cpus boot=1 --memory size=%lluM --serial tty --console off",
		job->image->config->name, count ? cards[0].network : "tap0", job->kernel,
		(unsigned long long)qemu_memory_mib(job->image));
	if (*job->words)
		fprintf(stream, " \\\n\t--cmdline '%s'", job->words);
	for (int i = 0; i < count; i++)
		fprintf(stream, "%s tap=%s,mac=%s", i ? "" : " \\\n\t--net", cards[i].network, cards[i].mac);
	fputs(" \"$@\"\n", stream);
	return artefact_end(job->artefacts, job->output, stream);
}
