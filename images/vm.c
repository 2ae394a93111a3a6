/* SPDX-License-Identifier: Apache-2.0
 *
 * Running an image in a VM under QEMU. Which accelerator works is found by trying: a KVM that is there may
 * still be unable to run this QEMU's processor model, so each way is started, and given up if it ends before
 * the image's first instruction.
 *
 * Sources: QEMU 7.2, qemu-system-x86_64(1) and docs/system/i386/microvm.rst.
 */
#include "instance.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "qemu_errors.h"

static const char emulator[] = "qemu-system-x86_64";

struct attempt {
	enum accelerator accelerator;
	const char *accel, *cpu;
};

/* In order. Where KVM itself runs under a hypervisor without hardware help, "host" works only without
 * arch-capabilities, and where that fails too, a named model may not. */
static const struct attempt attempts[] = {
    {ACCELERATOR_KVM, "kvm", "host,-arch-capabilities"},
    {ACCELERATOR_KVM, "kvm", "EPYC,+x2apic"},
    {ACCELERATOR_TCG, "tcg", "max"},
};

enum {
	ATTEMPTS = sizeof(attempts) / sizeof(attempts[0]),
	MICROVM_SLOTS = 8,
	MICROVM_SLOTS_MAX = 24, /* with the second I/O APIC; each slot then has a line of it */
	MICROVM_SECOND_IOAPIC_LINE = 24,
	MICROVM_SLOT_BASE = 0xfeb00000,
	SLOT_WORD_MAX = 48,
	Q35_SLOTS = 30
};

static uint64_t memory_mib(const struct image *image)
{
	uint64_t need = image->notes.end > image->config->memory ? image->notes.end : image->config->memory;

	return (need + (1 << 20) - 1) >> 20;
}

/* acpi=off: the firmware then has no tables to build, which halves the time to the first instruction. But the
 * second I/O APIC, whose lines the further slots need, comes with ACPI only. */
static bool has_second_ioapic(const struct launch *launch)
{
	return launch->machine == MACHINE_MICROVM && launch->card_count > MICROVM_SLOTS;
}

static void add_machine(struct arguments *arguments, const struct launch *launch)
{
	if (launch->machine == MACHINE_Q35)
		arguments_add(arguments, "q35,memory-backend=ram,smm=off,vmport=off,sata=off,smbus=off");
	else
		arguments_add(arguments, "microvm,memory-backend=ram,%s",
			      has_second_ioapic(launch) ? "ioapic2=on" : "acpi=off");
}

static void add_peer(struct arguments *arguments, const struct card *card, size_t slot, bool vhost)
{
	arguments_add(arguments, "-netdev");
	if (card->tap)
		arguments_add(arguments, "tap,id=net%zu,ifname=%s,script=no,downscript=no%s", slot, card->tap,
			      vhost ? ",vhost=on" : "");
	else
		arguments_add(arguments, "stream,id=net%zu,server=off,addr.type=fd,addr.str=%d", slot,
			      card->stream);
}

/* Devices of a microvm are placed by name: left alone, QEMU fills the highest slot first. */
static void add_card(struct arguments *arguments, const struct launch *launch, size_t slot, bool vhost)
{
	const struct card *card = &launch->cards[slot];
	bool peer = card->stream >= 0 || card->tap;
	const uint8_t *mac = card->mac;
	char place[80], netdev[32] = "";

	if (peer) {
		add_peer(arguments, card, slot, vhost);
		snprintf(netdev, sizeof(netdev), ",netdev=net%zu", slot);
	}
	if (launch->machine == MACHINE_Q35)
		snprintf(place, sizeof(place),
			 "virtio-net-pci,disable-legacy=on,romfile=,bus=pcie.0,addr=%zx", slot + 1);
	else
		snprintf(place, sizeof(place), "virtio-net-device,bus=virtio-mmio-bus.%zu", slot);
	arguments_add(arguments, "-device");
	arguments_add(arguments, "%s,mac=%02x:%02x:%02x:%02x:%02x:%02x%s%s", place, mac[0], mac[1], mac[2],
		      mac[3], mac[4], mac[5], launch->packed ? ",packed=on" : "", netdev);
}

/* The image's words. Where a microvm has ACPI, QEMU leaves it to others to say where its slots are. */
static void add_words(struct arguments *arguments, const struct launch *launch)
{
	char slots[MICROVM_SLOTS_MAX * SLOT_WORD_MAX] = "";
	size_t used = 0;

	for (size_t slot = 0; has_second_ioapic(launch) && slot < launch->card_count; slot++)
		used += (size_t)snprintf(
		    slots + used, sizeof(slots) - used, " virtio_mmio.device=512@%#x:%zu",
		    MICROVM_SLOT_BASE + 512 * (unsigned int)slot, MICROVM_SECOND_IOAPIC_LINE + slot);
	if (!*launch->words && !used)
		return;
	arguments_add(arguments, "-append");
	arguments_add(arguments, "%s%s", launch->words, slots);
}

/* isa-debug-exit lets the image end QEMU with a status; -no-reboot does it for what not even ring 0 survives.
 */
static void build_arguments(struct arguments *arguments, const struct instance *instance,
			    const struct attempt *attempt)
{
	const struct launch *launch = instance->launch;
	uint64_t mib = memory_mib(launch->image);
	bool vhost = attempt->accelerator == ACCELERATOR_KVM && access("/dev/vhost-net", R_OK | W_OK) == 0;

	arguments_add(arguments, "%s", emulator);
	arguments_split(arguments, "-nodefaults -no-user-config -display none -no-reboot -machine");
	add_machine(arguments, launch);
	arguments_add(arguments, "-accel");
	arguments_add(arguments, "%s", attempt->accel);
	arguments_add(arguments, "-cpu");
	arguments_add(arguments, "%s", attempt->cpu);
	arguments_add(arguments, "-m");
	arguments_add(arguments, "%lluM", (unsigned long long)mib);
	arguments_add(arguments, "-object");
	arguments_add(arguments, "memory-backend-file,id=ram,share=on,size=%lluM,mem-path=/proc/self/fd/%d",
		      (unsigned long long)mib, instance->memory_descriptor);
	arguments_split(arguments,
			"-global virtio-mmio.force-legacy=false -chardev stdio,id=console,signal=off "
			"-serial chardev:console -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel");
	arguments_add(arguments, "%s", launch->image->path);
	add_words(arguments, launch);
	for (size_t slot = 0; slot < launch->card_count; slot++)
		add_card(arguments, launch, slot, vhost);
}

static int spawn(struct instance *instance, const struct attempt *attempt)
{
	const struct launch *launch = instance->launch;
	struct child_files files = {0};
	struct arguments arguments = {0};
	int error;

	files.keep[files.keeps++] = instance->memory_descriptor;
	for (size_t slot = 0; slot < launch->card_count; slot++)
		if (launch->cards[slot].stream >= 0)
			files.keep[files.keeps++] = launch->cards[slot].stream;
	build_arguments(&arguments, instance, attempt);
	error = instance_spawn(instance, arguments.words, &files);
	arguments_free(&arguments);
	if (error == ENOENT)
		return failed("%s is not installed; on Debian: apt-get install qemu-system-x86", emulator);
	return error ? failed("cannot start %s: %s", emulator, strerror(error)) : STATUS_DONE;
}

/* Whether to try an accelerator at all: where it was not asked for, a missing /dev/kvm is no error. */
static bool worth_trying(const struct launch *launch, const struct attempt *attempt)
{
	if (launch->accelerator != ACCELERATOR_AUTO)
		return attempt->accelerator == launch->accelerator;
	return attempt->accelerator != ACCELERATOR_KVM || access("/dev/kvm", R_OK | W_OK) == 0;
}

static int check_launch(const struct launch *launch)
{
	size_t slots = launch->machine == MACHINE_Q35 ? Q35_SLOTS : MICROVM_SLOTS_MAX;

	if (launch->card_count > slots)
		return failed("a %s has %zu places for network cards, the appliance wants %zu",
			      launch->machine == MACHINE_Q35 ? "q35" : "microvm", slots, launch->card_count);
	if (launch->accelerator != ACCELERATOR_KVM || access("/dev/kvm", R_OK | W_OK) == 0)
		return STATUS_DONE;
	if (errno == ENOENT)
		return failed(
		    "this machine has no /dev/kvm (no virtualisation, or the kvm module is not loaded); use "
		    "--accel tcg");
	return failed(
	    "no permission for /dev/kvm; join its group: sudo adduser $USER kvm, then log in again");
}

/* Status once the attempt is decided, -1 when the next one may do better. */
static int judge(struct instance *instance, enum readiness readiness)
{
	switch (readiness) {
	case READINESS_READY:
		return STATUS_DONE;
	case READINESS_REFUSED:
		return instance_failed(
		    instance, instance_state(instance) == PROGRESS_FAILED ? "refused to start" : "crashed");
	case READINESS_STUCK:
		return instance_failed(instance, "did not get ready within two minutes");
	default:
		return -1;
	}
}

static int try(struct instance *instance, const struct attempt *attempt)
{
	uint64_t bytes = memory_mib(instance->launch->image) << 20;
	enum readiness readiness;
	int status;

	instance->accelerator = attempt->accelerator;
	status = instance_share_memory(instance, bytes, 0);
	if (status == STATUS_DONE)
		status = spawn(instance, attempt);
	if (status != STATUS_DONE)
		return status;
	readiness = instance_wait_ready(instance);
	if (readiness != READINESS_READY)
		instance_end(instance);
	return judge(instance, readiness);
}

int vm_start(struct instance *instance, const struct launch *launch)
{
	int status = check_launch(launch);

	for (size_t i = 0; status == STATUS_DONE && i < ATTEMPTS; i++) {
		if (!worth_trying(launch, &attempts[i]))
			continue;
		instance_free(instance);
		instance->launch = launch;
		status = try(instance, &attempts[i]);
		if (status >= 0)
			return status;
		status = qemu_error_is_ours(&instance->complaints) ? -1 : STATUS_DONE;
	}
	return status > 0 ? status : qemu_explain(&instance->complaints);
}
