/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the model as C: emit.c has ports, routes, rules and the note; emit_state.c sets, flows and
 * translations; emit_wireguard.c tunnels; emit_chain.c the functions.
 */
#ifndef CONFIG_EMIT_H
#define CONFIG_EMIT_H

#include "config.h"

void emit_includes(FILE *out);
void emit_classes(const struct config *config, FILE *out);
void emit_flows(const struct config *config, FILE *out);
void emit_nat(const struct config *config, FILE *out);
void emit_wireguard(const struct config *config, FILE *out);
void emit_chain(const struct config *config, FILE *out);

/* "{ 0x20, 0x01 }"; an IPv4 address as a number in host order, an IPv6 one as bytes; "{ ADDRESS, LENGTH }" */
void emit_bytes(const uint8_t *bytes, size_t count, FILE *out);
void emit_address(const struct config_address *address, FILE *out);
void emit_prefix(const struct config_prefix *prefix, FILE *out);

uint32_t host_order(const struct config_address *ipv4);

#endif
