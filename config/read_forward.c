/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries of `nat:` about destinations: port forwarding and 1:1.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

static void read_port_name(struct reader *r, void *target, const struct node *value)
{
	value_port(r, value, false, &((struct config_nat_forward *)target)->port);
}

static void read_proto(struct reader *r, void *target, const struct node *value)
{
	struct config_nat_forward *forward = target;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	forward->protocols = blocks_array(&r->config->blocks, count, 1);
	for (size_t i = 0; i < count; i++)
		forward->protocol_count +=
		    value_protocol(r, items[i], &forward->protocols[forward->protocol_count]);
}

static void read_listen(struct reader *r, void *target, const struct node *value)
{
	value_port_range(r, value, &((struct config_nat_forward *)target)->listen);
}

static void read_address(struct reader *r, void *target, const struct node *value)
{
	struct config_nat_forward *forward = target;

	forward->any_address = !value_address(r, value, &forward->address);
}

static void read_source(struct reader *r, void *target, const struct node *value)
{
	value_network(r, value, &((struct config_nat_forward *)target)->source);
}

/* "10.0.0.10:443", "[2001:db8::1]:443", or an address alone. Splits it in place; NULL: no port. */
static char *split_port(char *text)
{
	char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');

	if (*text == '[' && bracket) {
		*bracket = '\0';
		memmove(text, text + 1, (size_t)(bracket - text));
		return bracket[1] == ':' ? bracket + 2 : bracket[1] ? bracket + 1 : NULL;
	}
	if (!colon || strchr(text, ':') != colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static void read_to(struct reader *r, void *target, const struct node *value)
{
	struct config_nat_forward *forward = target;
	const char *text = value_text(r, value, "an address", "\"10.0.0.10:443\"");
	char copy[ADDRESS_TEXT_MAX + 8], *port;
	uint32_t number = 0;

	if (!text)
		return;
	snprintf(copy, sizeof(copy), "%s", text);
	port = split_port(copy);
	if (address_parse(copy, &forward->to) &&
	    (!port ||
	     (parse_digits(port, port + strlen(port), &number) && number > 0 && number <= UINT16_MAX))) {
		forward->to_port = (uint16_t)number;
		return;
	}
	diagnostics_error(r->d, value->place, "`%.60s` is not an address, or an address and a port", text);
	diagnostics_hint(r->d, "write \"10.0.0.10:443\", \"[2001:db8::1]:443\" or an address alone");
}

static void read_name(struct reader *r, void *target, const struct node *value)
{
	struct config_nat_forward *forward = target;

	forward->name_given = value_name(r, value, "a rule's name", CONFIG_NAME_MAX, forward->name);
}

static const struct mapping_key forward_keys[] = {
    {"port", read_port_name, "port: wan", NULL},
    {"proto", read_proto, "proto: tcp", KEEP_ONE_OR_LIST},
    {"listen", read_listen, NULL, NULL},
    {"address", read_address, NULL, NULL},
    {"source", read_source, NULL, NULL},
    {"to", read_to, "to: \"10.0.0.10:443\"", NULL},
    {"name", read_name, NULL, NULL},
};

/* Whether all its protocols have ports, or ports that may be changed: SCTP's are part of its checksum. */
static bool has_ports(const struct config_nat_forward *forward, bool changeable)
{
	for (size_t i = 0; i < forward->protocol_count; i++) {
		uint8_t protocol = forward->protocols[i];

		if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP &&
		    (changeable || protocol != PROTOCOL_SCTP))
			return false;
	}
	return true;
}

static void check_forward(struct reader *r, const struct config_nat_forward *forward, const struct node *node)
{
	bool listens = mapping_find(node, "listen"), other_family = false;
	uint32_t last = forward->to_port + (uint32_t)(forward->listen.high - forward->listen.low);

	if ((listens || forward->to_port) && !has_ports(forward, false)) {
		diagnostics_error(r->d, forward->place, "ports of a protocol that has none");
		diagnostics_hint(r->d, "tcp, udp and sctp have ports; of others all packets are forwarded");
	} else if (forward->to_port && forward->to_port != forward->listen.low && !has_ports(forward, true)) {
		diagnostics_error(r->d, forward->place, "SCTP's ports can't be changed");
		diagnostics_hint(r->d, "leave the port out of `to`: packets keep theirs");
	} else if (forward->to_port && !listens) {
		diagnostics_error(r->d, forward->place, "one port to send to, and no port to listen on");
		diagnostics_hint(r->d, "add `listen: 8443`");
	} else if (forward->to_port && last > UINT16_MAX) {
		diagnostics_error(r->d, forward->place, "the range of ports ends beyond 65535");
		diagnostics_hint(r->d,
				 "the first port of `listen` is sent to the one in `to`, and so on upwards");
	}
	other_family |= !forward->any_address && forward->address.ipv6 != forward->to.ipv6;
	other_family |= forward->source.length && forward->source.address.ipv6 != forward->to.ipv6;
	if (other_family) {
		diagnostics_error(r->d, forward->place, "the entry mixes IPv4 and IPv6 addresses");
		diagnostics_hint(r->d, "addresses are translated to others of their own family");
	}
}

static void read_forward(struct reader *r, const struct node *node)
{
	struct config *config = r->config;
	struct config_nat_forward *forward = &config->nat_forwards[config->nat_forward_count];
	size_t before = diagnostics_errors(r->d);

	*forward =
	    (struct config_nat_forward){.place = node->place, .any_address = true, .listen = {0, UINT16_MAX}};
	snprintf(forward->name, sizeof(forward->name), "forward-%zu", config->nat_forward_count + 1);
	if (!expect_mapping(r, node, "an entry of `forward`",
			    "{ port: wan, proto: tcp, listen: 8443, to: \"10.0.0.10:443\" }"))
		return;
	mapping_read(r, node, "an entry of `forward`", forward_keys,
		     sizeof(forward_keys) / sizeof(forward_keys[0]), NULL, forward);
	config->nat_forward_count++;
	forward->ipv6 = forward->to.ipv6;
	if (diagnostics_errors(r->d) == before)
		check_forward(r, forward, node);
}

void read_nat_forwards(struct reader *r, void *target, const struct node *value)
{
	struct config *config = target;

	if (!expect_sequence(r, value, "`forward`",
			     "forward: [{ port: wan, proto: tcp, listen: 8443, to: \"10.0.0.10:443\" }]"))
		return;
	config->nat_forwards = blocks_array(&config->blocks, value->count, sizeof(config->nat_forwards[0]));
	for (size_t i = 0; i < value->count; i++)
		read_forward(r, value->items[i]);
}

static void read_static_port(struct reader *r, void *target, const struct node *value)
{
	value_port(r, value, false, &((struct config_nat_static *)target)->port);
}

static void read_external(struct reader *r, void *target, const struct node *value)
{
	value_network(r, value, &((struct config_nat_static *)target)->external);
}

static void read_internal(struct reader *r, void *target, const struct node *value)
{
	value_network(r, value, &((struct config_nat_static *)target)->internal);
}

static void read_static_name(struct reader *r, void *target, const struct node *value)
{
	struct config_nat_static *rule = target;

	rule->name_given = value_name(r, value, "a rule's name", CONFIG_NAME_MAX, rule->name);
}

static const struct mapping_key static_keys[] = {
    {"port", read_static_port, "port: wan", NULL},
    {"external", read_external, "external: 192.0.2.16/28", NULL},
    {"internal", read_internal, "internal: 10.0.1.0/28", NULL},
    {"name", read_static_name, NULL, NULL},
};

static void read_static(struct reader *r, const struct node *node)
{
	struct config *config = r->config;
	struct config_nat_static *rule = &config->nat_statics[config->nat_static_count];
	size_t before = diagnostics_errors(r->d);

	*rule = (struct config_nat_static){.place = node->place};
	snprintf(rule->name, sizeof(rule->name), "one-to-one-%zu", config->nat_static_count + 1);
	if (!expect_mapping(r, node, "an entry of `one-to-one`",
			    "{ port: wan, external: 192.0.2.16/28, internal: 10.0.1.0/28 }"))
		return;
	mapping_read(r, node, "an entry of `one-to-one`", static_keys,
		     sizeof(static_keys) / sizeof(static_keys[0]), NULL, rule);
	config->nat_static_count++;
	if (diagnostics_errors(r->d) > before || (rule->external.length == rule->internal.length &&
						  rule->external.address.ipv6 == rule->internal.address.ipv6))
		return;
	diagnostics_error(r->d, rule->place, "`external` and `internal` are not of one family and length");
	diagnostics_hint(r->d, "each address stands for one other: write prefixes of the same length");
}

void read_nat_statics(struct reader *r, void *target, const struct node *value)
{
	struct config *config = target;

	if (!expect_sequence(r, value, "`one-to-one`",
			     "one-to-one: [{ port: wan, external: 192.0.2.16/28, internal: 10.0.1.0/28 }]"))
		return;
	config->nat_statics = blocks_array(&config->blocks, value->count, sizeof(config->nat_statics[0]));
	for (size_t i = 0; i < value->count; i++)
		read_static(r, value->items[i]);
}
