/* SPDX-License-Identifier: Apache-2.0
 *
 * The example appliance for unit tests has no tunnel. Weak, so that a test can have some of these tables for
 * itself.
 */
#include "nf/wireguard/config.h"

#define TABLE const __attribute__((weak))

TABLE uint32_t wireguard_tunnel_count = 0, wireguard_peer_count = 0;
TABLE uint32_t wireguard_allowed_ipv4_count = 0, wireguard_allowed_ipv6_count = 0;
TABLE struct wireguard_tunnel_config wireguard_tunnels[1] = {{0}};
TABLE struct wireguard_peer_config wireguard_peers[1] = {{.name = ""}};
TABLE struct wireguard_allowed_ipv4 wireguard_allowed_ipv4[1] = {{.peer = 0}};
TABLE struct wireguard_allowed_ipv6 wireguard_allowed_ipv6[1] = {{.peer = 0}};
TABLE uint8_t wireguard_private_keys[1][WIREGUARD_KEY_BYTES] = {{0}};
TABLE uint8_t wireguard_preshared_keys[1][WIREGUARD_KEY_BYTES] = {{0}};
