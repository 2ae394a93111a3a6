/* SPDX-License-Identifier: Apache-2.0
 *
 * Sleeping until a device has something or a time has come.
 */
#ifndef BOOT_RING3_SLEEP_H
#define BOOT_RING3_SLEEP_H

#include <stdint.h>

/* The devices are armed; deadlines are in the clock of clock_at. Both may return early. */
void sleep_vm(uint64_t deadline_ns);
void sleep_process(uint64_t deadline_ns);

#endif
