/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall of the example appliance for unit tests: accepts everything.
 */
#include "nf/appliance.h"

const struct firewall_rule firewall_rules[] = {{.name = "default", .action = FIREWALL_ACCEPT}};
const uint32_t firewall_rule_count = 1;
const struct ipv4_match ipv4_matches[] = {{.common = {.rule = 0}}};
const struct ipv6_match ipv6_matches[] = {{.common = {.rule = 0}}};
const uint32_t ipv4_match_count = 0, ipv6_match_count = 0;
