/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of connections; see connections.h. A source's entry is in one of two places, which two hashes
 * choose, in the one that has more room; so they fill evenly (Azar et al., "Balanced allocations", 1994), and
 * with three entries for every two flows none is ever full.
 */
#include <assert.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include "nf/appliance.h"
#include "nf/flow/flow.h"
#include "conditional.h"
#include "connections.h"
#include "source_key.h"

enum { PLACE_ENTRIES = 8, CHOICES = 2 };

struct source {
	uint64_t address;     /* as in struct source_key */
	uint32_t limit;	      /* the same */
	uint32_t connections; /* 0: the entry is free */
};
_Static_assert(sizeof(struct source) == 16, "eight to two cache lines");

static struct source *sources;
static uint32_t places;
static struct source_hash hashes[CHOICES];

/* Flows of the burst in hand that were accepted. */
static struct {
	uint32_t count;
	struct source_key key[BURST_MAX];
	uint8_t draft[BURST_MAX];
} accepted;

static bool is_any_limited(void)
{
	for (uint32_t i = 0; i < firewall_rule_count; i++)
		if (firewall_rules[i].connections)
			return true;
	return false;
}

int connections_init(void)
{
	uint64_t entries = flow_capacity + flow_capacity / 2;

	rte_free(sources);
	sources = NULL;
	accepted.count = 0;
	for (int i = 0; i < CHOICES; i++)
		source_hash_init(&hashes[i]);
	if (!flow_capacity || !is_any_limited())
		return 0;
	places = entries / PLACE_ENTRIES + 1;
	sources = rte_zmalloc("connections", (size_t)places * PLACE_ENTRIES * sizeof(*sources),
			      RTE_CACHE_LINE_SIZE);
	if (sources)
		return 0;
	host_log("firewall: no memory for limits of connections");
	return -ENOMEM;
}

void connections_settled(void)
{
	accepted.count = 0;
}

static struct source *place_of(const struct source_key *key, int choice)
{
	return sources + (size_t)source_hash_place(&hashes[choice], key, places) * PLACE_ENTRIES;
}

/* The entry of a source that has connections, or NULL. */
static struct source *find(const struct source_key *key)
{
	for (int choice = 0; choice < CHOICES; choice++) {
		struct source *place = place_of(key, choice);

		for (struct source *entry = place; entry < place + PLACE_ENTRIES; entry++)
			if (entry->connections && entry->address == key->address &&
			    entry->limit == key->limit)
				return entry;
	}
	return NULL;
}

/* A free entry in that of its two places that has more of them, or NULL. */
static struct source *find_free(const struct source_key *key)
{
	struct source *found = NULL;
	int most = 0;

	for (int choice = 0; choice < CHOICES; choice++) {
		struct source *place = place_of(key, choice), *last = NULL;
		int count = 0;

		for (struct source *entry = place; entry < place + PLACE_ENTRIES; entry++) {
			count += entry->connections == 0;
			last = entry->connections == 0 ? entry : last;
		}
		if (count > most) {
			most = count;
			found = last;
		}
	}
	return found;
}

static uint32_t accepted_of(const struct source_key *key)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < accepted.count; i++)
		count += source_key_is(&accepted.key[i], key);
	return count;
}

/* Whether a packet is another one of a flow that was accepted in this burst. */
static bool is_accepted(const struct source_key *key, const struct flow_draft *draft)
{
	for (uint32_t i = 0; draft->repeated && i < accepted.count; i++) {
		const struct flow_draft *other = &flow_drafts[accepted.draft[i]];

		if (source_key_is(&accepted.key[i], key) &&
		    memcmp(&other->tuple, &draft->tuple, sizeof(draft->tuple)) == 0 &&
		    (!draft->tuple.ipv6 || memcmp(&other->ipv6, &draft->ipv6, sizeof(draft->ipv6)) == 0))
			return true;
	}
	return false;
}

/* Whether a packet's new flow takes the place of one that counts for the same limit, and is over. */
static bool replaces(uint32_t limit, const struct flow_draft *draft)
{
	enum flow_direction direction;
	uint32_t flow = draft->repeated ? flow_lookup(&draft->tuple, &draft->ipv6, &direction) : 0;

	return flow && flow_records[flow].flags & FLOW_COUNTED_SOURCE && direction == FLOW_ORIGINAL &&
	       conditional_number(flow_records[flow].first_rule) == limit;
}

bool connections_allow(uint32_t limit, uint32_t most, struct rte_mbuf *m)
{
	struct source_key key = source_key_of_packet(limit, m);
	const struct flow_draft *draft = &flow_drafts[packet_meta(m)->draft];
	const struct source *entry;

	if (is_accepted(&key, draft) || replaces(limit, draft))
		return true;
	entry = find(&key);
	return (entry ? entry->connections : 0) + accepted_of(&key) < most;
}

void connections_accept(uint32_t limit, struct rte_mbuf *m)
{
	struct source_key key = source_key_of_packet(limit, m);
	uint8_t draft = packet_meta(m)->draft;

	if (is_accepted(&key, &flow_drafts[draft]))
		return;
	assert(accepted.count < BURST_MAX);
	accepted.key[accepted.count] = key;
	accepted.draft[accepted.count++] = draft;
}

bool connections_hold(uint32_t limit, const struct flow_record *record)
{
	struct source_key key = source_key_of_flow(limit, record);
	struct source *entry = find(&key);

	if (!entry)
		entry = find_free(&key);
	if (!entry)
		return false;
	entry->address = key.address;
	entry->limit = key.limit;
	entry->connections++;
	return true;
}

void connections_release(uint32_t limit, const struct flow_record *record)
{
	struct source_key key = source_key_of_flow(limit, record);
	struct source *entry = find(&key);

	assert(entry);
	entry->connections--;
}
