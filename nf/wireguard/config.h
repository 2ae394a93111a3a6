/* SPDX-License-Identifier: Apache-2.0
 *
 * What the configuration compiler writes about WireGuard tunnels, beside nf/appliance.h. A tunnel is a
 * logical port without a device; peers of one tunnel follow each other.
 */
#ifndef NF_WIREGUARD_CONFIG_H
#define NF_WIREGUARD_CONFIG_H

#include <stdint.h>
#include "nf/appliance.h"

enum { WIREGUARD_KEY_BYTES = 32 };

struct wireguard_tunnel_config {
	uint8_t port;	      /* its logical port */
	uint16_t listen_port; /* UDP, host order */
	uint32_t first_peer, peer_count;
};

struct wireguard_peer_config {
	const char *name; /* as configured, or how its public key begins in base64 */
	uint8_t public_key[WIREGUARD_KEY_BYTES];
	uint8_t endpoint_family; /* 0: not known, 4, 6 */
	union nat_address endpoint;
	uint16_t endpoint_port; /* host order */
	uint16_t keepalive_s;	/* persistent keepalive; 0: none */
	uint8_t tunnel;
};

/* Allowed IPs: without host bits, by tunnel, address and length. No prefix of a tunnel is there twice. */
struct wireguard_allowed_ipv4 {
	struct ipv4_prefix prefix;
	uint32_t peer;
};

struct wireguard_allowed_ipv6 {
	struct ipv6_prefix prefix;
	uint32_t peer;
};

extern const uint32_t wireguard_tunnel_count, wireguard_peer_count;
extern const uint32_t wireguard_allowed_ipv4_count, wireguard_allowed_ipv6_count;
extern const struct wireguard_tunnel_config wireguard_tunnels[];
extern const struct wireguard_peer_config wireguard_peers[];
extern const struct wireguard_allowed_ipv4 wireguard_allowed_ipv4[];
extern const struct wireguard_allowed_ipv6 wireguard_allowed_ipv6[];

/* Secrets have a translation unit of their own, so that a person can look at the rest. */
extern const uint8_t wireguard_private_keys[][WIREGUARD_KEY_BYTES];   /* by tunnel */
extern const uint8_t wireguard_preshared_keys[][WIREGUARD_KEY_BYTES]; /* by peer; zero: none */

#endif
