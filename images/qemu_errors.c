/* SPDX-License-Identifier: Apache-2.0
 *
 * QEMU's errors in words of ours; see qemu_errors.h.
 */
#include "qemu_errors.h"

#include <string.h>

#include "command.h"
#include "console.h"

struct explanation {
	const char *said; /* part of a line of QEMU's */
	const char *ours;
	bool accelerator;
};

/* As QEMU 7.2 says them: provoked where that was possible, else read in its source. The first that fits
 * explains. */
static const struct explanation explanations[] = {
    {"/dev/net/tun: Operation not permitted",
     "no permission for the tap interface; make it yours: ip tuntap add dev NAME mode tap user $USER", false},
    {"/dev/net/tun: No such file", "this machine has no /dev/net/tun; load its module: modprobe tun", false},
    {"Device or resource busy", "the tap interface is in use by another program", false},
    {"/dev/net/tun", "the tap interface cannot be opened", false},
    {"vhost-net requested but could not be initialized", "vhost-net does not work on this machine", false},
    {"cannot set up guest memory", "not enough memory on this machine for the VM", false},
    {"Cannot allocate memory", "not enough memory on this machine for the VM", false},
    {"expects a netdev backend type", "this QEMU is too old: weir needs 7.2 or newer", false},
    {"Invalid parameter 'stream'", "this QEMU is too old: weir needs 7.2 or newer", false},
    {"unsupported machine type", "this QEMU lacks the machine type; use another --machine", false},
    {"Error loading uncompressed kernel without PVH ELF Note", "the image has no PVH entry; build it again",
     false},
    {"linux kernel too old to load a ram disk", "QEMU does not take the image for a kernel; build it again",
     false},
    {"failed to initialize kvm", "KVM does not work on this machine; use --accel tcg", true},
    {"Could not access KVM", "KVM does not work on this machine; use --accel tcg", true},
    {"error: failed to set MSR", "this machine's KVM cannot run QEMU's processor model; use --accel tcg",
     true},
};

static bool said(const struct console *console, const char *text)
{
	for (size_t i = 0; i < CONSOLE_LINES_KEPT && i < console->lines; i++)
		if (strstr(console->kept[i], text))
			return true;
	return false;
}

static const struct explanation *find(const struct console *complaints)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (said(complaints, explanations[i].said))
			return &explanations[i];
	return NULL;
}

bool qemu_error_is_ours(const struct console *complaints)
{
	const struct explanation *found = find(complaints);

	return found && !found->accelerator;
}

int qemu_explain(const struct console *complaints)
{
	const struct explanation *found = find(complaints);

	if (found)
		return failed("%s (QEMU: %s)", found->ours, console_last(complaints));
	if (complaints->lines)
		return failed("QEMU did not start the image: %s", console_last(complaints));
	return failed("QEMU started, but the image's first instruction never ran; try --accel tcg or another "
		      "--machine");
}
