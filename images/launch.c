/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of run and replay; see launch.h.
 */
#include "launch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

enum { SEED_DIGITS = 16 };

/* Index of `value` in a NULL-terminated list, or -1. */
static int choose(const char *const *list, const char *value)
{
	for (int i = 0; list[i]; i++)
		if (strcmp(list[i], value) == 0)
			return i;
	return -1;
}

static int take_accelerator(struct launch *launch, const char *value)
{
	static const char *const names[] = {"auto", "kvm", "tcg", "process", NULL}; /* as enum accelerator */
	int chosen = choose(names, value);

	if (chosen < 0)
		return misused("--accel %s: there are kvm, tcg and process", value);
	launch->accelerator = (enum accelerator)chosen;
	return STATUS_DONE;
}

/* What --on knows; --machine knows those with a name of QEMU's. */
static const struct place {
	const char *name;
	enum hypervisor hypervisor;
	enum machine machine;
	bool is_machine;
} places[] = {
    {"microvm", HYPERVISOR_QEMU, MACHINE_MICROVM, true},
    {"q35", HYPERVISOR_QEMU, MACHINE_Q35, true},
    {"qemu", HYPERVISOR_QEMU, MACHINE_Q35, false},
    {"firecracker", HYPERVISOR_FIRECRACKER, 0, false},
    {"cloud-hypervisor", HYPERVISOR_CLOUD_HYPERVISOR, 0, false},
    {"xen", HYPERVISOR_XEN, 0, false},
};

static bool take_place(struct launch *launch, const char *option, const char *value)
{
	bool on = strcmp(option, "--on") == 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(value, places[i].name) != 0 || !(on || places[i].is_machine))
			continue;
		launch->machine = places[i].machine;
		if (on)
			launch->hypervisor = places[i].hypervisor;
		if (places[i].hypervisor == HYPERVISOR_QEMU)
			launch->vm_option = option;
		return true;
	}
	return false;
}

static int take_machine(struct launch *launch, const char *value)
{
	if (!take_place(launch, "--machine", value))
		return misused("--machine %s: there are microvm and q35", value);
	return STATUS_DONE;
}

int launch_on(struct launch *launch, const char *value)
{
	if (!take_place(launch, "--on", value))
		return misused(
		    "--on %s: there are microvm, qemu (a q35), firecracker, cloud-hypervisor and xen", value);
	return STATUS_DONE;
}

static int take_ring(struct launch *launch, const char *value)
{
	static const char *const names[] = {"split", "packed", NULL};
	int chosen = choose(names, value);

	if (chosen < 0)
		return misused("--ring %s: there are split and packed", value);
	launch->packed = chosen;
	launch->vm_option = "--ring";
	return STATUS_DONE;
}

static int take_seed(const char **seed, const char *value)
{
	size_t digits = strspn(value, "0123456789abcdefABCDEF");

	if (value[digits] || digits == 0 || digits > SEED_DIGITS)
		return misused("--seed %s: write 1 to 16 hexadecimal digits", value);
	*seed = value;
	return STATUS_DONE;
}

int launch_option(struct launch *launch, const char **seed, int option, const char *value)
{
	switch (option) {
	case OPTION_ACCEL:
		return take_accelerator(launch, value);
	case OPTION_MACHINE:
		return take_machine(launch, value);
	case OPTION_RING:
		return take_ring(launch, value);
	default:
		return take_seed(seed, value);
	}
}

int launch_check(const struct launch *launch)
{
	if (launch->accelerator == ACCELERATOR_PROCESS && launch->vm_option)
		return misused("%s: a process has no virtual hardware; leave it out, or --accel process",
			       launch->vm_option);
	return STATUS_DONE;
}

int launch_seconds(const char *option, const char *value, uint64_t *nanoseconds)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end || !isfinite(seconds) || seconds <= 0 || seconds > 1e6)
		return misused("%s %s: write a number of seconds, like 10", option, value);
	*nanoseconds = (uint64_t)(seconds * 1e9);
	return STATUS_DONE;
}
