/* SPDX-License-Identifier: Apache-2.0
 *
 * What the host reads of peers, in memory that it shares (host_shared_memory of nf/host.h); struct
 * tunnel_stats of nf/stats.h says where. Written by one core; what the host reads is outside input to it.
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

extern struct wireguard_peer_stats *wireguard_peer_stats;

#endif
