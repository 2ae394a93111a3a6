/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions of nf/appliance.h: calls of the configured stages, in order. nf/flow/flow.h draws the way of
 * a packet where flows are tracked.
 */
#include "emit.h"

void emit_includes(FILE *out)
{
	static const char *const headers[] = {
	    "rte_common.h",	     "nf/appliance.h", "nf/firewall/firewall.h",
	    "nf/flow/flow.h",	     "nf/flow/mss.h",  "nf/input/input.h",
	    "nf/input/reassembly.h", "nf/nat/nat.h",   "nf/packet.h",
	    "nf/router/router.h",    "nf/stats.h",     "nf/wireguard/wireguard.h"};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		fprintf(out, "#include \"%s\"\n", headers[i]);
	fputc('\n', out);
}

/* Which stages there are. */
struct stages {
	bool firewall, flows, nat, reassembly, mss, tunnels;
};

static struct stages stages_of(const struct config *config)
{
	struct stages stages = {
	    .firewall = config->has_firewall,
	    .flows = config->flows > 0,
	    .nat = config->has_nat,
	    .tunnels = config->has_vpn,
	};

	stages.reassembly = stages.firewall || stages.flows || stages.tunnels;
	for (size_t i = 0; i < config->port_count; i++)
		stages.mss |= config->ports[i].mss > 0;
	return stages;
}

static void line(bool there, const char *text, FILE *out)
{
	if (there)
		fprintf(out, "\t%s\n", text);
}

static void emit_init(const struct stages *stages, FILE *out)
{
	const struct {
		bool there;
		const char *function;
	} inits[] = {
	    {true, "input_init"},
	    {stages->reassembly, "reassembly_init"},
	    {true, "router_init"},
	    {stages->firewall, "firewall_init"},
	    {stages->flows, "flow_init"},
	    {stages->nat, "nat_init"},
	    {stages->tunnels, "wireguard_init"},
	};

	fputs("int appliance_init(void)\n{\n\tint error = 0;\n\n", out);
	for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++)
		if (inits[i].there)
			fprintf(out, "\tif (!error)\n\t\terror = %s();\n", inits[i].function);
	fputs("\treturn error;\n}\n\n", out);
}

/* Behind input: packets without flows. */
static void emit_plain_walk(const struct stages *stages, FILE *out)
{
	line(true, "count = router_lookup(packets, count);", out);
	line(stages->firewall, "count = firewall(packets, count);", out);
	line(stages->mss, "count = mss_clamp(packets, count);", out);
	line(true, "router_forward(packets, count);", out);
}

static void emit_flow_walk(const struct stages *stages, FILE *out)
{
	fputs("\tstruct rte_mbuf **others;\n\tuint16_t decided, left;\n\n", out);
	line(true, "count = flow_find(packets, count, &decided);", out);
	line(true, "others = packets + decided;", out);
	line(true, "left = count - decided;", out);
	line(stages->nat, "nat_translate(packets, decided);", out);
	line(stages->nat, "left = nat_destination(others, left);", out);
	line(true, "left = router_lookup(others, left);", out);
	line(stages->firewall, "left = firewall(others, left);", out);
	line(true, "count = decided + flow_settle(others, left);", out);
	line(stages->mss, "count = mss_clamp(packets, count);", out);
	line(true, "router_forward(packets, count);", out);
}

static void emit_walk(const struct stages *stages, FILE *out)
{
	fputs("static void walk(struct rte_mbuf **packets, uint16_t count)\n{\n", out);
	if (stages->flows)
		emit_flow_walk(stages, out);
	else
		emit_plain_walk(stages, out);
	fputs("}\n\n", out);
}

/* What arrived at a port, tunnels included. */
static void emit_pass(const struct stages *stages, FILE *out)
{
	fputs("static void pass(struct rte_mbuf **packets, uint16_t count)\n{\n", out);
	line(stages->reassembly, "struct rte_mbuf *waited[BURST_MAX];\n", out);
	line(stages->reassembly, "count = reassembly(packets, count);", out);
	line(stages->tunnels, "count = wireguard_take(packets, count);", out);
	line(true, "walk(packets, count);", out);
	if (stages->reassembly) {
		line(true, "while ((count = reassembly_release(waited)) > 0) {", out);
		line(stages->tunnels, "\tcount = wireguard_take(waited, count);", out);
		line(true, "\twalk(waited, count);\n\t}", out);
	}
	fputs("}\n\n", out);
}

void emit_chain(const struct config *config, FILE *out)
{
	const struct stages stages = stages_of(config);

	fputs("/* The chain */\n\n", out);
	emit_init(&stages, out);
	emit_walk(&stages, out);
	emit_pass(&stages, out);
	fputs("void appliance_chain(uint16_t device, struct rte_mbuf **packets, uint16_t count)\n{\n", out);
	line(true, "count = input(device, packets, count);", out);
	line(true, "pass(packets, count);", out);
	line(stages.tunnels, "while ((count = wireguard_open(packets)) > 0)\n\t\tpass(packets, count);", out);
	fputs("}\n\nuint64_t appliance_tick(void)\n{\n\tuint64_t next = router_tick();\n\n", out);
	line(stages.reassembly, "next = RTE_MIN(next, reassembly_tick());", out);
	line(stages.flows, "next = RTE_MIN(next, flow_tick());", out);
	line(stages.tunnels, "next = RTE_MIN(next, wireguard_tick());", out);
	fputs("\treturn next;\n}\n", out);
}
