/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration compiler: from a person's YAML to a checked model, and from the model to C, to canonical
 * YAML or to a picture. The host command calls it; nothing of it is in an image.
 *
 *     struct diagnostics *d = diagnostics_create();
 *     struct config *c = config_load("gateway.yaml", d);
 *     diagnostics_print(d, stderr, isatty(2));
 *     if (c) config_emit_c(c, out);
 *     config_free(c);
 *     diagnostics_destroy(d);
 *
 * A struct config is only ever complete and consistent: who holds one needs no further checks. It owns
 * everything that it points to.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "nf/flow/record.h"

enum {
	CONFIG_NAME_MAX = 32,
	CONFIG_PORT_NAME_MAX = 15,
	CONFIG_DEFAULT_MTU = 1500,
};

/* Where something was written; lines and columns count from 1. Line 0: not written, a default. File 0 is the
 * configuration itself, others are what it names (diagnostics.h). */
struct config_place {
	uint32_t line, column;
	uint16_t file;
};

/* An IPv4 address is the first 4 bytes, the rest zero. Bytes as on the wire. */
struct config_address {
	bool ipv6;
	uint8_t bytes[16];
};

struct config_prefix {
	struct config_address address;
	uint8_t length;
};

struct config_neighbour {
	struct config_address address;
	uint8_t mac[6];
	struct config_place place;
};

struct config_interface_address {
	struct config_prefix prefix; /* host bits kept */
	struct config_place place;
};

enum { CONFIG_DEVICE_NONE = 0xffff }; /* a tunnel's; DEVICE_NONE of nf/appliance.h */

/* A logical port. Its index in config.ports is its number in the image: devices first, then VLAN ports, then
 * tunnels. */
struct config_port {
	char name[CONFIG_PORT_NAME_MAX + 1];
	struct config_place place;
	uint16_t
	    device; /* index of the device port that it sends and receives on; its own index for a device */
	uint16_t vlan; /* 0: a device or a tunnel */
	uint16_t mtu;
	uint16_t mss;			     /* 0: not clamped */
	char zone[CONFIG_PORT_NAME_MAX + 1]; /* empty: the port's own */
	uint8_t zone_number;
	uint16_t slot; /* devices: which of the machine's network cards, where !mac_given */
	bool slot_given, mtu_given, mss_auto;
	bool mac_given; /* devices: found by MAC address instead of slot */
	uint8_t mac[6]; /* devices: given, or derived from the names of appliance and port */
	struct config_interface_address *addresses;
	size_t address_count;
	struct config_interface_address gateways[2]; /* full-length prefixes; at most one of each family */
	size_t gateway_count;
	struct config_neighbour *neighbours;
	size_t neighbour_count;
};

enum config_route_kind {
	CONFIG_ROUTE_GATEWAY,
	CONFIG_ROUTE_BLACKHOLE,
	CONFIG_ROUTE_UNREACHABLE,
	CONFIG_ROUTE_TUNNEL, /* into a tunnel, whose allowed IPs choose the peer */
};

/* One entry of router.routes, or what a peer's allowed IPs stand for. */
struct config_route {
	struct config_prefix prefix;
	enum config_route_kind kind;
	struct config_address via; /* CONFIG_ROUTE_GATEWAY */
	uint16_t port;		   /* GATEWAY: the port that `via` is connected to; TUNNEL: the tunnel's */
	bool implied;		   /* by allowed IPs: not written as a route */
	struct config_place place, via_place;
};

enum { CONFIG_KEY_BYTES = 32, CONFIG_TUNNEL_MTU = 1420 };

/* What is sealed has to be in one buffer, of 2048 bytes (boot/ring3/pools.c): with Ethernet, IPv6 and some
 * options, UDP, and WireGuard's 32 bytes. */
enum { CONFIG_TUNNEL_MTU_MAX = 1920 };

/* A network with its place. */
struct config_network {
	struct config_prefix prefix;
	struct config_place place;
};

/* The other end of a tunnel. */
struct config_peer {
	char name[CONFIG_NAME_MAX + 1]; /* as given, or how its public key begins in base64 */
	struct config_place place;
	uint8_t tunnel;
	uint8_t public_key[CONFIG_KEY_BYTES];
	const char *preshared_file; /* as written; NULL: none, or in the tunnel's secrets file */
	bool has_endpoint;
	struct config_address endpoint;
	uint16_t endpoint_port, keepalive_s;
	struct config_place endpoint_place;
	struct config_network *allowed; /* as written */
	size_t allowed_count;
};

/* A WireGuard tunnel; addresses, MTU and the like are in its port. */
struct config_tunnel {
	uint8_t port;
	struct config_place place, listen_place;
	uint16_t listen;
	bool routes; /* allowed IPs become routes */
	uint8_t public_key[CONFIG_KEY_BYTES];
	const char *key_file;	  /* the private key's, as written, or NULL */
	const char *secrets_file; /* wg-quick's file with all the secrets, as written, or NULL */
	bool from_conf;		  /* `conf`: that file said everything else, too */
	size_t first_peer, peer_count;
};

/* A peer's allowed IPs without doubles, for all of the appliance: by tunnel, prefix and length. */
struct config_allowed {
	struct config_prefix prefix;
	uint8_t tunnel;
	uint32_t peer;
	struct config_place place;
};

/* What only the image gets: by tunnel, by peer (zero: none). config_free wipes it. */
struct config_secrets {
	uint8_t (*private_keys)[CONFIG_KEY_BYTES], (*preshared_keys)[CONFIG_KEY_BYTES];
	size_t tunnel_room, peer_room;
};

/* In the order of enum firewall_action. */
enum config_action { CONFIG_ACCEPT, CONFIG_DROP, CONFIG_REJECT, CONFIG_LOG, CONFIG_COUNT, CONFIG_LIMIT };

/* Rules that go on or match only within a limit: FIREWALL_CONDITIONAL_MAX of nf/firewall/firewall_rules.h. */
enum { CONFIG_CONDITIONAL_RULES_MAX = 255 };

enum { CONFIG_PORT_SELF = 0xfe }; /* in a rule's `to`: the appliance itself; PORT_SELF of nf/packet.h */

struct config_range {
	uint16_t low, high;
};

/* States of a packet, a bit each: enum packet_state of nf/packet.h. */
enum config_state {
	CONFIG_NEW = 1 << 0,
	CONFIG_ESTABLISHED = 1 << 1,
	CONFIG_RELATED = 1 << 2,
	CONFIG_INVALID = 1 << 3,
};

/* `events` in `seconds`, `burst` at once. events 0: no limit. */
struct config_rate {
	uint32_t events, seconds, burst;
	bool per_source;
};

/* A named set of prefixes, sorted, each once. */
struct config_set {
	char name[CONFIG_NAME_MAX + 1];
	struct config_place place;
	struct config_prefix *prefixes;
	size_t prefix_count;
	bool used;
};

/* Addresses that are in the same sets are of one class: from `first` on, up to the next entry. Class 0 is in
 * no set. */
struct config_class {
	struct config_address first;
	uint16_t number;
};

/* The classes of one family: `sets` has the bits of class 0's sets, of class 1's and so on. */
struct config_classes {
	struct config_class *classes;
	size_t class_count;
	uint64_t *sets;
	size_t number_count;
};

/* A rule as it was written. An empty list matches everything. */
struct config_rule {
	char name[CONFIG_NAME_MAX + 1];
	bool name_given; /* else it is called after its position, rule-1 ... */
	enum config_action action;
	bool log;
	struct config_place place;
	uint8_t *from, *to; /* port numbers; `to` may have CONFIG_PORT_SELF */
	size_t from_count, to_count;
	uint8_t *protocols;
	size_t protocol_count;
	struct config_prefix *sources, *destinations;
	size_t source_count, destination_count;
	struct config_range *source_ports, *destination_ports;
	size_t source_port_count, destination_port_count;
	struct config_range *icmp, *icmpv6; /* type << 8 | code */
	size_t icmp_count, icmpv6_count;
	uint8_t tcp_flags, tcp_flags_mask;
	uint8_t states; /* enum config_state; 0: all but invalid */
	uint8_t *dscps; /* 0 .. 63 */
	size_t dscp_count;
	uint16_t *source_sets, *destination_sets; /* indices in config.sets */
	size_t source_set_count, destination_set_count;
	struct config_rate rate;
	uint32_t connections; /* a source's at a time, 0: any number */
};

/* One conjunction that a rule was expanded to; the fields mean what they mean in struct match_common of
 * nf/appliance.h. */
struct config_match {
	uint32_t rule;
	bool ipv6;
	uint8_t protocol, protocol_mask;
	uint8_t in_port, in_port_mask, out_port, out_port_mask;
	uint8_t tcp_flags, tcp_flags_mask;
	bool needs_l4;
	struct config_range source_port, destination_port;
	struct config_prefix source, destination;
	uint8_t states, dscp, dscp_mask;
	struct config_range source_class, destination_class;
};

enum config_nat_mapping { CONFIG_MAPPING_ENDPOINT_INDEPENDENT, CONFIG_MAPPING_ADDRESS_AND_PORT_DEPENDENT };
enum config_nat_filtering {
	CONFIG_FILTERING_ADDRESS_AND_PORT_DEPENDENT,
	CONFIG_FILTERING_ADDRESS_DEPENDENT,
	CONFIG_FILTERING_ENDPOINT_INDEPENDENT,
};

enum config_nat_kind { CONFIG_NAT_KEEP, CONFIG_NAT_MASQUERADE, CONFIG_NAT_POOL };

/* An entry of nat.source, or what `masquerade` stands for. */
struct config_nat_source {
	char name[CONFIG_NAME_MAX + 1];
	bool name_given, short_form; /* short_form: written as nat.masquerade or masquerade6 */
	struct config_place place;
	enum config_nat_kind kind;
	bool ipv6;
	uint8_t out_port;
	uint8_t *from; /* ports of arrival; none: any */
	size_t from_count;
	uint8_t protocol;			  /* 0: any */
	struct config_prefix source, destination; /* length 0: any */
	struct config_prefix to;		  /* POOL: all of its addresses */
	bool arbitrary;				  /* POOL: `pooling: arbitrary` */
	struct config_range ports;
	enum config_nat_mapping mapping;
	enum config_nat_filtering filtering;
};

/* An entry of nat.forward. */
struct config_nat_forward {
	char name[CONFIG_NAME_MAX + 1];
	bool name_given;
	struct config_place place;
	bool ipv6, any_address;
	uint8_t port;
	uint8_t *protocols;
	size_t protocol_count;
	struct config_address address; /* unless any_address */
	struct config_range listen;
	struct config_prefix source; /* length 0: any */
	struct config_address to;
	uint16_t to_port;
};

/* An entry of nat.one-to-one. */
struct config_nat_static {
	char name[CONFIG_NAME_MAX + 1];
	bool name_given;
	struct config_place place;
	uint8_t port;
	struct config_prefix external, internal;
};

struct config {
	char name[CONFIG_NAME_MAX + 1];

	uint64_t memory;      /* bytes of RAM for the VM: as given, or as needed */
	uint64_t memory_need; /* what the compiler thinks is needed at least */
	bool memory_given;
	uint32_t buffers;
	uint16_t log_rate, icmp_error_rate; /* a second */
	uint32_t neighbour_capacity;

	struct config_port *ports;
	size_t port_count, device_count; /* ports[0 .. device_count-1] are devices; the last tunnel_count are
					    tunnels, in the order of `tunnels` */

	struct config_route *routes;
	size_t route_count;

	bool has_firewall, has_nat, has_vpn; /* they are in the chain */
	bool flows_given;
	uint32_t flows; /* records of the flow table; 0: this appliance tracks no flows */
	uint32_t timeouts[FLOW_TIMEOUT_COUNT]; /* seconds */
	bool loose;
	uint32_t sources; /* that limits per source remember */
	struct config_set *sets;
	size_t set_count;
	struct config_classes classes[2]; /* IPv4, IPv6; made from the sets that rules use */
	struct config_nat_source *nat_sources;
	struct config_nat_forward *nat_forwards;
	struct config_nat_static *nat_statics;
	size_t nat_source_count, nat_forward_count, nat_static_count;
	enum config_nat_mapping nat_mapping;
	enum config_nat_filtering nat_filtering;
	bool nat_hairpin;

	struct config_rule
	    *rules;	   /* in order; the last is the default, named "default". None without a firewall. */
	size_t rule_count; /* the default included: the length of rule_stats[] in the image */
	struct config_match *matches; /* by rule, in order; the default has none */
	size_t match_count;

	struct config_tunnel *tunnels;
	struct config_peer *peers; /* by tunnel */
	struct config_allowed *allowed;
	size_t tunnel_count, peer_count, allowed_count;

	struct config_block *blocks; /* the memory of all of the above */

	struct config_secrets secrets;
	bool has_secrets; /* they were read: not where the text came from an image */
};

/* Errors and warnings, collected: an input is read to its end, so that one run shows all that is wrong with
 * it. */
struct diagnostics;

struct diagnostics *diagnostics_create(void);
void diagnostics_destroy(struct diagnostics *d);
size_t diagnostics_errors(const struct diagnostics *d);
size_t diagnostics_warnings(const struct diagnostics *d);

/* Prints for each: file:line:column: error: what is wrong; the line; a caret under the place; what to write
 * instead. */
void diagnostics_print(const struct diagnostics *d, FILE *out, bool colour);

/* Reads a file ("-": standard input), and the files with keys that it names. Returns NULL when there was an
 * error; warnings may be there either way. */
struct config *config_load(const char *path, struct diagnostics *d);

/* The same for text in memory, such as the configuration that an image carries: files with keys are not read,
 * and `public-key` has to say a tunnel's own key. `name` stands for the file in messages. */
struct config *config_parse(const char *text, size_t length, const char *name, struct diagnostics *d);

void config_free(struct config *config);

/* Writes the appliance: the tables and functions of nf/appliance.h, rule_stats[] and the configuration note
 * of nf/stats.h. The same model always gives the same bytes. Returns 0, or -1 when writing failed. */
int config_emit_c(const struct config *config, FILE *out);

/* Writes what config_emit_c leaves out where there are tunnels: their keys, as a translation unit of its own.
 * Nobody but the compiler may see it. Returns 0, or -1 when writing failed or the secrets were not read. */
int config_emit_secrets(const struct config *config, FILE *out);

/* Writes canonical YAML, which compiles to the same model and prints as the same text. */
void config_print(const struct config *config, FILE *out);

/* Draws ports, chain, rules and routes for a person. */
void config_draw(const struct config *config, FILE *out, bool utf8);

#endif
