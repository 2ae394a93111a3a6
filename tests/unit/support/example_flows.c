/* SPDX-License-Identifier: Apache-2.0
 *
 * Flow tracking of the example appliance for unit tests, with the default timeouts.
 */
#include "nf/appliance.h"
#include "nf/flow/record.h"

const uint32_t flow_capacity = 1024;
const uint32_t flow_timeouts_s[] = {
#define X(identifier, name, seconds) [FLOW_TIMEOUT_##identifier] = seconds,
    FLOW_TIMEOUTS(X)
#undef X
};
const bool flow_loose = false;
