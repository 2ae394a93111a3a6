/* SPDX-License-Identifier: Apache-2.0
 *
 * What the host reads of tunnels and peers, in memory that it shares (host_shared_memory of nf/host.h),
 * beside nf/stats.h. Written by one core; what the host reads is outside input to it.
 */
#ifndef NF_WIREGUARD_STATS_H
#define NF_WIREGUARD_STATS_H

#include <stdint.h>
#include "endpoint.h"

/* By number of the peer. Packets and bytes are those of UDP: handshakes and keepalives too, from the
 * message's type to its end. */
struct wireguard_peer_stats {
	uint64_t rx_packets, rx_bytes; /* authenticated ones */
	uint64_t tx_packets, tx_bytes;
	uint64_t handshakes;	    /* completed */
	uint64_t last_handshake_ns; /* Unix time of the last one; 0: none yet, or there is no wall clock */
	struct wireguard_endpoint endpoint;
	uint32_t reserved;
} __attribute__((aligned(64)));

/* One for all: what became of handshake messages. Those that were refused are under drop reasons too. */
struct wireguard_core_stats {
	uint64_t initiations_sent, responses_sent, cookies_sent, keepalives_sent;
	uint64_t initiations_taken, responses_taken, cookies_taken;
};

extern struct wireguard_peer_stats *wireguard_peer_stats;
extern struct wireguard_core_stats wireguard_core_stats;

#endif
