/* SPDX-License-Identifier: Apache-2.0
 *
 * A domain for libvirt: a q35 that starts the image directly, without a disk. libvirt wants the image's full
 * path, and QEMU must be allowed to read it there: so it is where Debian's libvirt keeps its images.
 *
 * Source: libvirt 9.0, "Domain XML format"; docs/schemas/domain.rng, which virt-xml-validate checks.
 */
#include "command.h"
#include "formats.h"
#include "qemu_command.h"

#define LIBVIRT_IMAGES "/var/lib/libvirt/images"

static void print_head(FILE *stream, const struct format_job *job, const char *uuid)
{
	const char *name = job->image->config->name;

	fprintf(stream,
		"<!-- %s for libvirt. On Debian: apt-get install libvirt-daemon-system libvirt-clients "
		"qemu-system-x86\n"
		"       install -m 0600 IMAGE " LIBVIRT_IMAGES "/%s.elf\n"
		"       virsh define THIS-FILE; virsh start %s; virsh console %s\n"
		"     Bridges must be there. Without KVM: type='qemu'. -->\n"
		"<domain type='kvm'>\n"
		"  <name>%s</name>\n"
		"  <uuid>%s</uuid>\n"
		"  <memory unit='MiB'>%llu</memory>\n"
		"  <vcpu>1</vcpu>\n"
		"  <os>\n"
		"    <type arch='x86_64' machine='q35'>hvm</type>\n"
		"    <kernel>" LIBVIRT_IMAGES "/%s.elf</kernel>\n",
		name, name, name, name, name, uuid, (unsigned long long)qemu_memory_mib(job->image), name);
	if (*job->words)
		fprintf(stream, "    <cmdline>%s</cmdline>\n", job->words);
	fputs("  </os>\n"
	      "  <features><acpi/><apic/></features>\n"
	      "  <cpu mode='maximum'/>\n"
	      "  <on_poweroff>destroy</on_poweroff>\n"
	      "  <on_reboot>restart</on_reboot>\n"
	      "  <on_crash>restart</on_crash>\n",
	      stream);
}

static void print_devices(FILE *stream, const struct format_card *cards, int count)
{
	fputs("  <devices>\n"
	      "    <emulator>/usr/bin/" QEMU "</emulator>\n"
	      "    <controller type='usb' model='none'/>\n",
	      stream);
	for (int i = 0; i < count; i++)
		fprintf(stream,
			"    <interface type='bridge'>\n"
			"      <mac address='%s'/>\n"
			"      <source bridge='%s'/>\n"
			"      <model type='virtio'/>\n"
			"      <rom enabled='no'/>\n"
			"    </interface>\n",
			cards[i].mac, cards[i].network);
	fputs("    <serial type='pty'><target type='isa-serial' port='0'/></serial>\n"
	      "    <console type='pty'><target type='serial' port='0'/></console>\n"
	      "    <memballoon model='none'/>\n"
	      "    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>\n"
	      "  </devices>\n"
	      "</domain>\n",
	      stream);
}

int format_make_libvirt(const struct format_job *job)
{
	struct format_card cards[INSTANCE_CARDS_MAX];
	int count = format_cards(job, cards);
	FILE *stream = count < 0 ? NULL : artefact_text(job->output, false);
	char uuid[37];

	if (!stream)
		return STATUS_FAILED;
	format_uuid(job, uuid);
	print_head(stream, job, uuid);
	print_devices(stream, cards, count);
	return artefact_end(job->artefacts, job->output, stream);
}
