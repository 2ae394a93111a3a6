/* SPDX-License-Identifier: Apache-2.0
 *
 * Interrupts: they only ever end a sleep. Ring 3 runs with interrupts off, and ring 0 too but for the
 * instruction that waits.
 */
#ifndef RING0_APIC_H
#define RING0_APIC_H

#include <stdbool.h>
#include <stdint.h>

void apic_init(void);

/* Sends an edge-triggered line of the I/O APICs to this processor. */
bool apic_route(uint32_t line);

/* What a device writes where, to interrupt this processor (MSI). */
struct msi_message {
	uint64_t address;
	uint32_t data;
};
struct msi_message apic_msi(void);

/* For traps.S, which ends interrupts: whether registers are MSRs, and the timer takes a time of the TSC's. */
extern bool apic_is_x2, apic_has_deadline;

/* Sleeps until an interrupt, one that is pending already included, or the TSC reaches
 * `deadline_tsc`; 0: it does not matter. May end early, when the deadline of an earlier sleep comes. */
void apic_wait(uint64_t deadline_tsc);

#endif
