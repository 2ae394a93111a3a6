/* SPDX-License-Identifier: Apache-2.0
 *
 * The other ends of a WireGuard tunnel, for bench/wireguard.c: a host on lan, and all of the tunnel's peers
 * behind wan. Sessions are put in place without a handshake, one for each configured peer. Packets go by
 * rounds of IN_FLIGHT, to or from random peers; `bytes` are those of the packet inside, TUNNEL_INNER_MAX at
 * most and a multiple of 16, so that nothing is padded.
 */
#ifndef BENCH_TUNNEL_H
#define BENCH_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

enum { LAN, WAN, TUNNEL_INNER_MAX = 1408 };

/* 10.255.0.2, a static neighbour. */
#define LAN_HOST UINT32_C(0x0aff0002)

/* Needs the appliance. */
void tunnel_start(void);

/* A round from lan to peers, and one from peers to lan. Returns the cycles that the chain took. Each packet
 * must go on, or the program ends; with `check` it must also be what it was, byte for byte. */
uint64_t tunnel_seal(uint32_t bytes, bool check);
uint64_t tunnel_open(uint32_t bytes, bool check);

/* Cycles of crypto_seal and crypto_open alone: the same bytes in the same mbufs, in bursts of BURST_MAX, with
 * keys made ready before. */
struct bare {
	uint64_t seal, open;
};
struct bare tunnel_bare(uint32_t bytes);

/* Makes an mbuf a UDP datagram to the tunnel, from that address and port (host order). `message` NULL: its
 * bytes are not written. */
void tunnel_datagram(struct rte_mbuf *m, uint32_t source, uint16_t port, const void *message, uint32_t bytes);

/* The program's: passes a burst to the appliance, which takes it. Returns the cycles of that. */
uint64_t tunnel_pass(uint16_t device, struct rte_mbuf **packets, uint16_t count);

#endif
