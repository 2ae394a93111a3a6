/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables that firewall_oracle.h speaks of, for a program that includes this once. Classes 1 to 3 lie over
 * the addresses that firewall_any.c makes up; 1 within 2.
 */
#ifndef TESTS_FIREWALL_TABLES_H
#define TESTS_FIREWALL_TABLES_H

#include "firewall_oracle.h"

struct firewall_rule rule_table[RULES];
uint32_t rule_count;
struct ipv4_match ipv4_table[MATCHES];
struct ipv6_match ipv6_table[MATCHES];
uint32_t ipv4_count, ipv6_count;

const struct ipv4_class ipv4_classes[] = {{0, 0},	   {0x00010000, 2}, {0x00010100, 1}, {0x00018000, 2},
					  {0x01000000, 3}, {0x7f7f7f80, 0}, {0x80000000, 2}, {0xffffffff, 1}};
const struct ipv6_class ipv6_classes[] = {
    {{0}, 0}, {{0, 1}, 2}, {{0, 1, 1}, 1}, {{0, 1, 0x80}, 2}, {{0x7f}, 3}, {{0x80, 0, 0x7f}, 0}, {{0xff}, 1}};
const uint32_t ipv4_class_count = 8, ipv6_class_count = 7;
const bool firewall_judges_invalid = true;
const uint32_t firewall_sources = 4096;

#endif
