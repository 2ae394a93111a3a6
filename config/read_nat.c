/* SPDX-License-Identifier: Apache-2.0
 *
 * The section `nat`: masquerading, source NAT with pools, port forwarding, 1:1. What its entries must agree
 * on with the ports is checked in check_nat.c.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

static const char nat_example[] = "nat: { masquerade: [wan] }";
static const char *const mappings[] = {"endpoint-independent", "address-and-port-dependent"};
static const char *const filterings[] = {"address-and-port-dependent", "address-dependent",
					 "endpoint-independent"};

static const char *const poolings[] = {"paired", "arbitrary"}; /* RFC 4787, section 4.1 */

const char *nat_mapping_name(enum config_nat_mapping mapping)
{
	return mappings[mapping];
}

const char *nat_filtering_name(enum config_nat_filtering filtering)
{
	return filterings[filtering];
}

static void read_mapping(struct reader *r, enum config_nat_mapping *mapping, const struct node *value)
{
	size_t which;

	if (value_word(r, value, "a kind of mapping", mappings, 2, &which))
		*mapping = (enum config_nat_mapping)which;
}

static void read_filtering(struct reader *r, enum config_nat_filtering *filtering, const struct node *value)
{
	size_t which;

	if (value_word(r, value, "a kind of filtering", filterings, 3, &which))
		*filtering = (enum config_nat_filtering)which;
}

static void read_nat_mapping(struct reader *r, void *target, const struct node *value)
{
	read_mapping(r, &((struct config *)target)->nat_mapping, value);
}

static void read_nat_filtering(struct reader *r, void *target, const struct node *value)
{
	read_filtering(r, &((struct config *)target)->nat_filtering, value);
}

static void read_hairpin(struct reader *r, void *target, const struct node *value)
{
	value_truth(r, value, &((struct config *)target)->nat_hairpin);
}

/* External ports: those below are for services (RFC 4787, REQ-3). */
static const struct config_range usual_ports = {1024, 65535};

static struct config_nat_source new_source(const struct reader *r, const struct node *node)
{
	return (struct config_nat_source){
	    .place = node->place,
	    .ports = usual_ports,
	    .mapping = r->config->nat_mapping,
	    .filtering = r->config->nat_filtering,
	};
}

/* Reports a port that a short form has named before. */
static bool is_masqueraded(struct reader *r, const struct config_nat_source *source)
{
	for (size_t i = 0; i < r->config->nat_source_count; i++) {
		const struct config_nat_source *earlier = &r->config->nat_sources[i];

		if (!earlier->short_form || earlier->ipv6 != source->ipv6 ||
		    earlier->out_port != source->out_port)
			continue;
		diagnostics_error(r->d, source->place, "`%s` is in the list twice",
				  r->config->ports[source->out_port].name);
		diagnostics_hint(r->d, "keep one");
		return true;
	}
	return false;
}

static void read_masquerade_of(struct reader *r, const struct node *value, bool ipv6)
{
	struct config *config = r->config;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	for (size_t i = 0; i < count; i++) {
		struct config_nat_source *source = &config->nat_sources[config->nat_source_count];

		*source = new_source(r, items[i]);
		source->short_form = true;
		source->kind = CONFIG_NAT_MASQUERADE;
		source->ipv6 = ipv6;
		if (!value_port(r, items[i], false, &source->out_port) || is_masqueraded(r, source))
			continue;
		snprintf(source->name, sizeof(source->name), "masquerade%s-%s", ipv6 ? "6" : "",
			 config->ports[source->out_port].name);
		config->nat_source_count++;
	}
}

/* Entries of `source` come before those of the short forms, which take the rest. */
static void read_later(struct reader *r, void *target, const struct node *value)
{
	(void)r;
	(void)target;
	(void)value;
}

/* An entry of `source` while it is read. */
struct source_draft {
	struct config_nat_source *source;
	bool keep, to, masquerade;
};

static void read_out(struct reader *r, void *target, const struct node *value)
{
	value_port(r, value, false, &((struct source_draft *)target)->source->out_port);
}

static void read_from(struct reader *r, void *target, const struct node *value)
{
	struct config_nat_source *source = ((struct source_draft *)target)->source;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	source->from = blocks_array(&r->config->blocks, count, 1);
	for (size_t i = 0; i < count; i++)
		source->from_count += value_port(r, items[i], false, &source->from[source->from_count]);
}

static void read_proto(struct reader *r, void *target, const struct node *value)
{
	if (value->kind == NODE_SEQUENCE) {
		diagnostics_error(r->d, value->place, "an entry of `source` is for one protocol, or for all");
		diagnostics_hint(r->d, "write an entry for each, or leave `proto` out");
		return;
	}
	value_protocol(r, value, &((struct source_draft *)target)->source->protocol);
}

static void read_source_of(struct reader *r, void *target, const struct node *value)
{
	value_network(r, value, &((struct source_draft *)target)->source->source);
}

static void read_destination_of(struct reader *r, void *target, const struct node *value)
{
	value_network(r, value, &((struct source_draft *)target)->source->destination);
}

static void read_pool(struct reader *r, void *target, const struct node *value)
{
	struct source_draft *draft = target;

	draft->masquerade = value->kind == NODE_SCALAR && strcmp(value->text, "port") == 0;
	draft->to = draft->masquerade || value_network(r, value, &draft->source->to);
}

static void read_pooling(struct reader *r, void *target, const struct node *value)
{
	size_t which;

	if (value_word(r, value, "a kind of pooling", poolings, 2, &which))
		((struct source_draft *)target)->source->arbitrary = which;
}

static void read_keep(struct reader *r, void *target, const struct node *value)
{
	value_truth(r, value, &((struct source_draft *)target)->keep);
}

static void read_ports_of(struct reader *r, void *target, const struct node *value)
{
	value_port_range(r, value, &((struct source_draft *)target)->source->ports);
}

static void read_source_mapping(struct reader *r, void *target, const struct node *value)
{
	read_mapping(r, &((struct source_draft *)target)->source->mapping, value);
}

static void read_source_filtering(struct reader *r, void *target, const struct node *value)
{
	read_filtering(r, &((struct source_draft *)target)->source->filtering, value);
}

static void read_source_name(struct reader *r, void *target, const struct node *value)
{
	struct config_nat_source *source = ((struct source_draft *)target)->source;

	source->name_given = value_name(r, value, "a rule's name", CONFIG_NAME_MAX, source->name);
}

static const struct mapping_key source_keys[] = {
    {"out", read_out, "out: wan", NULL},
    {"from", read_from, NULL, KEEP_ONE_OR_LIST},
    {"proto", read_proto, NULL, NULL},
    {"source", read_source_of, NULL, NULL},
    {"destination", read_destination_of, NULL, NULL},
    {"to", read_pool, NULL, NULL},
    {"pooling", read_pooling, NULL, NULL},
    {"keep", read_keep, NULL, NULL},
    {"ports", read_ports_of, NULL, NULL},
    {"mapping", read_source_mapping, NULL, NULL},
    {"filtering", read_source_filtering, NULL, NULL},
    {"name", read_source_name, NULL, NULL},
};

/* Of which family the entry is: that of the addresses that it names; else IPv4. */
static void settle_family(struct reader *r, struct config_nat_source *source)
{
	const struct config_prefix *prefixes[] = {&source->to, &source->source, &source->destination};
	bool given = false;

	for (int i = 0; i < 3; i++) {
		bool ipv6 = prefixes[i]->address.ipv6;

		if (prefixes[i]->length == 0)
			continue;
		if (given && ipv6 != source->ipv6) {
			diagnostics_error(r->d, source->place, "the entry mixes IPv4 and IPv6 addresses");
			diagnostics_hint(r->d, "addresses are translated to others of their own family");
			return;
		}
		source->ipv6 = ipv6;
		given = true;
	}
}

static void read_source(struct reader *r, const struct node *node)
{
	struct config *config = r->config;
	struct config_nat_source *source = &config->nat_sources[config->nat_source_count];
	struct source_draft draft = {.source = source};

	*source = new_source(r, node);
	snprintf(source->name, sizeof(source->name), "source-%zu", config->nat_source_count + 1);
	config->nat_source_count++;
	if (!expect_mapping(r, node, "an entry of `source`",
			    "{ out: wan, source: 10.0.0.0/8, to: 192.0.2.64/28 }"))
		return;
	mapping_read(r, node, "an entry of `source`", source_keys,
		     sizeof(source_keys) / sizeof(source_keys[0]), NULL, &draft);
	if (draft.keep == draft.to) {
		diagnostics_error(r->d, node->place,
				  draft.keep ? "`keep` and `to` in one entry"
					     : "the entry does not say what becomes of the source");
		diagnostics_hint(
		    r->d,
		    "write `to: 192.0.2.64/28`, `to: port` for the port's own address, or `keep: true`");
	}
	source->kind = draft.keep	  ? CONFIG_NAT_KEEP
		       : draft.masquerade ? CONFIG_NAT_MASQUERADE
					  : CONFIG_NAT_POOL;
	settle_family(r, source);
}

static void read_sources(struct reader *r, const struct node *value)
{
	if (!expect_sequence(r, value, "`source`",
			     "source: [{ out: wan, source: 10.0.0.0/8, to: 192.0.2.64/28 }]"))
		return;
	for (size_t i = 0; i < value->count; i++)
		read_source(r, value->items[i]);
}

static size_t elements(const struct node *value)
{
	return !value ? 0 : value->kind == NODE_SEQUENCE ? value->count : 1;
}

static void read_source_rules(struct reader *r, const struct node *section)
{
	const struct node *sources = mapping_find(section, "source"),
			  *ipv4 = mapping_find(section, "masquerade"),
			  *ipv6 = mapping_find(section, "masquerade6");
	size_t count = elements(sources) + elements(ipv4) + elements(ipv6);

	r->config->nat_sources = blocks_array(&r->config->blocks, count, sizeof(struct config_nat_source));
	if (sources)
		read_sources(r, sources);
	if (ipv4)
		read_masquerade_of(r, ipv4, false);
	if (ipv6)
		read_masquerade_of(r, ipv6, true);
}

static const struct mapping_key nat_keys[] = {
    {"mapping", read_nat_mapping, NULL, NULL},
    {"filtering", read_nat_filtering, NULL, NULL},
    {"hairpin", read_hairpin, NULL, NULL},
    {"source", read_later, NULL, NULL},
    {"masquerade", read_later, NULL, KEEP_ONE_OR_LIST},
    {"masquerade6", read_later, NULL, KEEP_ONE_OR_LIST},
    {"forward", read_nat_forwards, NULL, NULL},
    {"one-to-one", read_nat_statics, NULL, NULL},
};

static const struct foreign_key foreign_nat_keys[] = {
    {"snat", "source", NULL},
    {"dnat", "forward", NULL},
    {"rdr", "forward", NULL},
    {"redirect", "forward", NULL},
    {"port-forward", "forward", NULL},
    {"destination", "forward", NULL},
    {"binat", "one-to-one", NULL},
    {"static", "one-to-one", NULL},
    {"1:1", "one-to-one", NULL},
    {"overload", "masquerade", NULL},
    {NULL, NULL, NULL},
};

void read_nat(struct reader *r, const struct node *node)
{
	if (!expect_mapping(r, node, "`nat`", nat_example))
		return;
	mapping_read(r, node, "`nat`", nat_keys, sizeof(nat_keys) / sizeof(nat_keys[0]), foreign_nat_keys,
		     r->config);
	read_source_rules(r, node);
}
