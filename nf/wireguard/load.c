/* SPDX-License-Identifier: Apache-2.0
 *
 * Load and its limits; see load.h. Sources are kept as nf/firewall/rates.c keeps those of rules: in places of
 * eight entries that a keyed hash chooses.
 */
#include <errno.h>
#include <string.h>
#include <rte_byteorder.h>
#include <rte_malloc.h>
#include "nf/bucket.h"
#include "nf/firewall/source_key.h"
#include "nf/host.h"
#include "load.h"

#define SECOND_NS	   UINT64_C(1000000000)
#define SOURCE_INTERVAL_NS (SECOND_NS / LOAD_SOURCE_RATE)
#define WORK_INTERVAL_NS   (SECOND_NS / LOAD_MULTIPLICATIONS)

enum { PLACES = 1024, PLACE_ENTRIES = 8, QUEUE_SHARE = 8 };

struct source {
	struct source_key key; /* limit 0: free */
	uint64_t due_ns;       /* of its bucket */
};

static struct source *sources;
static struct source_hash hash;
static struct bucket newcomers, cookies;
static uint64_t work_due_ns; /* when all multiplications so far are paid for */

bool load_is_high(struct load *load, uint32_t waiting, uint32_t room, uint64_t now_ns)
{
	if (waiting >= room / QUEUE_SHARE)
		load->until_ns = now_ns + SECOND_NS;
	return now_ns < load->until_ns;
}

static struct bucket source_bucket(uint64_t due_ns)
{
	return (struct bucket){
	    .due_ns = due_ns, .interval_ns = SOURCE_INTERVAL_NS, .burst = LOAD_SOURCE_BURST};
}

int load_init(void)
{
	source_hash_init(&hash);
	newcomers = source_bucket(0);
	cookies = bucket_per_second(LOAD_COOKIES);
	work_due_ns = 0;
	rte_free(sources);
	sources = rte_zmalloc("sources", PLACES * PLACE_ENTRIES * sizeof(struct source), RTE_CACHE_LINE_SIZE);
	if (sources)
		return 0;
	host_log("wireguard: no memory for limits per source");
	return -ENOMEM;
}

static struct source_key key_of(const struct wireguard_endpoint *from)
{
	rte_be32_t ipv4 = rte_cpu_to_be_32(from->address.ipv4);

	return from->family == 4 ? source_key_of(1, false, &ipv4)
				 : source_key_of(1, true, from->address.ipv6);
}

/* The entry of a source: the one that is there, or one made its own. NULL: there is none for it. An entry may
 * go when its bucket is short of one message at most. */
static struct source *find(const struct source_key *key, uint64_t now_ns)
{
	struct source *entry = sources + (size_t)source_hash_place(&hash, key, PLACES) * PLACE_ENTRIES;
	struct source *least = entry;

	for (int i = 0; i < PLACE_ENTRIES; i++, entry++) {
		if (source_key_is(&entry->key, key))
			return entry;
		if (entry->due_ns < least->due_ns)
			least = entry;
	}
	if (least->due_ns > now_ns + SOURCE_INTERVAL_NS)
		return NULL;
	*least = (struct source){.key = *key};
	return least;
}

bool load_source_allows(const struct wireguard_endpoint *from, uint64_t now_ns)
{
	struct source_key key = key_of(from);
	struct source *source = find(&key, now_ns);
	struct bucket bucket = source_bucket(source ? source->due_ns : newcomers.due_ns);
	bool allowed = bucket_take(&bucket, now_ns);

	if (source)
		source->due_ns = bucket.due_ns;
	else
		newcomers.due_ns = bucket.due_ns;
	return allowed;
}

bool load_cookie_allowed(uint64_t now_ns)
{
	return bucket_take(&cookies, now_ns);
}

bool load_has_budget(uint64_t now_ns)
{
	return work_due_ns <= now_ns + (LOAD_MULTIPLICATIONS_BURST - 1) * WORK_INTERVAL_NS;
}

void load_spend(uint32_t multiplications, uint64_t now_ns)
{
	work_due_ns = RTE_MAX(work_due_ns, now_ns) + multiplications * WORK_INTERVAL_NS;
}

uint64_t load_budget_ns(uint64_t now_ns)
{
	uint64_t burst_ns = (LOAD_MULTIPLICATIONS_BURST - 1) * WORK_INTERVAL_NS;

	return work_due_ns > now_ns + burst_ns ? work_due_ns - burst_ns : now_ns;
}
