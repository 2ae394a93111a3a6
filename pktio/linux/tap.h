/* SPDX-License-Identifier: Apache-2.0
 *
 * A Linux tap interface as a device, with checksum and segmentation offload both ways.
 */
#ifndef PKTIO_LINUX_TAP_H
#define PKTIO_LINUX_TAP_H

#include "pktio/device.h"

/* Attaches to the tap interface `name`, or creates it where the process may. Returns 0, or -errno after a
 * line on the console. Fills in the driver's part of `device`, which keeps its mac. */
int tap_device_open(struct device *device, const char *name);

void tap_device_close(struct device *device);

#endif
