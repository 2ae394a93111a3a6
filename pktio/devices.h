/* SPDX-License-Identifier: Apache-2.0
 *
 * The image's devices: which network card, tap interface or capture file each configured device is.
 * Implements the devices' half of nf/host.h. Called by boot/ring3.
 */
#ifndef PKTIO_DEVICES_H
#define PKTIO_DEVICES_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"
#include "nf/stats.h"
#include "device.h"

enum source_kind { SOURCE_NONE, SOURCE_PCAP, SOURCE_TAP };

/* What a process was told to use as a device. */
struct device_source {
	enum source_kind kind;
	const char *in;	 /* capture to read, or the interface's name */
	const char *out; /* capture to write, or NULL */
};

extern struct device devices[PORTS_MAX]; /* the first device_count are in use */

/* Open all configured devices: in a VM on the network cards that ring 0 found, or on Xen on vifs, which may
 * come and go (xen_open of boot/ring3 has been called); as a process on one source for
 * each device (SOURCE_NONE beside taps: it never has link), and look at their links. host_packet_pool is
 * there. Return 0, or -errno after a line on the console. */
int devices_open_cards(const struct handover *handover);
int devices_open_sources(const struct device_source *sources);

/* Closes what devices_open_sources opened. Returns 0, or -errno when output was lost. */
int devices_close(void);

/* False: at least one card has no interrupt, and must be polled. */
bool devices_can_wake(void);

/* Looks at every device's link, and keeps stats.port[].link_up. */
void devices_check_links(void);

#endif
