/* SPDX-License-Identifier: Apache-2.0
 *
 * The hypervisor's Virtual Machine Generation ID: by it ring 3 notices that the machine was restored or
 * copied.
 */
#ifndef RING0_GENERATION_H
#define RING0_GENERATION_H

#include <stdint.h>

/* Looks through the ACPI tables that begin at `rsdp`, and lets ring 3 read the page where the ID is. Returns
 * where it is; NULL: nowhere, or in a form that is not known here. */
const volatile uint8_t *generation_find(uint64_t rsdp);

#endif
