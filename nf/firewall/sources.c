/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits per source; see sources.h.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <rte_common.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include "nf/appliance.h"
#include "nf/bucket.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "sources.h"

enum { PLACE_ENTRIES = 8, IPV6_PREFIX_BYTES = 8 };

struct source_key {
	uint32_t rule; /* plus one: 0 is a free entry */
	uint32_t ipv6;
	uint64_t address; /* as on the wire: the IPv4 address, or the upper half of the IPv6 one */
};

struct source {
	struct source_key key;
	uint64_t due_ns; /* of its bucket */
	uint32_t connections;
	uint32_t zero;
};
_Static_assert(sizeof(struct source) == 32, "two a cache line");

static struct source *sources;
static uint32_t places;
static uint64_t hash_keys[4];
static struct bucket *shared; /* by rule: of the rule itself, or of sources without an entry */

static void set_buckets(void)
{
	for (uint32_t i = 0; i < firewall_rule_count; i++)
		shared[i] = (struct bucket){
		    .interval_ns = firewall_rules[i].rate.interval_ns,
		    .burst = firewall_rules[i].rate.burst,
		};
}

int sources_init(void)
{
	rte_free(shared);
	rte_free(sources);
	sources = NULL;
	places = firewall_sources / PLACE_ENTRIES + (firewall_sources > 0);
	shared = rte_zmalloc("limits", firewall_rule_count * sizeof(*shared), 0);
	if (places)
		sources = rte_zmalloc("sources", (size_t)places * PLACE_ENTRIES * sizeof(*sources), 64);
	if (shared == NULL || (places && sources == NULL)) {
		host_log("firewall: no memory for limits per source");
		return -ENOMEM;
	}
	for (int i = 0; i < 4; i++)
		hash_keys[i] = host_random();
	set_buckets();
	return 0;
}

/* Multilinear, as in nf/flow/flow_table.h. */
static struct source *place_of(const struct source_key *key)
{
	uint64_t sum = hash_keys[0] + (hash_keys[1] + key->rule) * (hash_keys[2] + (uint32_t)key->address) +
		       (hash_keys[3] + key->ipv6) * (hash_keys[1] + (key->address >> 32));

	return sources + ((sum >> 32) * places >> 32) * PLACE_ENTRIES;
}

static struct source_key key_of(uint32_t rule, bool ipv6, const void *source)
{
	struct source_key key = {.rule = rule + 1, .ipv6 = ipv6};

	memcpy(&key.address, source, ipv6 ? IPV6_PREFIX_BYTES : sizeof(rte_be32_t));
	return key;
}

static struct source_key key_of_packet(uint32_t rule, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	bool ipv6 = packet_meta(m)->flags & PACKET_IPV6;

	return key_of(
	    rule, ipv6,
	    ip + (ipv6 ? offsetof(struct rte_ipv6_hdr, src_addr) : offsetof(struct rte_ipv4_hdr, src_addr)));
}

/* The entry of a key: the one that is there, or a free or forgettable one, made its own. NULL: there is none.
 */
static struct source *find(const struct source_key *key)
{
	struct source *entry = place_of(key), *spare = NULL;

	for (int i = 0; i < PLACE_ENTRIES; i++, entry++) {
		if (memcmp(&entry->key, key, sizeof(*key)) == 0)
			return entry;
		if (!spare && entry->connections == 0 && entry->due_ns <= host_now_ns)
			spare = entry;
	}
	if (spare)
		*spare = (struct source){.key = *key};
	return spare;
}

bool sources_allow(uint32_t rule, struct rte_mbuf *m)
{
	struct bucket bucket = shared[rule];
	struct source_key key;
	struct source *entry;

	if (!firewall_rules[rule].rate.per_source)
		return bucket_take(&shared[rule], host_now_ns);
	key = key_of_packet(rule, m);
	entry = find(&key);
	if (!entry)
		return bucket_take(&shared[rule], host_now_ns);
	bucket.due_ns = entry->due_ns;
	if (!bucket_take(&bucket, host_now_ns))
		return false;
	entry->due_ns = bucket.due_ns;
	return true;
}

bool sources_may_connect(uint32_t rule, struct rte_mbuf *m)
{
	struct source_key key = key_of_packet(rule, m);
	const struct source *entry = find(&key);

	return entry && entry->connections < firewall_rules[rule].connections;
}

bool sources_connect(uint32_t rule, bool ipv6, const void *source)
{
	struct source_key key = key_of(rule, ipv6, source);
	struct source *entry = find(&key);

	if (!entry || entry->connections >= firewall_rules[rule].connections)
		return false;
	entry->connections++;
	return true;
}

/* Its entry is there: one with connections is never forgotten. */
void sources_disconnect(uint32_t rule, bool ipv6, const void *source)
{
	struct source_key key = key_of(rule, ipv6, source);
	struct source *entry = find(&key);

	assert(entry && entry->connections);
	entry->connections--;
}
