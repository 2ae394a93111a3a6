/* SPDX-License-Identifier: Apache-2.0
 *
 * A guest of Xen's part in what the toolstack does with the whole machine.
 */
#ifndef BOOT_RING3_XEN_H
#define BOOT_RING3_XEN_H

#include "boot/handover.h"

/* Opens the store and takes event channels; to be called before devices are opened. Nothing happens where
 * this is no guest of Xen. `handover` may be NULL, and must outlive all. */
void xen_open(const struct handover *handover);

/* Does what the toolstack asks: ends the loops (loop_stop), starts the machine anew, or suspends it, and
 * resumes. Called when links are looked at; devices have been. */
void xen_check(void);

#endif
