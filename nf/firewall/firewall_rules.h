/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall's rules as rte_acl wants them: one context a family, built once from ipv4_matches[] and
 * ipv6_matches[] (nf/appliance.h). firewall.c is the only user.
 *
 * A classification gives one result a category, each a rule's index plus one, 0 for none: the first rule that
 * decides, the first conditional one (conditional.h), and the first that has to see each packet of a flow and
 * may match some packet of this one's: it is asked for everything but TCP flags and DSCP, in which a flow's
 * packets differ.
 */
#ifndef NF_FIREWALL_RULES_H
#define NF_FIREWALL_RULES_H

#include <stdint.h>
#include <rte_acl.h>
#include <rte_byteorder.h>
#include "firewall_key.h"

enum { CATEGORY_DECIDES, CATEGORY_CONDITIONAL, CATEGORY_EACH };

/* What an IPv6 packet looks like to the classifier; firewall_key.h has the IPv4 one. It reads the first byte
 * alone and then groups of four, and each byte costs a packet the same: so what most configurations don't
 * look at is together in one group, which is then left out. */
struct firewall_ipv6_key {
	uint8_t protocol;
	uint8_t reserved[3]; /* 0: the vector classifiers load it with the first byte */
	uint8_t in_port;     /* with FIREWALL_KEY_L4 */
	uint8_t out_port;
	rte_be16_t destination_port;
	rte_be16_t source_port;
	uint8_t tcp_flags;
	uint8_t condition;			    /* condition.h */
	rte_be16_t source_class, destination_class; /* classes.h */
	uint8_t source[16], destination[16];
};
_Static_assert(sizeof(struct firewall_ipv6_key) == 48, "groups of four bytes");

/* Tries for one family. rte_acl multiplies rules that ask for a source with those that don't: a list of 140
 * sources and 40 servers took 2.6 s and 300 MB to build as one trie, and 37 ms as two. So where there are
 * many of both they are apart, and each packet is classified twice. */
struct firewall_tries {
	struct rte_acl_ctx *first;  /* NULL: no rule looks at the family */
	struct rte_acl_ctx *second; /* rules with a source; NULL: `first` has all */
};

struct firewall_classifiers {
	struct firewall_tries ipv4, ipv6;
	struct firewall_key_layout ipv4_key;
	uint32_t categories; /* 1 if no rule needs the others, else 4 */
};

/* Builds both, in place of what is there. Returns 0, or -errno after a host_log line. */
int firewall_rules_compile(struct firewall_classifiers *classifiers);

#endif
