/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of formats, and what several of them ask for; see formats.h.
 */
#include "formats.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "grub.h"
#include "tool.h"

static const struct format_need raw_needs[] = {GRUB_NEEDS, {"mformat", "mtools"}, {0}};
static const struct format_need qcow2_needs[] = {
    GRUB_NEEDS, {"mformat", "mtools"}, {"qemu-img", "qemu-utils"}, {0}};
static const struct format_need iso_needs[] = {
    GRUB_NEEDS, {"mformat", "mtools"}, {"xorriso", "xorriso"}, {0}};

const struct format formats[] = {
    {"qemu-microvm", ".qemu-microvm", "a script that boots it under QEMU: the fastest start", NULL,
     format_make_qemu_microvm},
    {"qemu-q35", ".qemu-q35", "a script that boots it under QEMU, with PCI", NULL, format_make_qemu_q35},
    {"libvirt", ".xml", "a domain for libvirt: virsh define", NULL, format_make_libvirt},
    {"xen", ".cfg", "a PVH guest for Xen: xl create", NULL, format_make_xen},
    {"qubes", ".qubes", "a folder with a kernel for Qubes OS", NULL, format_make_qubes},
    {"firecracker", ".firecracker.json", "a machine for Firecracker: --config-file", NULL,
     format_make_firecracker},
    {"cloud-hypervisor", ".cloud-hypervisor", "a script that boots it under Cloud Hypervisor", NULL,
     format_make_cloud_hypervisor},
    {"iso", ".iso", "a disc, or USB stick, that boots from BIOS and UEFI", iso_needs, format_make_iso},
    {"raw", ".raw", "a disk that boots from BIOS and UEFI", raw_needs, format_make_raw},
    {"qcow2", ".qcow2", "the same for QEMU, compressed", qcow2_needs, format_make_qcow2},
    {0},
};

const struct format *format_find(const char *name)
{
	for (const struct format *format = formats; format->name; format++)
		if (strcmp(format->name, name) == 0)
			return format;
	return NULL;
}

const struct format_need *format_missing(const struct format *format)
{
	for (const struct format_need *need = format->needs; need && need->what; need++)
		if (*need->what == '/' ? access(need->what, R_OK) != 0 : !tool_is_here(need->what))
			return need;
	return NULL;
}

/* SHA-256 of the image and, behind a NUL, its words. */
static bool identify(struct format_job *job)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) &&
		    EVP_DigestUpdate(context, job->image->bytes, job->image->size) &&
		    EVP_DigestUpdate(context, "", 1) &&
		    EVP_DigestUpdate(context, job->words, strlen(job->words)) &&
		    EVP_DigestFinal_ex(context, job->id, NULL);

	EVP_MD_CTX_free(context);
	return done;
}

int format_prepare(struct format_job *job)
{
	job->launch.makes_keys = job->image->config->tunnel_count > 0;
	return identify(job) ? ports_place(&job->launch, job->slots) : failed("no SHA-256 in this libcrypto");
}

static int device_at(const struct format_job *job, size_t slot)
{
	for (size_t i = 0; i < job->image->config->device_count; i++)
		if (job->slots[i] == slot)
			return (int)i;
	return -1;
}

int format_cards(const struct format_job *job, struct format_card cards[INSTANCE_CARDS_MAX])
{
	const struct config_port *ports = job->image->config->ports;

	for (size_t slot = 0; slot < job->launch.card_count; slot++) {
		const uint8_t *mac = job->launch.cards[slot].mac;
		int device = device_at(job, slot);

		if (device < 0) {
			failed("no port of the appliance has card %zu, and this hypervisor leaves none out: "
			       "give the "
			       "ports after it a `mac`, or the slots before",
			       slot);
			return -1;
		}
		cards[slot] = (struct format_card){ports[device].name, job->networks.values[device], ""};
		if (!cards[slot].network)
			cards[slot].network = ports[device].name;
		snprintf(cards[slot].mac, sizeof(cards[slot].mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
			 mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
	return (int)job->launch.card_count;
}

void format_uuid(const struct format_job *job, char text[37])
{
	const uint8_t *id = job->id;

	snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-8%x%02x-%x%x%02x-%02x%02x%02x%02x%02x%02x", id[0],
		 id[1], id[2], id[3], id[4], id[5], id[6] & 15, id[7], 8 | (id[8] >> 4 & 3), id[8] & 15,
		 id[9], id[10], id[11], id[12], id[13], id[14], id[15]);
}
