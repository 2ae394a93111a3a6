/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiler's entry: reads the text, runs the stages of stages.h, and gives out a model only when none of
 * them reported an error. Also the top level of the document.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stages.h"
#include "value.h"
#include "vpn.h"

static void read_name(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	value_name(r, value, "an appliance's name", CONFIG_NAME_MAX, r->config->name);
}

static void read_memory(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	r->config->memory_given = value_size(r, value, &r->config->memory);
}

static void read_buffers(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	value_number(r, value, "a number of packet buffers", 512, 1 << 20, &r->config->buffers);
}

static void read_log(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	value_rate(r, value, &r->config->log_rate);
}

/* Sections that others must precede are read by run_stages. */
static void read_later(struct reader *r, void *target, const struct node *value)
{
	(void)r;
	(void)target;
	(void)value;
}

static const struct mapping_key document_keys[] = {
    {"name", read_name, "name: branch-gw", NULL},
    {"memory", read_memory, NULL, NULL},
    {"buffers", read_buffers, NULL, NULL},
    {"log", read_log, NULL, NULL},
    {"flows", read_flows, NULL, NULL},
    {"ports", read_later, "ports: { lan: { addresses: [10.0.0.1/24] } }", NULL},
    {"chain", read_later, "chain: [firewall, router]", NULL},
    {"firewall", read_later, NULL, NULL},
    {"nat", read_later, NULL, NULL},
    {"router", read_later, NULL, NULL},
    {"vpn", read_later, NULL, NULL},
};

static bool is_planned(const char *function)
{
	return strcmp(function, "sensor") == 0;
}

enum function { FIREWALL, NAT, ROUTER, VPN, FUNCTIONS };
static const char *const functions[FUNCTIONS] = {"firewall", "nat", "router", "vpn"};

/* One element of the chain; `seen` has a bit for each function before it. */
static void read_function(struct reader *r, const struct node *node, unsigned int *seen)
{
	size_t which = 0;

	if (node->kind == NODE_SCALAR && is_planned(node->text)) {
		diagnostics_error(r->d, node->place, "`%s` is not in this release", node->text);
		diagnostics_hint(r->d, "leave it out; what there is: firewall, nat, router, vpn");
		return;
	}
	if (!value_word(r, node, "a function", functions, FUNCTIONS, &which))
		return;
	if (*seen >> which & 1) {
		diagnostics_error(r->d, node->place, "`%s` is in the chain twice", node->text);
		diagnostics_hint(r->d, "keep one");
	} else if (which == VPN && !(*seen >> ROUTER & 1)) {
		diagnostics_error(r->d, node->place,
				  "the VPN can't come before the router, which sends packets into tunnels");
		diagnostics_hint(r->d,
				 "write `chain: [firewall, nat, router, vpn]`, without what you don't need");
	} else if (which != VPN && *seen >> ROUTER & 1) {
		diagnostics_error(r->d, node->place,
				  "%s can't come after the router, which sends packets off",
				  which == NAT	      ? "NAT"
				  : which == FIREWALL ? "the firewall"
						      : "another");
		diagnostics_hint(r->d, "write `chain: [firewall, nat, router]`, without what you don't need");
	} else if (which == FIREWALL && *seen >> NAT & 1) {
		diagnostics_error(r->d, node->place,
				  "the firewall can't come after NAT: it would see no inside address");
		diagnostics_hint(r->d, "write `chain: [firewall, nat, router]`");
	}
	*seen |= 1u << which;
}

/* Returns false when there was an error. */
static bool read_chain(struct reader *r, const struct node *node)
{
	size_t before = diagnostics_errors(r->d);
	unsigned int seen = 0;

	if (!expect_sequence(r, node, "`chain`", "chain: [firewall, router]"))
		return false;
	for (size_t i = 0; i < node->count; i++)
		read_function(r, node->items[i], &seen);
	r->config->has_firewall = seen >> FIREWALL & 1;
	r->config->has_nat = seen >> NAT & 1;
	r->config->has_vpn = seen >> VPN & 1;
	if (seen >> ROUTER & 1 || diagnostics_errors(r->d) > before)
		return diagnostics_errors(r->d) == before;
	diagnostics_error(r->d, node->place, "the chain has no router, so no packet would leave");
	diagnostics_hint(r->d, "write `chain: [%s%srouter]`", r->config->has_firewall ? "firewall, " : "",
			 r->config->has_nat ? "nat, " : "");
	return false;
}

static void check_memory(struct reader *r, const struct node *root)
{
	const struct config *config = r->config;
	const struct node *memory = mapping_find(root, "memory");

	compute_memory(r->config);
	if (!config->memory_given || config->memory >= config->memory_need)
		return;
	diagnostics_error(r->d, memory->place, "%s is too little: this appliance needs %llu MiB",
			  memory->text, (unsigned long long)(config->memory_need >> 20));
	diagnostics_hint(r->d, "write `memory: %lluM`, leave `memory` out, or ask for fewer than %u buffers",
			 (unsigned long long)(config->memory_need >> 20), config->buffers);
}

/* `chained`: the chain was read without an error. */
static void read_firewall_section(struct reader *r, const struct node *root, bool chained)
{
	const struct node *section = mapping_find(root, "firewall"), *chain = mapping_find(root, "chain");

	if (section)
		read_firewall(r, section);
	if (section && !r->config->has_firewall && chained) {
		diagnostics_error(r->d, chain->place,
				  "the section `firewall` would do nothing: it is not in the chain");
		diagnostics_hint(r->d, "write `chain: [firewall, router]`, or remove the section");
	}
	if (!section && r->config->has_firewall) {
		diagnostics_error(r->d, chain->place,
				  "the chain has a firewall, but there is no section `firewall`");
		diagnostics_hint(r->d,
				 "add `firewall: { default: drop, rules: [{ accept: new, from: lan }] }`");
	}
}

/* `chained`: the chain was read without an error. */
static void read_nat_section(struct reader *r, const struct node *root, bool chained)
{
	const struct node *section = mapping_find(root, "nat"), *chain = mapping_find(root, "chain");

	if (section)
		read_nat(r, section);
	if (section && !r->config->has_nat && chained) {
		diagnostics_error(r->d, chain->place,
				  "the section `nat` would do nothing: it is not in the chain");
		diagnostics_hint(r->d, "write `chain: [firewall, nat, router]`, or remove the section");
	}
	if (!section && r->config->has_nat && chained) {
		diagnostics_error(r->d, chain->place, "the chain has NAT, but there is no section `nat`");
		diagnostics_hint(r->d, "add `nat: { masquerade: [wan] }`");
	}
	if (reader_is_content(r))
		check_nat(r);
}

/* `chained`: the chain was read without an error. */
static void check_vpn_section(struct reader *r, const struct node *root, bool chained)
{
	const struct node *section = mapping_find(root, "vpn"), *chain = mapping_find(root, "chain");

	if (section && !r->config->has_vpn && chained) {
		diagnostics_error(r->d, chain->place,
				  "the section `vpn` would do nothing: it is not in the chain");
		diagnostics_hint(r->d, "write `chain: [firewall, nat, router, vpn]`, without what you don't "
				       "need, or remove the section");
	}
	if (!section && r->config->has_vpn && chained) {
		diagnostics_error(r->d, chain->place, "the chain has a VPN, but there is no section `vpn`");
		diagnostics_hint(r->d, "add `vpn: { wg0: { wireguard: { conf: wg0.conf } } }`");
	}
	if (reader_is_content(r))
		check_endpoints(r);
	if (reader_is_content(r))
		check_tunnels_and_nat(r);
}

static void run_stages(struct reader *r, const struct node *root)
{
	const struct node *ports = mapping_find(root, "ports"), *chain = mapping_find(root, "chain");
	const struct node *router = mapping_find(root, "router"), *vpn = mapping_find(root, "vpn");
	bool chained;

	mapping_read(r, root, "the document", document_keys, sizeof(document_keys) / sizeof(document_keys[0]),
		     NULL, NULL);
	if (ports)
		read_ports(r, ports);
	if (vpn)
		read_vpn(r, vpn);
	check_ports(r);
	check_vpn(r);
	if (router)
		read_router(r, router);
	check_routes(r);
	chained = chain && read_chain(r, chain);
	read_firewall_section(r, root, chained);
	read_nat_section(r, root, chained);
	check_vpn_section(r, root, chained);
	if (reader_is_content(r))
		check_flows(r, root);
	if (reader_is_content(r))
		make_address_classes(r);
	if (reader_is_content(r))
		expand_rules(r);
	if (reader_is_content(r))
		warn_of_unused_sets(r);
	if (reader_is_content(r))
		warn_of_unreachable_destinations(r);
	if (reader_is_content(r))
		warn_of_shadowed_rules(r);
	if (reader_is_content(r))
		check_memory(r, root);
}

/* `reads_keys`: files with keys are read. */
static struct config *parse(const char *text, size_t length, const char *name, struct diagnostics *d,
			    bool reads_keys)
{
	struct config_block *tree = NULL;
	struct config *config = calloc(1, sizeof(*config));
	struct reader r = {.config = config,
			   .d = d,
			   .name = name,
			   .errors_before = diagnostics_errors(d),
			   .reads_keys = reads_keys};
	struct node *root;

	if (!config)
		return NULL;
	config->log_rate = DEFAULT_LOG_RATE;
	config->icmp_error_rate = DEFAULT_ICMP_ERROR_RATE;
	config->neighbour_capacity = DEFAULT_NEIGHBOURS;
	config->sources = DEFAULT_SOURCES;
	config->nat_hairpin = true;
	set_flow_defaults(config);
	diagnostics_source(d, name, text, length);
	root = yaml_parse(text, length, &tree, d);
	if (root)
		run_stages(&r, root);
	blocks_free(tree);
	close_opened(&r);
	diagnostics_source(d, "", "", 0);
	if (reader_is_content(&r))
		return config;
	config_free(config);
	return NULL;
}

struct config *config_parse(const char *text, size_t length, const char *name, struct diagnostics *d)
{
	return parse(text, length, name, d, false);
}

/* Reads all of a file into memory that the caller frees. Returns NULL with errno set. */
static char *read_file(FILE *file, size_t *length)
{
	size_t capacity = 1 << 16;
	char *text = malloc(capacity);

	*length = 0;
	while (text) {
		*length += fread(text + *length, 1, capacity - *length, file);
		if (*length < capacity || *length > YAML_BYTES_MAX)
			break;
		capacity *= 2;
		text = reallocarray(text, capacity, 1);
	}
	if (text && ferror(file)) {
		free(text);
		return NULL;
	}
	return text;
}

struct config *config_load(const char *path, struct diagnostics *d)
{
	bool standard_input = strcmp(path, "-") == 0;
	FILE *file = standard_input ? stdin : fopen(path, "re");
	struct config *config = NULL;
	size_t length = 0;
	char *text = file ? read_file(file, &length) : NULL;

	if (text) {
		config = parse(text, length, standard_input ? "standard input" : path, d, true);
	} else {
		diagnostics_source(d, path, "", 0);
		diagnostics_error(d, (struct config_place){0}, "can't be read: %s", strerror(errno));
		diagnostics_source(d, "", "", 0);
	}
	free(text);
	if (file && !standard_input)
		fclose(file);
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	secrets_free(&config->secrets);
	blocks_free(config->blocks);
	free(config);
}
