/* SPDX-License-Identifier: Apache-2.0
 *
 * No WireGuard tunnel: what the configuration compiler writes where a test says nothing of them. Weak, so
 * that a test can define some of them.
 */
#include "nf/wireguard/config.h"

#define WEAK __attribute__((weak))

WEAK const uint32_t wireguard_tunnel_count = 0, wireguard_peer_count = 0;
WEAK const uint32_t wireguard_allowed_ipv4_count = 0, wireguard_allowed_ipv6_count = 0;
WEAK const struct wireguard_tunnel_config wireguard_tunnels[1] = {0};
WEAK const struct wireguard_peer_config wireguard_peers[1] = {0};
WEAK const struct wireguard_allowed_ipv4 wireguard_allowed_ipv4[1] = {0};
WEAK const struct wireguard_allowed_ipv6 wireguard_allowed_ipv6[1] = {0};
WEAK const uint8_t wireguard_private_keys[1][WIREGUARD_KEY_BYTES] = {0};
WEAK const uint8_t wireguard_preshared_keys[1][WIREGUARD_KEY_BYTES] = {0};
