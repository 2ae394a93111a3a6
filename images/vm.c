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

#include "command.h"
#include "qemu_command.h"
#include "qemu_errors.h"

/* In order. Where KVM itself runs under a hypervisor without hardware help, "host" works only without
 * arch-capabilities, and where that fails too, a named model may not. */
static const struct qemu_processor processors[] = {
    {ACCELERATOR_KVM, "kvm", "host,-arch-capabilities"},
    {ACCELERATOR_KVM, "kvm", "EPYC,+x2apic"},
    {ACCELERATOR_TCG, "tcg", "max"},
};

enum { PROCESSORS = sizeof(processors) / sizeof(processors[0]) };

static int spawn(struct instance *instance, const struct qemu_processor *how)
{
	const struct launch *launch = instance->launch;
	struct child_files files = {.holds_keys = launch->image->config->tunnel_count > 0};
	struct arguments arguments = {0};
	int error;

	files.keep[files.keeps++] = instance->memory_descriptor;
	for (size_t slot = 0; slot < launch->card_count; slot++)
		if (launch->cards[slot].stream >= 0)
			files.keep[files.keeps++] = launch->cards[slot].stream;
	qemu_command(&arguments, launch, how, instance->memory_descriptor);
	error = instance_spawn(instance, arguments.words, &files);
	arguments_free(&arguments);
	if (error == ENOENT)
		return failed("%s is not installed; on Debian: apt-get install qemu-system-x86", QEMU);
	return error ? failed("cannot start %s: %s", QEMU, strerror(error)) : STATUS_DONE;
}

static const char *kvm_missing(void)
{
	if (access("/dev/kvm", R_OK | W_OK) == 0)
		return NULL;
	return errno == ENOENT ? "this machine has no /dev/kvm"
			       : "no permission for /dev/kvm: sudo adduser $USER kvm, then log in again";
}

/* Whether to try an accelerator at all: where it was not asked for, a missing /dev/kvm is no error. */
static bool worth_trying(const struct launch *launch, const struct qemu_processor *how)
{
	if (launch->accelerator != ACCELERATOR_AUTO)
		return how->accelerator == launch->accelerator;
	return how->accelerator != ACCELERATOR_KVM || !kvm_missing();
}

static int check_launch(const struct launch *launch)
{
	size_t slots = qemu_slots(launch->machine);
	const char *missing = launch->accelerator == ACCELERATOR_KVM ? kvm_missing() : NULL;

	if (launch->card_count > slots && launch->machine == MACHINE_MICROVM)
		return failed("a microvm has %zu places for network cards, the appliance wants %zu%s", slots,
			      launch->card_count,
			      launch->card_count <= qemu_slots(MACHINE_Q35) ? "; use --machine q35" : "");
	if (launch->card_count > slots)
		return failed("a q35 has %zu places for network cards, the appliance wants %zu", slots,
			      launch->card_count);
	return missing ? failed("%s; or use --accel tcg", missing) : STATUS_DONE;
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

static int try(struct instance *instance, const struct qemu_processor *how)
{
	uint64_t bytes = qemu_memory_mib(instance->launch->image) << 20;
	enum readiness readiness;
	int status;

	instance->accelerator = how->accelerator;
	status = instance_share_memory(instance, bytes, 0);
	if (status == STATUS_DONE)
		status = spawn(instance, how);
	if (status != STATUS_DONE)
		return status;
	readiness = instance_wait_ready(instance);
	if (readiness != READINESS_READY)
		instance_end(instance);
	return judge(instance, readiness);
}

/* What became of KVM, once an attempt with it has ended. */
static void note_fallback(const struct instance *instance, char *text, size_t size)
{
	const char *last = console_last(&instance->complaints);

	if (instance->accelerator == ACCELERATOR_KVM)
		snprintf(text, size, "KVM is there but did not start: %s",
			 *last ? last : "the image's first instruction never ran");
}

int vm_start(struct instance *instance, const struct launch *launch)
{
	char fallback[FALLBACK_MAX] = "";
	int status = check_launch(launch);

	if (launch->accelerator == ACCELERATOR_AUTO && kvm_missing())
		snprintf(fallback, sizeof(fallback), "%s", kvm_missing());
	for (size_t i = 0; status == STATUS_DONE && i < PROCESSORS; i++) {
		if (!worth_trying(launch, &processors[i]))
			continue;
		instance_free(instance);
		instance->launch = launch;
		status = try(instance, &processors[i]);
		if (status >= 0) {
			if (instance->accelerator == ACCELERATOR_TCG)
				memcpy(instance->fallback, fallback, sizeof(fallback));
			return status;
		}
		note_fallback(instance, fallback, sizeof(fallback));
		status = qemu_error_is_ours(&instance->complaints) ? -1 : STATUS_DONE;
	}
	return status > 0 ? status : qemu_explain(&instance->complaints);
}

int vm_arguments(struct arguments *arguments, const struct launch *launch)
{
	int status = check_launch(launch);
	size_t i = 0;

	while (status == STATUS_DONE && !worth_trying(launch, &processors[i]))
		i++;
	if (status == STATUS_DONE)
		qemu_command(arguments, launch, &processors[i], -1);
	return status;
}
