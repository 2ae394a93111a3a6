/* SPDX-License-Identifier: Apache-2.0
 *
 * Who runs this machine, as far as it says so, and how to end it.
 */
#ifndef RING0_HYPERVISOR_H
#define RING0_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"

enum { HYPERVISOR_LEAF = 0x40000000 };

struct hypervisor_name {
	char text[13];
};

/* Asks, once. Before it, all below is that there is none. */
void hypervisor_init(void);

/* "KVMKVMKVM", "TCGTCGTCGTCG", ..., or "none". */
struct hypervisor_name hypervisor_name(void);

bool hypervisor_is_kvm(void);
bool hypervisor_is_xen(void);

/* Of the hypervisor's CPUID leaves, the one with its name and the last one; 0: there are none. */
uint32_t hypervisor_leaf(void);
uint32_t hypervisor_highest_leaf(void);

_Noreturn void machine_exit(enum image_exit code);

#endif
