/* SPDX-License-Identifier: Apache-2.0
 *
 * An appliance that translates, for tests of NAT; nat_tables.h defines its tables, for a program that
 * includes it once, and the tests fill them in.
 *
 *     192.0.2.0/25, 2001:db8:1::/64 ----- lan (device 0) hosts .10, .11, .12
 *     192.0.2.128/25, 2001:db8:3::/64 --- dmz (device 2) host .130 (::130)
 *     198.51.100.0/24, 2001:db8:2::/64 -- wan (device 1, MTU 1400) --- gateway .2 --- everything else
 *
 * Everybody named has a static neighbour entry. The appliance is .1 (dmz: .129) and ::1. 203.0.113.0/24 and
 * 2001:db8:f::/48 are far away.
 */
#ifndef TESTS_NAT_WORLD_H
#define TESTS_NAT_WORLD_H

#include "nf/appliance.h"
#include "craft.h"
#include "nf_host.h"

enum { LAN, WAN, DMZ, NAT_WORLD_RULES = 8, NAT_WORLD_FLOWS = 4096 };

/* The tables of nf/appliance.h, which are constant there, as variables of the program. */
extern struct nat_source_rule nat_sources[NAT_WORLD_RULES] __asm__("nat_source_rules");
extern struct nat_destination_rule nat_destinations[NAT_WORLD_RULES] __asm__("nat_destination_rules");
extern struct nat_static_rule nat_statics[NAT_WORLD_RULES] __asm__("nat_static_rules");
extern uint32_t nat_source_count __asm__("nat_source_rule_count");
extern uint32_t nat_destination_count __asm__("nat_destination_rule_count");
extern uint32_t nat_static_count __asm__("nat_static_rule_count");
extern bool nat_hairpins __asm__("nat_hairpin");
extern bool nat_judges_invalid __asm__("firewall_judges_invalid");
extern struct firewall_rule nat_verdict __asm__("firewall_rules"); /* the default, and the only one */

/* Forgets all rules. */
void nat_world_clear(void);

/* Addresses from text. */
union nat_address nat_address(const char *text);
struct nat_prefix nat_prefix(const char *address, uint8_t length);

/* Rules for what leaves by wan, from ports 1024 to 65535, endpoint-independent with filtering by address and
 * port; returned to be changed. */
struct nat_source_rule *nat_add_masquerade(bool ipv6);
struct nat_source_rule *nat_add_pool(const char *first, const char *last);

/* Forwards ports that wan's own addresses get. `to_port` 0: ports stay. */
struct nat_destination_rule *nat_add_forward(uint8_t protocol, uint16_t low, uint16_t high, const char *to,
					     uint16_t to_port);
struct nat_static_rule *nat_add_static(const char *external, const char *internal, uint8_t length);

/* Passes a packet through the chain, and says what left: "" for nothing, else device and addresses, like
 *     wan udp 198.51.100.1.4000 > 203.0.113.1.53
 *     wan icmp 8/0 198.51.100.1 > 203.0.113.1 id 7
 *     lan icmp 3/1 203.0.113.9 > 192.0.2.10 {udp 192.0.2.10.1000 > 203.0.113.1.53}
 * All checksums in it were right, or the test has failed. Valid until the next call. */
const char *nat_pass(uint8_t port, const struct craft *craft);
const char *nat_pass_frame(uint8_t port, const void *frame, size_t bytes);
const char *nat_pass_packet(uint8_t port, struct rte_mbuf *m);

/* The same about a packet that was sent, or about all of them, joined by "; ". */
const char *nat_said(uint32_t index);

/* The source port of the packet that left last, or its identifier. */
uint16_t nat_last_port(void);

/* Whether a text fits a pattern with "*". Says both on standard error if not. */
bool nat_fits(const char *text, const char *pattern);

/* An ICMP error of type << 8 | code from `source` to `destination` about a frame, of which it quotes `bytes`
 * from the IP header on. Returns the length of what it writes to out[CRAFT_MAX]. */
size_t nat_error(uint8_t *out, const char *source, const char *destination, uint16_t type,
		 const uint8_t *about, size_t bytes);

/* Lets every flow end. Returns whether nothing is left: no flow, no mapping, no mbuf, and books that
 * balance. */
bool nat_world_ends(void);

#endif
