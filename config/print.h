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

/* Lists without brackets, elements separated by ", ". */
void print_port_names(const struct config *config, const uint8_t *ports, size_t count, FILE *out);
void print_protocols(const struct config_rule *rule, FILE *out);
void print_prefixes(const struct config_prefix *prefixes, size_t count, bool quote, FILE *out);
void print_ranges(const struct config_range *ranges, size_t count, FILE *out);
void print_icmp(const struct config_range *types, size_t count, bool ipv6, FILE *out);
void print_flags(const struct config_rule *rule, bool quote, FILE *out);

#endif
