/* SPDX-License-Identifier: Apache-2.0
 *
 * Where host_random (nf/host.h) begins.
 */
#ifndef BOOT_RING3_RANDOM_H
#define BOOT_RING3_RANDOM_H

#include <stdint.h>

enum { RANDOM_SEED_BYTES = 32 };

/* `seed` NULL: takes one from the system. Returns 0 or -errno. */
int random_init(const uint8_t seed[RANDOM_SEED_BYTES]);

#endif
