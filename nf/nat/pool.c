/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools; see pool.h.
 */
#include <rte_common.h>
#include "nf/bucket.h"
#include "nf/flow/flow_tuple.h"
#include "nf/host.h"
#include "nf/ports.h"
#include "nf/router/router.h"
#include "nf/wireguard/config.h"
#include "answers.h"
#include "pool.h"
#include "prefix.h"
#include "rewrite.h"

enum { RANDOM_TRIES = 16, WALK = 1024, WALKS_PER_SECOND = 1000, WELL_KNOWN = 1024, MOST_PORTS = 32768 };

static uint64_t hash_keys[5];
static struct bucket walks;

void pool_init(void)
{
	walks = bucket_per_second(WALKS_PER_SECOND);
	for (size_t i = 0; i < RTE_DIM(hash_keys); i++)
		hash_keys[i] = host_random();
}

/* Strongly universal, as in nf/flow/flow_table.h: nobody outside can tell who shares an address with whom. */
static uint32_t hash_of(const struct address *inside)
{
	uint64_t sum = hash_keys[0];
	uint32_t words[4];

	memcpy(words, inside, sizeof(words));
	for (int i = 0; i < 4; i++)
		sum += hash_keys[1 + i] * words[i];
	return sum >> 32;
}

static struct address address_at(const struct nat_source_rule *rule, uint32_t offset)
{
	struct address first = address_of_rule(rule->ipv6, &rule->first);

	return address_behind(rule->ipv6, &first, offset);
}

static uint32_t last_word(bool ipv6, const union nat_address *address)
{
	rte_be32_t word;

	if (!ipv6)
		return address->ipv4;
	memcpy(&word, address->ipv6 + 12, sizeof(word));
	return rte_be_to_cpu_32(word);
}

uint64_t pool_size(const struct nat_source_rule *rule)
{
	return (uint64_t)last_word(rule->ipv6, &rule->last) - last_word(rule->ipv6, &rule->first) + 1;
}

bool pool_address(const struct nat_source_rule *rule, struct rte_mbuf *m, struct address *external)
{
	struct ends ends = rewrite_ends(m);
	rte_be32_t word;

	if (rule->kind == NAT_SOURCE_POOL) {
		*external = address_at(rule, hash_of(&ends.source.address) * pool_size(rule) >> 32);
		return true;
	}
	if (rule->ipv6) {
		*external =
		    address_read(true, port_source_ipv6(rule->out_port, ends.destination.address.bytes));
		return !ipv6_is_link_local(external->bytes);
	}
	memcpy(&word, ends.destination.address.bytes, sizeof(word));
	word = rte_cpu_to_be_32(port_source_ipv4(rule->out_port, rte_be_to_cpu_32(word)));
	*external = address_read(false, &word);
	return word != 0;
}

/* How far an address is behind the first one of a pool, by its last 32 bits. */
static uint32_t offset_of(const struct nat_source_rule *rule, const struct address *external)
{
	rte_be32_t word;

	memcpy(&word, external->bytes + address_bytes(rule->ipv6) - sizeof(word), sizeof(word));
	return rte_be_to_cpu_32(word) - last_word(rule->ipv6, &rule->first);
}

struct address pool_behind(const struct nat_source_rule *rule, const struct address *external, uint32_t steps)
{
	return address_at(rule, ((uint64_t)offset_of(rule, external) + steps) % pool_size(rule));
}

bool pool_has(const struct nat_source_rule *rule, const struct address *external)
{
	uint32_t offset = offset_of(rule, external);
	struct address at = address_at(rule, offset);

	return offset < pool_size(rule) && address_equal(&at, external);
}

static bool rule_gives(const struct nat_source_rule *rule, const struct address *external)
{
	if (rule->kind == NAT_SOURCE_POOL)
		return pool_has(rule, external);
	return rule->kind == NAT_SOURCE_MASQUERADE && port_has_address(rule->out_port, rule->ipv6, external);
}

/* As far as a mapping shows it: not by where its first packet came in and went to. */
static bool may_have_made(const struct nat_source_rule *rule, const struct binding *mapping)
{
	return rule->ipv6 == mapping->ipv6 && rule->mapping == NAT_MAPPING_ENDPOINT_INDEPENDENT &&
	       (!rule->protocol || rule->protocol == mapping->protocol) &&
	       prefix_has(rule->ipv6, &rule->source, &mapping->internal.address) &&
	       rule_gives(rule, &mapping->external.address);
}

const struct nat_source_rule *pool_rule_of(const struct binding *mapping)
{
	const struct nat_source_rule *found = NULL;

	for (uint32_t i = 0; i < nat_source_rule_count; i++) {
		const struct nat_source_rule *rule = &nat_source_rules[i];

		if (!may_have_made(rule, mapping))
			continue;
		if (!found || rule->filtering < found->filtering)
			found = rule;
		if (rule->in_port == PORT_NONE && rule->destination.length == 0)
			break; /* none of the rules behind it had a chance */
	}
	return found;
}

/* Whether a port is kept for a service that is forwarded. One that takes most ports would leave none. */
static bool is_forwarded(const struct port_request *request, uint16_t port)
{
	for (uint32_t i = 0; i < nat_destination_rule_count; i++) {
		const struct nat_destination_rule *rule = &nat_destination_rules[i];
		struct address listening = address_of_rule(rule->ipv6, &rule->address);

		if (rule->ipv6 == request->ipv6 && (!rule->protocol || rule->protocol == request->protocol) &&
		    port >= rule->port_low && port <= rule->port_high &&
		    rule->port_high - rule->port_low < MOST_PORTS &&
		    (rule->any_address ? port_has_address(rule->in_port, rule->ipv6, &request->external)
				       : address_equal(&listening, &request->external)))
			return true;
	}
	return false;
}

/* Whether a tunnel listens there: it takes its datagrams before anybody asks NAT. */
static bool is_of_tunnel(const struct port_request *request, uint16_t port)
{
	rte_be32_t ipv4;

	if (request->protocol != IPPROTO_UDP)
		return false;
	memcpy(&ipv4, request->external.bytes, sizeof(ipv4));
	for (uint32_t i = 0; i < wireguard_tunnel_count; i++)
		if (wireguard_tunnels[i].listen_port == port)
			return request->ipv6 ? router_owns_ipv6(request->external.bytes)
					     : router_owns_ipv4(rte_be_to_cpu_32(ipv4));
	return false;
}

/* What replies would look like. */
static void set_reply(const struct port_request *request, rte_be16_t port, struct flow_tuple *tuple,
		      struct flow_addresses *ipv6)
{
	struct flow_tuple out = {
	    .protocol = request->protocol,
	    .ipv6 = request->ipv6,
	    .source_port = port,
	    .destination_port =
		is_icmp_protocol(request->protocol) ? request->type_and_code : request->ends.destination.port,
	};
	struct flow_addresses out_ipv6;

	if (request->ipv6) {
		memcpy(out_ipv6.source, request->external.bytes, 16);
		memcpy(out_ipv6.destination, request->ends.destination.address.bytes, 16);
	} else {
		memcpy(&out.source, request->external.bytes, 4);
		memcpy(&out.destination, request->ends.destination.address.bytes, 4);
	}
	flow_tuple_reverse(&out, &out_ipv6, request->reply_zone, tuple, ipv6);
}

static struct binding wanted_of(const struct port_request *request, uint16_t number)
{
	return (struct binding){
	    .external = {request->external, rte_cpu_to_be_16(number)},
	    .protocol = request->protocol,
	    .ipv6 = request->ipv6,
	};
}

static bool is_free(const struct port_request *request, uint16_t number)
{
	struct binding wanted = wanted_of(request, number);
	enum flow_direction direction;
	struct flow_tuple reply;
	struct flow_addresses ipv6;

	if (is_of_tunnel(request, number) || (request->bound && is_forwarded(request, number)) ||
	    binding_find_external(&wanted))
		return false;
	set_reply(request, rte_cpu_to_be_16(number), &reply, &ipv6);
	return flow_lookup(&reply, &ipv6, &direction) == 0;
}

/* The ports to choose from: first, how many, and the step between them. */
struct row {
	uint32_t first, count, step;
};

/* The rule's range, and of it the half that a port is in, unless that is empty; identifiers have no halves.
 * `privileged`: the lower half is one, too. */
static struct row half_of(const struct port_request *request, bool privileged)
{
	uint16_t inside = rte_be_to_cpu_16(request->ends.source.port);
	uint32_t low = request->low, high = request->high;

	if (is_icmp_protocol(request->protocol))
		return (struct row){low, high - low + 1, 1};
	if (inside < WELL_KNOWN && low < WELL_KNOWN && privileged)
		high = RTE_MIN(high, (uint32_t)WELL_KNOWN - 1);
	else if (inside >= WELL_KNOWN && high >= WELL_KNOWN)
		low = RTE_MAX(low, (uint32_t)WELL_KNOWN);
	return (struct row){low, high - low + 1, 1};
}

static struct row row_of(const struct port_request *request)
{
	struct row row = half_of(request, true);
	uint32_t odd = (row.first ^ rte_be_to_cpu_16(request->ends.source.port)) & 1;

	if (request->protocol != IPPROTO_UDP || row.count == 1)
		return row;
	return (struct row){row.first + odd, (row.count - odd + 1) / 2, 2};
}

static uint32_t any_in(const struct row *row)
{
	return (host_random() >> 32) * row->count >> 32;
}

uint16_t pool_guess(const struct port_request *request)
{
	const struct row row = row_of(request);
	uint16_t number = row.first + any_in(&row) * row.step;
	struct binding wanted = wanted_of(request, number);
	struct flow_tuple reply;
	struct flow_addresses ipv6;

	binding_prefetch_external(&wanted);
	set_reply(request, rte_cpu_to_be_16(number), &reply, &ipv6);
	flow_prefetch(&reply, &ipv6);
	return number;
}

/* A port below 1024 gives way to any other rather than to none. */
static bool walk(const struct port_request *request, rte_be16_t *port)
{
	const struct row row = half_of(request, false);

	if (!bucket_take(&walks, host_now_ns))
		return false;
	for (uint32_t i = 0; i < RTE_MIN(row.count, (uint32_t)WALK); i++) {
		uint16_t number = row.first + (*request->cursor)++ % row.count;

		*port = rte_cpu_to_be_16(number);
		if (is_free(request, number))
			return true;
	}
	return false;
}

bool pool_port(const struct port_request *request, uint16_t guess, rte_be16_t *port)
{
	const struct row row = row_of(request);
	uint16_t number = guess;

	for (int i = 0; i < RANDOM_TRIES; i++) {
		*port = rte_cpu_to_be_16(number);
		if (is_free(request, number))
			return true;
		number = row.first + any_in(&row) * row.step;
	}
	return walk(request, port);
}
