/* SPDX-License-Identifier: Apache-2.0
 *
 * Endpoints: an address with a port, or with the identifier of an ICMP query.
 */
#ifndef NF_NAT_ENDPOINT_H
#define NF_NAT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <netinet/in.h>
#include "nf/appliance.h"
#include "nf/flow/flow.h"

/* An address as on the wire; IPv4 has its first 4 bytes, and zeros behind. */
struct address {
	uint8_t bytes[16];
};

struct endpoint {
	struct address address;
	rte_be16_t port;
};

/* Both ends of a packet: what a rewriting makes of it. */
struct ends {
	struct endpoint source, destination;
};

static inline uint8_t address_bytes(bool ipv6)
{
	return ipv6 ? 16 : 4;
}

static inline struct address address_read(bool ipv6, const void *wire)
{
	struct address address = {{0}};

	memcpy(address.bytes, wire, address_bytes(ipv6));
	return address;
}

static inline bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->address, &b->address);
}

static inline struct address address_of_rule(bool ipv6, const union nat_address *address)
{
	rte_be32_t ipv4 = rte_cpu_to_be_32(address->ipv4);

	return address_read(ipv6, ipv6 ? (const void *)address->ipv6 : &ipv4);
}

/* The address so many behind another one. IPv6: within the last 32 bits. */
static inline struct address address_behind(bool ipv6, const struct address *first, uint32_t offset)
{
	struct address address = *first;
	uint8_t *last = address.bytes + address_bytes(ipv6) - sizeof(uint32_t);
	rte_be32_t word;

	memcpy(&word, last, sizeof(word));
	word = rte_cpu_to_be_32(rte_be_to_cpu_32(word) + offset);
	memcpy(last, &word, sizeof(word));
	return address;
}

static inline bool is_icmp_protocol(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Whether a protocol's packets have a port, or an identifier, that may be changed. */
static inline bool has_changeable_port(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || is_icmp_protocol(protocol);
}

/* The ends of packets with a tuple. */
static inline struct ends ends_of(const struct flow_tuple *tuple, const struct flow_addresses *ipv6)
{
	const void *source = tuple->ipv6 ? (const void *)ipv6->source : &tuple->source;
	const void *destination = tuple->ipv6 ? (const void *)ipv6->destination : &tuple->destination;
	bool icmp = is_icmp_protocol(tuple->protocol);

	return (struct ends){
	    .source = {address_read(tuple->ipv6, source), tuple->source_port},
	    .destination = {address_read(tuple->ipv6, destination),
			    icmp ? tuple->source_port : tuple->destination_port},
	};
}

/* How packets of one direction leave: as what the other direction's tuple answers to. */
static inline struct ends ends_leaving(const struct flow_record *record, enum flow_direction direction)
{
	struct ends back = ends_of(&record->tuple[!direction], &record->ipv6[!direction]);

	return (struct ends){.source = back.destination, .destination = back.source};
}

static inline struct ends ends_arriving(const struct flow_record *record, enum flow_direction direction)
{
	return ends_of(&record->tuple[direction], &record->ipv6[direction]);
}

#endif
