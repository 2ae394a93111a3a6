/* SPDX-License-Identifier: Apache-2.0
 *
 * The protocol as a whole, for the packet side: starting it and its clock. See peer.h for packets,
 * handshake.h for other messages, outer.h for what it calls.
 *
 * All of nf/wireguard but the stages that move packets (wireguard.c, receive.c, send.c, outer.c) knows no
 * mbuf.
 */
#ifndef NF_WIREGUARD_CORE_H
#define NF_WIREGUARD_CORE_H

#include <stdbool.h>
#include <stdint.h>

/* Needs the tables of config.h and crypto_init. Some milliseconds for 10,000 peers. Returns 0, or -errno
 * after a host_log line. */
int core_init(void);

/* Handshakes and timers: to be called at the latest at the time that it returned last, and may be called in
 * each turn of the poll loop. `idle`: no packets came since the last call; handshakes may then take
 * the processor, a millisecond at most before each return. */
uint64_t core_tick(bool idle);

#endif
