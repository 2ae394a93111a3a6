/* SPDX-License-Identifier: Apache-2.0
 *
 * A port with nobody at the other end, as a device: a process whose person left it unconnected.
 */
#ifndef PKTIO_LINUX_NONE_H
#define PKTIO_LINUX_NONE_H

#include "pktio/device.h"

/* Fills in the driver's part of `device`, which never receives, sends nothing and never has link. There is
 * nothing to close. */
void none_device_open(struct device *device);

#endif
