/* SPDX-License-Identifier: Apache-2.0
 *
 * What an IPv4 packet looks like to the classifier. rte_acl walks a trie by the bytes of a key, and each byte
 * costs every packet the same, so a key has only those that some rule looks at: of a rule set whose longest
 * destination prefix is a /16, two bytes of the destination. Which ones is known at start; one byte shuffle
 * picks them from the facts about a packet.
 *
 * firewall_rules.c lays the key out, firewall.c writes one for each packet.
 */
#ifndef NF_FIREWALL_KEY_H
#define NF_FIREWALL_KEY_H

#include <stddef.h>
#include <string.h>
#include <rte_acl.h>
#include <rte_ip.h>
#include <rte_vect.h>
#include "nf/appliance.h"
#include "nf/packet.h"
#include "classes.h"
#include "condition.h"

/* All that rules ask about: the start of struct packet_meta, then the addresses of the IP header. */
struct firewall_facts {
	uint8_t protocol;
	uint8_t tcp_flags;
	uint8_t in_port; /* with FIREWALL_KEY_L4 */
	uint8_t out_port;
	rte_be16_t destination_port, source_port;
	rte_be32_t source, destination;
};
_Static_assert(sizeof(struct firewall_facts) == sizeof(__m128i), "shuffled as a whole");

#define FACT_IS_META(member) \
	_Static_assert(offsetof(struct firewall_facts, member) == offsetof(struct packet_meta, member), \
		       "copied as a whole")
FACT_IS_META(protocol);
FACT_IS_META(tcp_flags);
FACT_IS_META(in_port);
FACT_IS_META(out_port);
FACT_IS_META(destination_port);
FACT_IS_META(source_port);

/* What fewer rules ask about: the facts after these. Classes as on the wire, since rte_acl reads ranges so.
 */
struct firewall_more_facts {
	uint8_t condition; /* condition.h */
	uint8_t zero;
	rte_be16_t source_class, destination_class; /* classes.h */
	uint16_t zero2;
};
_Static_assert(sizeof(struct firewall_more_facts) == 8, "half a vector");

/* In the byte of in_port: ports, ICMP type and TCP flags are those of the packet, not 0 for want of them. */
enum { FIREWALL_KEY_L4 = 0x80 };
_Static_assert((int)PORTS_MAX <= (int)FIREWALL_KEY_L4, "a port's number leaves the bit free");

enum {
	FIREWALL_FACTS_BYTES = sizeof(struct firewall_facts) + sizeof(struct firewall_more_facts),
	FIREWALL_KEY_BYTES = 2 * sizeof(__m128i),
	FIREWALL_KEY_SLACK = 3,				  /* a key's last group of four may reach beyond it */
	FIREWALL_KEY_FIELDS_MAX = 1 + FIREWALL_KEY_BYTES, /* protocol, and groups of four bytes */
};

struct firewall_key_layout {
	/* For each byte of the key's halves, the fact that it is: of the first ones, and of those after
	 * these. */
	__m128i shuffle[2], shuffle_more[2];
	bool more; /* some are of those after these; then the key may have a second half */
	uint32_t fields;
	struct rte_acl_field_def defs[FIREWALL_KEY_FIELDS_MAX];
	uint8_t facts[FIREWALL_KEY_FIELDS_MAX]; /* offset of each field's fact, or of none */
};

/* Chooses the bytes that ipv4_matches[] need. */
void firewall_key_lay_out(struct firewall_key_layout *layout);

/* Fills in the fields of a match, with one of the patterns that condition_patterns gives for it. */
void firewall_key_set_rule(const struct firewall_key_layout *layout, struct rte_acl_field *field,
			   const struct ipv4_match *match, struct byte_pattern condition);

/* struct firewall_more_facts of a packet, as one number. */
static inline uint64_t firewall_more_facts_of(const struct packet_meta *meta, const struct rte_ipv4_hdr *ip)
{
	const int source = 8 * offsetof(struct firewall_more_facts, source_class);
	const int destination = 8 * offsetof(struct firewall_more_facts, destination_class);
	struct classes classes = classes_of_ipv4(ip);

	return condition_of(meta, dscp_of_ipv4(ip)) | (uint64_t)rte_cpu_to_be_16(classes.source) << source |
	       (uint64_t)rte_cpu_to_be_16(classes.destination) << destination;
}

static inline void firewall_key_write(const struct firewall_key_layout *layout, uint8_t *key,
				      const struct packet_meta *meta, const struct rte_ipv4_hdr *ip)
{
	const int to_key_l4 = 8 * offsetof(struct firewall_facts, in_port) + __builtin_ctz(FIREWALL_KEY_L4) -
			      __builtin_ctz(PACKET_L4);
	uint64_t start, addresses;
	__m128i facts, more;

	memcpy(&start, meta, sizeof(start));
	memcpy(&addresses, &ip->src_addr, sizeof(addresses));
	start |= (uint64_t)(meta->flags & PACKET_L4) << to_key_l4;
	facts = _mm_set_epi64x(addresses, start);
	if (likely(!layout->more)) {
		_mm_storeu_si128((__m128i *)key, _mm_shuffle_epi8(facts, layout->shuffle[0]));
		return;
	}
	more = _mm_cvtsi64_si128(firewall_more_facts_of(meta, ip));
	for (int half = 0; half < 2; half++)
		_mm_storeu_si128((__m128i *)key + half,
				 _mm_or_si128(_mm_shuffle_epi8(facts, layout->shuffle[half]),
					      _mm_shuffle_epi8(more, layout->shuffle_more[half])));
}

#endif
