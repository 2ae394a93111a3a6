/* SPDX-License-Identifier: Apache-2.0
 *
 * QEMU's command line; see qemu_command.h.
 *
 * Sources: QEMU 7.2, qemu-system-x86_64(1) and docs/system/i386/microvm.rst.
 */
#include "qemu_command.h"

#include <stdio.h>
#include <unistd.h>

enum {
	MICROVM_SLOTS = 8,
	MICROVM_SLOTS_MAX = 24, /* with the second I/O APIC; each slot then has a line of it */
	MICROVM_SECOND_IOAPIC_LINE = 24,
	MICROVM_SLOT_BASE = 0xfeb00000,
	SLOT_WORD_MAX = 48,
	Q35_SLOTS = 30 /* 00:01 to 00:1e: the bus's first place is the bridge's, its last the chipset's */
};

/* Where QEMU serves the rings itself, they can't be as long. */
#define LONG_RINGS ",rx_queue_size=1024,tx_queue_size=1024"

uint64_t qemu_memory_mib(const struct image *image)
{
	uint64_t need = image->notes.end > image->config->memory ? image->notes.end : image->config->memory;

	return (need + (1 << 20) - 1) >> 20;
}

/* A source of random numbers, beside the processor's, for those who make keys; in the place behind the cards.
 * Where there is no place left, the processor's must do. */
static bool has_entropy(const struct launch *launch)
{
	return launch->makes_keys && launch->card_count < qemu_slots(launch->machine);
}

static size_t slots_used(const struct launch *launch)
{
	return launch->card_count + has_entropy(launch);
}

/* acpi=off: the firmware then has no tables to build, which halves the time to the first instruction. But the
 * second I/O APIC, whose lines the further slots need, comes with ACPI only. */
static bool has_second_ioapic(const struct launch *launch)
{
	return launch->machine == MACHINE_MICROVM && slots_used(launch) > MICROVM_SLOTS;
}

static void add_machine(struct arguments *arguments, const struct launch *launch, bool shared)
{
	const char *memory = shared ? ",memory-backend=ram" : "";
	const char *dump = launch->image->config->tunnel_count > 0 ? ",dump-guest-core=off" : ""; /* keys */

	if (launch->machine == MACHINE_Q35)
		arguments_add(arguments, "q35,smm=off,vmport=off,sata=off,smbus=off%s%s", memory, dump);
	else
		arguments_add(arguments, "microvm,%s%s%s",
			      has_second_ioapic(launch) ? "ioapic2=on" : "acpi=off", memory, dump);
}

static void add_peer(struct arguments *arguments, const struct card *card, size_t slot, bool vhost)
{
	if (card->vhost_user) {
		arguments_add(arguments, "-chardev");
		arguments_add(arguments, "socket,id=vhost%zu,path=%s", slot, card->vhost_user);
	}
	arguments_add(arguments, "-netdev");
	if (card->vhost_user)
		arguments_add(arguments, "vhost-user,id=net%zu,chardev=vhost%zu", slot, slot);
	else if (card->tap)
		arguments_add(arguments, "tap,id=net%zu,ifname=%s,script=no,downscript=no%s", slot, card->tap,
			      vhost ? ",vhost=on" : "");
	else
		arguments_add(arguments, "stream,id=net%zu,server=off,addr.type=fd,addr.str=%d", slot,
			      card->stream);
}

/* What only cards of a vhost-user back end are told. Without KVM, QEMU 7.2 crashes when such a PCI card's
 * MSI-X is used, so it has none. */
static const char *extras(const struct launch *launch, const struct card *card, bool kvm)
{
	if (!card->vhost_user)
		return "";
	return launch->machine == MACHINE_Q35 && !kvm ? LONG_RINGS ",vectors=0" : LONG_RINGS;
}

/* Devices of a microvm are placed by name: left alone, QEMU fills the highest slot first. */
static void add_card(struct arguments *arguments, const struct launch *launch, size_t slot, bool kvm)
{
	const struct card *card = &launch->cards[slot];
	bool peer = card->stream >= 0 || card->tap || card->vhost_user;
	const uint8_t *mac = card->mac;
	char place[80], netdev[32] = "";

	if (peer) {
		add_peer(arguments, card, slot, kvm && access("/dev/vhost-net", R_OK | W_OK) == 0);
		snprintf(netdev, sizeof(netdev), ",netdev=net%zu", slot);
	}
	if (launch->machine == MACHINE_Q35)
		snprintf(place, sizeof(place),
			 "virtio-net-pci,disable-legacy=on,romfile=,bus=pcie.0,addr=%zx", slot + 1);
	else
		snprintf(place, sizeof(place), "virtio-net-device,bus=virtio-mmio-bus.%zu", slot);
	arguments_add(arguments, "-device");
	arguments_add(arguments, "%s,mac=%02x:%02x:%02x:%02x:%02x:%02x%s%s%s", place, mac[0], mac[1], mac[2],
		      mac[3], mac[4], mac[5], launch->packed ? ",packed=on" : "", netdev,
		      extras(launch, card, kvm));
}

/* A microvm has no generation ID: QEMU takes the device, but describes it in no ACPI table. */
static void add_entropy(struct arguments *arguments, const struct launch *launch)
{
	if (launch->makes_keys && launch->machine == MACHINE_Q35)
		arguments_split(arguments, "-device vmgenid,guid=auto");
	if (!has_entropy(launch))
		return;
	arguments_split(arguments, "-object rng-builtin,id=entropy -device");
	if (launch->machine == MACHINE_Q35)
		arguments_add(arguments, "virtio-rng-pci,disable-legacy=on,rng=entropy,bus=pcie.0,addr=%zx",
			      launch->card_count + 1);
	else
		arguments_add(arguments, "virtio-rng-device,rng=entropy,bus=virtio-mmio-bus.%zu",
			      launch->card_count);
}

/* The image's words. Where a microvm has ACPI, QEMU leaves it to others to say where its slots are. */
static void add_words(struct arguments *arguments, const struct launch *launch)
{
	char slots[MICROVM_SLOTS_MAX * SLOT_WORD_MAX] = "";
	size_t used = 0;

	for (size_t slot = 0; has_second_ioapic(launch) && slot < slots_used(launch); slot++)
		used += (size_t)snprintf(
		    slots + used, sizeof(slots) - used, " virtio_mmio.device=512@%#x:%zu",
		    MICROVM_SLOT_BASE + 512 * (unsigned int)slot, MICROVM_SECOND_IOAPIC_LINE + slot);
	if (!*launch->words && !used)
		return;
	arguments_add(arguments, "-append");
	arguments_add(arguments, "%s%s", launch->words, slots);
}

static void add_memory(struct arguments *arguments, const struct launch *launch, int descriptor)
{
	uint64_t mib = qemu_memory_mib(launch->image);

	arguments_add(arguments, "-m");
	arguments_add(arguments, "%lluM", (unsigned long long)mib);
	if (descriptor < 0)
		return;
	arguments_add(arguments, "-object");
	arguments_add(arguments, "memory-backend-file,id=ram,share=on,size=%lluM,mem-path=/proc/self/fd/%d",
		      (unsigned long long)mib, descriptor);
}

/* For those who save a running image, and start it elsewhere as it was. */
static void add_migration(struct arguments *arguments, const struct launch *launch)
{
	if (launch->qmp) {
		arguments_add(arguments, "-qmp");
		arguments_add(arguments, "unix:%s,server=on,wait=off", launch->qmp);
	}
	if (launch->incoming) {
		arguments_add(arguments, "-incoming");
		arguments_add(arguments, "%s", launch->incoming);
	}
}

size_t qemu_slots(enum machine machine)
{
	return machine == MACHINE_Q35 ? Q35_SLOTS : MICROVM_SLOTS_MAX;
}

/* isa-debug-exit lets the image end QEMU with a status; -no-reboot does it for what not even ring 0 survives.
 */
void qemu_command(struct arguments *arguments, const struct launch *launch, const struct qemu_processor *how,
		  int memory_descriptor)
{
	arguments_add(arguments, "%s", QEMU);
	arguments_split(arguments, "-nodefaults -no-user-config -display none -no-reboot -machine");
	add_machine(arguments, launch, memory_descriptor >= 0);
	arguments_add(arguments, "-accel");
	arguments_add(arguments, "%s", how->accel);
	arguments_add(arguments, "-cpu");
	arguments_add(arguments, "%s", how->cpu);
	add_memory(arguments, launch, memory_descriptor);
	arguments_split(arguments,
			"-global virtio-mmio.force-legacy=false -chardev stdio,id=console,signal=off "
			"-serial chardev:console -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel");
	arguments_add(arguments, "%s", launch->image->path);
	add_words(arguments, launch);
	for (size_t slot = 0; slot < launch->card_count; slot++)
		add_card(arguments, launch, slot, how->accelerator == ACCELERATOR_KVM);
	add_entropy(arguments, launch);
	add_migration(arguments, launch);
}
