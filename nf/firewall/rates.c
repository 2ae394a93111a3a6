/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of rates; see rates.h.
 */
#include <errno.h>
#include <string.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include "nf/bucket.h"
#include "conditional.h"
#include "rates.h"
#include "source_key.h"

enum { PLACE_ENTRIES = 8 };

struct source {
	struct source_key key; /* limit 0: free */
	uint64_t due_ns;       /* of its bucket */
};
_Static_assert(sizeof(struct source) == 24, "eight to three cache lines");

static struct source *sources;
static uint32_t places;
static struct source_hash hash;

/* By number of the limit; 0 is that of free entries. */
static struct limit {
	uint64_t due_ns;   /* of the rule's own bucket, or of the one that newcomers share */
	uint64_t spare_ns; /* what a bucket may be short of and be forgotten */
} limits[FIREWALL_CONDITIONAL_MAX + 1];

/* Returns whether any is per source. */
static bool set_limits(void)
{
	bool per_source = false;

	memset(limits, 0, sizeof(limits));
	for (uint32_t limit = 1; limit <= conditional_count; limit++) {
		const struct rate_limit *rate = &conditional_rule(limit)->rate;

		limits[limit].spare_ns = rate->burst > 1 ? rate->interval_ns : 0;
		per_source |= rate->interval_ns && rate->per_source;
	}
	return per_source;
}

int rates_init(void)
{
	rte_free(sources);
	sources = NULL;
	source_hash_init(&hash);
	if (!set_limits())
		return 0;
	places = RTE_MAX(firewall_sources / PLACE_ENTRIES, 1u);
	sources =
	    rte_zmalloc("sources", (size_t)places * PLACE_ENTRIES * sizeof(*sources), RTE_CACHE_LINE_SIZE);
	if (sources)
		return 0;
	host_log("firewall: no memory for limits per source");
	return -ENOMEM;
}

/* From when on an entry may be forgotten. */
static uint64_t forgettable_ns(const struct source *entry)
{
	uint64_t spare_ns = limits[entry->key.limit >> 1].spare_ns;

	return entry->due_ns > spare_ns ? entry->due_ns - spare_ns : 0;
}

/* The entry of a source: the one that is there, or one made its own. NULL: there is none for it. */
static struct source *find(const struct source_key *key)
{
	struct source *entry = sources + (size_t)source_hash_place(&hash, key, places) * PLACE_ENTRIES;
	struct source *least = entry;

	for (int i = 0; i < PLACE_ENTRIES; i++, entry++) {
		if (source_key_is(&entry->key, key))
			return entry;
		if (forgettable_ns(entry) < forgettable_ns(least))
			least = entry;
	}
	if (forgettable_ns(least) > host_now_ns)
		return NULL;
	*least = (struct source){.key = *key};
	return least;
}

static bool take(uint64_t *due_ns, const struct rate_limit *rate)
{
	struct bucket bucket = {.due_ns = *due_ns, .interval_ns = rate->interval_ns, .burst = rate->burst};
	bool taken = bucket_take(&bucket, host_now_ns);

	*due_ns = bucket.due_ns;
	return taken;
}

bool rate_allows(uint32_t limit, const struct rate_limit *rate, struct rte_mbuf *m)
{
	struct source_key key;
	struct source *source;

	if (!rate->per_source)
		return take(&limits[limit].due_ns, rate);
	key = source_key_of_packet(limit, m);
	source = find(&key);
	return take(source ? &source->due_ns : &limits[limit].due_ns, rate);
}
