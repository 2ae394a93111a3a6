/* SPDX-License-Identifier: Apache-2.0
 *
 * Named sets: the class of an address, out of the tables of nf/appliance.h. For IPv4 the upper half of an
 * address says where in the table to look, so that a set of 100,000 prefixes costs one access to that index
 * and one or two to the table, which are 262 kB and 1.6 MB. (rte_fib's flat table is 33 MB at least, and its
 * trie does not answer with 16 bits in less than that.) IPv6 is searched by halves.
 */
#ifndef NF_FIREWALL_CLASSES_H
#define NF_FIREWALL_CLASSES_H

#include <stdint.h>

/* Returns 0, or -ENOMEM after a host_log line. */
int classes_init(void);

/* 0 where no rule asks for sets. IPv4 in host order. */
uint16_t class_of_ipv4(uint32_t address);
uint16_t class_of_ipv6(const uint8_t address[16]);

#endif
