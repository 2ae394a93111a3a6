/* SPDX-License-Identifier: Apache-2.0
 *
 * The bounds of section .weir.stats, from the linker script: whole pages.
 */
#ifndef BOOT_RING3_NOTES_H
#define BOOT_RING3_NOTES_H

extern char __weir_stats_start[], __weir_stats_end[];

#endif
