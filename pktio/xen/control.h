/* SPDX-License-Identifier: Apache-2.0
 *
 * What the toolstack asks of the whole machine: `xl shutdown`, `xl reboot`, `xl save`, `xl migrate`.
 * Source: Xen, docs/misc/xenstore-paths.pandoc, control/shutdown.
 */
#ifndef PKTIO_XEN_CONTROL_H
#define PKTIO_XEN_CONTROL_H

enum control_request { CONTROL_NONE, CONTROL_POWEROFF, CONTROL_REBOOT, CONTROL_SUSPEND };

/* Says that we understand these, and watches for them. */
void control_open(void);

/* Says it again: after a suspend the store may be another. */
void control_resume(void);

/* The request that has come, if one has, acknowledged. Costs no call while none has. */
enum control_request control_poll(void);

#endif
