/* SPDX-License-Identifier: Apache-2.0
 *
 * Endpoint-independent mappings (RFC 4787, section 4.1): an internal endpoint, and the external one that
 * stands for it towards everybody. A mapping has no record of its own. It is the ring of the flows that use
 * it, through flow_record.binding, and each of them knows both endpoints; one of them, which stands for the
 * ring, is found by either endpoint in a hash table. So a mapping costs 16 bytes, and lives exactly as long
 * as its flows.
 *
 * Where a rule filters by address (RFC 4787, section 5), a third table, 8 bytes a flow, knows the remote
 * addresses of each mapping, its contacts.
 */
#ifndef NF_NAT_BINDING_H
#define NF_NAT_BINDING_H

#include "endpoint.h"

struct binding {
	struct endpoint internal, external;
	uint8_t protocol;
	uint8_t ipv6;
	uint16_t zero;
};
_Static_assert(sizeof(struct binding) == 40, "no padding: hashed as a whole");

/* Needs flow_capacity. Returns 0, or -ENOMEM after a host_log line. */
int binding_init(void);

/* A flow of the mapping from an internal endpoint to an external address, or to an external endpoint; 0:
 * there is none. */
uint32_t binding_find_internal(const struct binding *wanted);
uint32_t binding_find_external(const struct binding *wanted);

/* Fetches what the searches will look at. */
void binding_prefetch_internal(const struct binding *wanted);
void binding_prefetch_external(const struct binding *wanted);

/* Whether a flow of the mapping to the external endpoint of `wanted` is with that address. Only where a rule
 * has NAT_FILTERING_ADDRESS_DEPENDENT. */
bool binding_has_contact(const struct binding *wanted, const struct address *remote);

/* Both endpoints of the mapping that a flow has. */
struct binding binding_of(const struct flow_record *record);

/* A flow joins the ring of its mapping, or makes one; leaves it. */
void binding_join(uint32_t flow);
void binding_leave(uint32_t flow);

#endif
