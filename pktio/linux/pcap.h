/* SPDX-License-Identifier: Apache-2.0
 *
 * A capture file as a device: classic pcap in, nanosecond pcap out. It is for replays only: frames come and
 * go behind a struct replay_header (pktio/replay.h), as they do between the host command and an image in a
 * VM.
 */
#ifndef PKTIO_LINUX_PCAP_H
#define PKTIO_LINUX_PCAP_H

#include "pktio/device.h"

/* Reads `in` and writes `out` (NULL: what is sent is only counted). Returns 0, or -errno after a line on the
 * console. Fills in the driver's part of `device`, which keeps its mac. */
int pcap_device_open(struct device *device, const char *in, const char *out);

/* Writes out what is buffered. Returns 0 or -errno after a line on the console. */
int pcap_device_close(struct device *device);

#endif
