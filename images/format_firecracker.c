/* SPDX-License-Identifier: Apache-2.0
 *
 * A machine for `firecracker --no-api --config-file`. The image starts by PVH from Firecracker 1.12 on, by
 * the 64-bit Linux boot protocol before; its path is as seen from the folder that firecracker is started in.
 *
 * Source: Firecracker, src/firecracker/swagger/firecracker.yaml; docs/pvh.md.
 */
#include <jansson.h>

#include "command.h"
#include "formats.h"
#include "qemu_command.h"

static json_t *describe_cards(const struct format_card *cards, int count)
{
	json_t *list = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s}", "iface_id", cards[i].port, "guest_mac",
						cards[i].mac, "host_dev_name", cards[i].network));
	return list;
}

int format_make_firecracker(const struct format_job *job)
{
	struct format_card cards[INSTANCE_CARDS_MAX];
	int count = format_cards(job, cards);
	FILE *stream = count < 0 ? NULL : artefact_text(job->output, false);
	json_t *machine;

	if (!stream)
		return STATUS_FAILED;
	machine = json_pack("{s:{s:s, s:s}, s:[], s:{s:i, s:I}, s:o}", "boot-source", "kernel_image_path",
			    job->kernel, "boot_args", job->words, "drives", "machine-config", "vcpu_count", 1,
			    "mem_size_mib", (json_int_t)qemu_memory_mib(job->image), "network-interfaces",
			    describe_cards(cards, count));
	if (machine)
		json_dumpf(machine, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(machine);
	return artefact_end(job->artefacts, job->output, stream);
}
