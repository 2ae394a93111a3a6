/* SPDX-License-Identifier: Apache-2.0
 *
 * The example appliance for unit tests translates nothing.
 */
#include "nf/appliance.h"

const bool nat_configured = false, nat_hairpin = true;
const struct nat_source_rule nat_source_rules[] = {{.name = ""}};
const struct nat_destination_rule nat_destination_rules[] = {{.name = ""}};
const struct nat_static_rule nat_static_rules[] = {{.name = ""}};
const uint32_t nat_source_rule_count = 0, nat_destination_rule_count = 0, nat_static_rule_count = 0;
