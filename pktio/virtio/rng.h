/* SPDX-License-Identifier: Apache-2.0
 *
 * The virtio entropy device: virtio 1.2, section 5.4. It has one queue, into which the driver puts empty
 * buffers, and no configuration. One request is under way at a time, and is waited for: nothing is
 * kept in stock, since what lies in memory is copied along when a machine is.
 *
 * Needs no pool, no EAL and no interrupt, so that it is there before them. boot/ring3/entropy.c calls it, and
 * judges what it gives.
 */
#ifndef PKTIO_VIRTIO_RNG_H
#define PKTIO_VIRTIO_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "boot/handover.h"

enum { VIRTIO_ID_ENTROPY = 4, RNG_BYTES_MAX = 1024 /* of one request */ };

/* Sets the device up. There is one such device at most: the first. Returns NULL, or why it can't be used. */
const char *rng_open(const struct handover_device *found);

/* Asks for `bytes` (at most RNG_BYTES_MAX) and polls until they are there, or rte_rdtsc has reached the
 * deadline. Returns false in time; what was asked for is then thrown away when it comes, and until it has
 * come nothing new is asked for. Also false, for good, after the device has broken the rules. */
bool rng_read(void *out, size_t bytes, uint64_t deadline_tsc);

#endif
