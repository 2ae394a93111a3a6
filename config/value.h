/* SPDX-License-Identifier: Apache-2.0
 *
 * One small function for each kind of value. Each returns true and the value, or pushes one located error,
 * with what to write instead, and returns false.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "address.h"
#include "mapping.h"

/* The text of a scalar that is not empty, or NULL. `what` names it in messages: "an MTU". */
const char *value_text(struct reader *r, const struct node *node, const char *what, const char *example);

/* Decimal digits up to `end`, 9 at most; no sign, no blanks, no leading zero. */
bool parse_digits(const char *text, const char *end, uint32_t *out);

/* Reports the words that mean everything (any, all): for a scalar of a key that is then left out. */
bool value_is_everything(struct reader *r, const struct node *node);

bool value_number(struct reader *r, const struct node *node, const char *what, uint32_t low, uint32_t high,
		  uint32_t *out);
bool value_truth(struct reader *r, const struct node *node, bool *out);

/* "10/s" */
bool value_rate(struct reader *r, const struct node *node, uint16_t *out);

/* "32M", "1G", "64 MiB": bytes */
bool value_size(struct reader *r, const struct node *node, uint64_t *out);

/* Lower-case letters, digits and hyphens, up to `max` of them; `out` has room for a NUL more. */
bool value_name(struct reader *r, const struct node *node, const char *what, size_t max, char *out);

/* Index of the word in `words`. */
bool value_word(struct reader *r, const struct node *node, const char *what, const char *const *words,
		size_t count, size_t *out);

/* A station's: not zero, not a group's. */
bool value_mac(struct reader *r, const struct node *node, uint8_t out[6]);

bool value_address(struct reader *r, const struct node *node, struct config_address *out);

/* An interface's address with its prefix length, host bits kept: 10.0.0.1/24. */
bool value_interface_address(struct reader *r, const struct node *node, struct config_prefix *out);

/* A network without host bits, or an address alone, which means just itself: 10.0.0.0/24, 10.0.0.7. */
bool value_network(struct reader *r, const struct node *node, struct config_prefix *out);

/* The same where an address needs its length: what a route leads to. */
bool value_destination(struct reader *r, const struct node *node, struct config_prefix *out);

/* A transport port or a range of them: 80, 8000-8100. */
bool value_port_range(struct reader *r, const struct node *node, struct config_range *out);

/* An IP protocol by name or number. */
bool value_protocol(struct reader *r, const struct node *node, uint8_t *out);

/* An ICMP type by name, type number or type/code, as a range of type << 8 | code. */
bool value_icmp(struct reader *r, const struct node *node, bool ipv6, struct config_range *out);

/* A TCP flag, or its absence: syn, "!ack". Adds to both. */
bool value_tcp_flag(struct reader *r, const struct node *node, uint8_t *flags, uint8_t *mask);

/* A connection state, a list of them, or any, which is 0: enum config_state. */
bool value_states(struct reader *r, const struct node *node, uint8_t *states);

/* "2h4m": seconds, not 0 */
bool value_duration(struct reader *r, const struct node *node, uint32_t *seconds);

/* "1000/s", "10/m", "5/h": events and seconds */
bool value_unit_rate(struct reader *r, const struct node *node, struct config_rate *rate);

/* A differentiated services code point by name or number (RFC 2474). */
bool value_dscp(struct reader *r, const struct node *node, uint8_t *out);

/* Names for printing: NULL where there is none. */
const char *protocol_name(uint8_t protocol);
const char *icmp_name(uint16_t type_and_code_low, uint16_t high, bool ipv6);
const char *tcp_flag_name(unsigned int bit);
const char *state_name(unsigned int bit);
const char *dscp_name(uint8_t dscp);
const char *nat_mapping_name(enum config_nat_mapping mapping);
const char *nat_filtering_name(enum config_nat_filtering filtering);

/* Of a timeout: its key, and its seconds where none are given. */
const char *timeout_name(enum flow_timeout timeout);
uint32_t timeout_default(enum flow_timeout timeout);

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58, PROTOCOL_SCTP = 132 };

#endif
