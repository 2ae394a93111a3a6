/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of the canonical text that other outputs use too.
 */
#ifndef CONFIG_PRINT_H
#define CONFIG_PRINT_H

#include "config.h"

extern const char *const config_action_names[]; /* by enum config_action */

/* "{ accept: any, from: lan, ... }", on one line. Made of letters, digits and punctuation without an
 * asterisk. */
void print_rule(const struct config *config, const struct config_rule *rule, FILE *out);

void print_mac(const uint8_t mac[6], FILE *out);

/* IPv6 in quotes where asked for: within brackets, `fd00::` would read as a key. */
void print_prefix(const struct config_prefix *prefix, bool quote, FILE *out);
/* With the length even where it is the full one; IPv6 in quotes. */
void print_whole_prefix(const struct config_prefix *prefix, FILE *out);
void print_address(const struct config_address *address, FILE *out);
void print_rate(const struct config_rate *rate, FILE *out);

/* ", key: [" */
void print_list_start(const char *key, FILE *out);

/* print_state.c: the keys `flows` and `nat`, where they say something. */
void print_flows(const struct config *config, FILE *out);
void print_nat(const struct config *config, FILE *out);

/* print_vpn.c: the key `vpn`; a peer as "name: { public-key: ..., ... }"; an endpoint without quotes */
void print_vpn(const struct config *config, FILE *out);
void print_peer(const struct config_peer *peer, FILE *out);
void print_endpoint(const struct config_peer *peer, FILE *out);

/* What an entry of `nat` says, on one line: "{ out: wan, ... }". */
void print_nat_source(const struct config *config, const struct config_nat_source *source, FILE *out);
void print_nat_forward(const struct config *config, const struct config_nat_forward *forward, FILE *out);
void print_nat_static(const struct config *config, const struct config_nat_static *rule, FILE *out);

/* Lists without brackets, elements separated by ", ". */
void print_port_names(const struct config *config, const uint8_t *ports, size_t count, FILE *out);
void print_protocols(const struct config_rule *rule, FILE *out);
void print_prefixes(const struct config_prefix *prefixes, size_t count, bool quote, FILE *out);
void print_ranges(const struct config_range *ranges, size_t count, FILE *out);
void print_icmp(const struct config_range *types, size_t count, bool ipv6, FILE *out);
void print_flags(const struct config_rule *rule, bool quote, FILE *out);
void print_states(uint8_t states, FILE *out);
void print_sets(const struct config *config, const uint16_t *sets, size_t count, bool quote, FILE *out);
void print_dscps(const struct config_rule *rule, FILE *out);

#endif
