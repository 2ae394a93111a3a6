/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at tap interfaces; see taps.h.
 *
 * Sources: Linux, include/uapi/linux/ethtool.h; drivers/net/tun.c names its driver "tun", and the bus "tap"
 * or "tun".
 */
#include "taps.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"

/* Asks the driver, not /sys, which shows another network namespace's interfaces to who entered this one
 * without mounting it anew. */
static bool is_tap(const char *name)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (char *)&driver};
	int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), wrong;

	memcpy(request.ifr_name, name, strlen(name) + 1);
	wrong = ioctl(descriptor, SIOCETHTOOL, &request);
	close(descriptor);
	return !wrong && strcmp(driver.driver, "tun") == 0 && strcmp(driver.bus_info, "tap") == 0;
}

int tap_check_name(const char *name)
{
	if (strlen(name) >= IF_NAMESIZE || strpbrk(name, "/, "))
		return misused("--tap %s: not a name that an interface can have", name);
	return STATUS_DONE;
}

int tap_check(const char *name)
{
	if (tap_check_name(name) != STATUS_DONE)
		return STATUS_USAGE;
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return errno == ENOENT
			   ? failed("this machine has no /dev/net/tun; load its module: modprobe tun")
			   : failed("no permission for /dev/net/tun");
	if (!if_nametoindex(name))
		return failed("no interface %s; make one: sudo ip tuntap add dev %s mode tap user $USER && "
			      "sudo ip link set %s up",
			      name, name, name);
	if (!is_tap(name))
		return failed(
		    "%s is no tap interface; make one: sudo ip tuntap add dev tap0 mode tap user $USER",
		    name);
	return STATUS_DONE;
}
