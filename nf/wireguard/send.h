/* SPDX-License-Identifier: Apache-2.0
 *
 * The start of send.c; its other functions are in wireguard.h and outer.h.
 */
#ifndef NF_WIREGUARD_SEND_H
#define NF_WIREGUARD_SEND_H

/* Nothing waits. Returns 0, or -ENOMEM. */
int send_init(void);

#endif
