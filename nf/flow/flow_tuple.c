/* SPDX-License-Identifier: Apache-2.0
 *
 * The reverse of a tuple. ICMP queries and their replies have the same identifier and different types (RFC
 * 792, RFC 950, RFC 4443), everything else has its ports exchanged.
 */
#include <stdbool.h>
#include "nf/flow/flow_tuple.h"

struct query {
	uint8_t request, reply;
};

static const struct query ipv4_queries[] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}};
static const struct query ipv6_queries[] = {{128, 129}};

/* Type and code of what answers a query, or is answered by a reply; of another message, its own. */
static rte_be16_t answer(rte_be16_t type_and_code, bool is_ipv6)
{
	const struct query *queries = is_ipv6 ? ipv6_queries : ipv4_queries;
	size_t count = is_ipv6 ? RTE_DIM(ipv6_queries) : RTE_DIM(ipv4_queries);
	uint8_t type = rte_be_to_cpu_16(type_and_code) >> 8, code = rte_be_to_cpu_16(type_and_code);

	for (size_t i = 0; i < count; i++) {
		if (type == queries[i].request)
			return rte_cpu_to_be_16(queries[i].reply << 8 | code);
		if (type == queries[i].reply)
			return rte_cpu_to_be_16(queries[i].request << 8 | code);
	}
	return type_and_code;
}

void flow_tuple_reverse(const struct flow_tuple *tuple, const struct flow_addresses *ipv6, uint8_t zone,
			struct flow_tuple *reverse, struct flow_addresses *reverse_ipv6)
{
	*reverse = *tuple;
	reverse->zone = zone;
	reverse->source = tuple->destination;
	reverse->destination = tuple->source;
	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6) {
		reverse->destination_port = answer(tuple->destination_port, tuple->ipv6);
	} else {
		reverse->source_port = tuple->destination_port;
		reverse->destination_port = tuple->source_port;
	}
	if (tuple->ipv6) {
		struct flow_addresses copy = *ipv6;

		memcpy(reverse_ipv6->source, copy.destination, sizeof(copy.source));
		memcpy(reverse_ipv6->destination, copy.source, sizeof(copy.source));
	}
}
