/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at tap interfaces; see taps.h.
 *
 * Sources: Linux, Documentation/networking/tuntap.rst and include/uapi/linux/if_tun.h.
 */
#include "taps.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

/* What /sys/class/net/NAME/tun_flags says, or -1 where that is no tun or tap interface. */
static long tun_flags(const char *name)
{
	char path[64 + IF_NAMESIZE], text[32];
	FILE *stream;
	long flags = -1;

	snprintf(path, sizeof(path), "/sys/class/net/%s/tun_flags", name);
	stream = fopen(path, "re");
	if (!stream)
		return -1;
	if (fgets(text, sizeof(text), stream))
		flags = strtol(text, NULL, 0);
	fclose(stream);
	return flags;
}

int tap_check(const char *name)
{
	long flags;

	if (strlen(name) >= IF_NAMESIZE || strpbrk(name, "/, "))
		return misused("--tap %s: not a name that an interface can have", name);
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return errno == ENOENT
			   ? failed("this machine has no /dev/net/tun; load its module: modprobe tun")
			   : failed("no permission for /dev/net/tun");
	if (!if_nametoindex(name))
		return failed("no interface %s; make one: sudo ip tuntap add dev %s mode tap user $USER && "
			      "sudo ip link set %s up",
			      name, name, name);
	flags = tun_flags(name);
	if (flags < 0 || !(flags & IFF_TAP))
		return failed(
		    "%s is no tap interface; make one: sudo ip tuntap add dev tap0 mode tap user $USER",
		    name);
	return STATUS_DONE;
}
