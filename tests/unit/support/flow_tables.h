/* SPDX-License-Identifier: Apache-2.0
 *
 * Flow tracking of the example appliance, as example_flows.c has it, with tables that a test may change. They
 * are objects: one file of a program includes this.
 */
#ifndef TESTS_FLOW_TABLES_H
#define TESTS_FLOW_TABLES_H

#include "nf/appliance.h"
#include "nf/flow/record.h"
#include "full_chain.h"

uint32_t table_capacity __asm__("flow_capacity") = 1024;
bool script_loose __asm__("flow_loose");
const uint32_t flow_timeouts_s[] = {
#define X(identifier, name, seconds) [FLOW_TIMEOUT_##identifier] = seconds,
    FLOW_TIMEOUTS(X)
#undef X
};

#endif
