/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall of the example appliance for unit tests has no sets, and no rule about what is invalid.
 */
#include "nf/appliance.h"

const struct ipv4_class ipv4_classes[] = {{0}};
const struct ipv6_class ipv6_classes[] = {{{0}, 0}};
const uint32_t ipv4_class_count = 0, ipv6_class_count = 0;
const bool firewall_judges_invalid = false;
const uint32_t firewall_sources = 1024;
