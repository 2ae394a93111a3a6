/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of the compiler, in the order in which config.c runs them. Each reads its part of the document
 * into r->config and reports what is wrong with it; a stage may rely on what the earlier ones read without an
 * error, and on nothing else.
 */
#ifndef CONFIG_STAGES_H
#define CONFIG_STAGES_H

#include "mapping.h"

enum {
	PORTS_LIMIT = 64,	/* PORTS_MAX of nf/stats.h */
	ADDRESSES_LIMIT = 64,	/* on one port */
	MACHINE_CARDS_MAX = 30, /* of a q35, the machine with the most: Q35_SLOTS of images/vm.c */
	MATCHES_LIMIT = 100000,
	RULES_LIMIT = 65000, /* numbers that a flow record has room for */
	DEFAULT_LOG_RATE = 10,
	DEFAULT_ICMP_ERROR_RATE = 100,
	DEFAULT_NEIGHBOURS = 1024,
	DEFAULT_FLOWS = 65536,
	FLOWS_MAX = 16000000, /* numbers of 24 bits: nf/nat/binding.c */
	DEFAULT_SOURCES = 65536,
};

/* read_ports.c, check_ports.c */
void read_ports(struct reader *r, const struct node *node);
void check_ports(struct reader *r);

/* read_ports.c, of all kinds of ports: begin_port is NULL after an error; finish_port counts the port in */
struct config_port *begin_port(struct reader *r, const struct node *key);
void read_port_addresses(struct reader *r, void *port, const struct node *value);
void read_port_mss(struct reader *r, void *port, const struct node *value);
void read_port_zone(struct reader *r, void *port, const struct node *value);
void finish_port(struct reader *r, struct config_port *port, const struct node *node);

/* read_vpn.c; check_vpn.c: keys, allowed IPs and listening ports that must differ; check_endpoints.c: that
 * there is a way to each endpoint, once routes were checked */
void read_vpn(struct reader *r, const struct node *node);
void check_vpn(struct reader *r);
void check_endpoints(struct reader *r);
void check_tunnels_and_nat(struct reader *r);
bool port_is_tunnel(const struct config_port *port);

/* read_router.c, check_routes.c */
void read_router(struct reader *r, const struct node *node);
void check_routes(struct reader *r);

/* tunnel_routes.c, for check_routes: appends the routes that allowed IPs stand for, once next hops are known
 */
void add_tunnel_routes(struct reader *r);
void warn_of_routes_to_nobody(struct reader *r);

/* read_sets.c: named sets of prefixes; value_set reads "@name" */
void read_sets(struct reader *r, void *target, const struct node *value);
bool value_set(struct reader *r, const struct node *node, uint16_t *out);
void warn_of_unused_sets(struct reader *r);

/* classes.c: cuts the sets that rules use into classes; the ranges of classes that a set has */
void make_address_classes(struct reader *r);
size_t ranges_of_set(struct config *config, uint16_t set, bool ipv6, struct config_range **ranges);

/* flows.c: how many connections are tracked, for how long, and whether they are */
void set_flow_defaults(struct config *config);
void read_flows(struct reader *r, void *target, const struct node *value);
void check_flows(struct reader *r, const struct node *root);

/* read_nat.c, and read_forward.c for what is about destinations; check_nat.c */
void read_nat(struct reader *r, const struct node *node);
void read_nat_forwards(struct reader *r, void *target, const struct node *value);
void read_nat_statics(struct reader *r, void *target, const struct node *value);
void check_nat(struct reader *r);

/* read_firewall.c: the section; read_rule.c: one rule, appended to config->rules; expand.c: rules to
 * conjunctions; reach.c and shadow.c: warn of rules that can never match, because of what they say or because
 * of earlier ones */
void read_firewall(struct reader *r, const struct node *node);
void read_rule(struct reader *r, const struct node *node);
void expand_rules(struct reader *r);
void warn_of_unreachable_destinations(struct reader *r);
void warn_of_shadowed_rules(struct reader *r);
bool rule_is_unconditional(const struct config_rule *rule); /* takes every packet, but for invalid ones */

/* need.c: computes config->memory_need, and config->memory where it was not given */
void compute_memory(struct config *config);
bool limits_sources(const struct config *config); /* a rule does */

/* For all stages: NULL where there is none. */
const struct config_port *config_find_port(const struct config *config, const char *name);

/* The port that has `address` in a network of its own. */
const struct config_port *config_connected_port(const struct config *config,
						const struct config_address *address);

/* The port that has `address` as its own. */
const struct config_port *config_own_address(const struct config *config,
					     const struct config_address *address);

/* True for the first and the last address of an IPv4 network: no station can have them (RFC 1812,
 * section 4.2.2.11; RFC 3021). */
bool config_is_network_or_broadcast(const struct config *config, const struct config_address *address);

/* Reports an unknown port, or returns its number. */
bool value_port(struct reader *r, const struct node *node, bool self_too, uint8_t *out);

#endif
