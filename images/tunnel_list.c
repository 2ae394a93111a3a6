/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and sorting peers; see tunnel_list.h. tunnel_print.c and tunnel_json.c have what they look like.
 */
#include "tunnel_list.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t tunnel_wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

const char *tunnel_name(const struct config *config, const struct config_tunnel *tunnel)
{
	return config->ports[tunnel->port].name;
}

const struct config_tunnel *tunnel_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->tunnel_count; i++)
		if (strcmp(tunnel_name(config, &config->tunnels[i]), name) == 0)
			return &config->tunnels[i];
	return NULL;
}

bool tunnel_has(const struct tunnel_entry *entry, const struct config *config,
		const struct config_tunnel *tunnel)
{
	return &config->tunnels[entry->peer->tunnel] == tunnel;
}

static bool is_family(uint8_t family)
{
	return family == 0 || family == 4 || family == 6;
}

static struct tunnel_entry read_entry(const uint8_t *records, const struct config *config, size_t number)
{
	struct tunnel_entry entry = {.peer = &config->peers[number]};

	memcpy(&entry.stats, records + number * sizeof(entry.stats), sizeof(entry.stats));
	if (!is_family(entry.stats.endpoint.family))
		entry.stats.endpoint.family = 0;
	return entry;
}

/* Entries of one list: their peers are of one array. */
static int by_handshake(const void *a, const void *b)
{
	const struct tunnel_entry *one = a, *other = b;
	uint64_t time = one->stats.last_handshake_ns, other_time = other->stats.last_handshake_ns;

	if (time != other_time)
		return time > other_time ? -1 : 1;
	return (one->peer > other->peer) - (one->peer < other->peer);
}

/* As many records as are configured, so that each has a name, and all of them in memory. */
static const uint8_t *find_records(const struct counters_memory *memory, const struct stats_page *page,
				   const struct config *config)
{
	const struct tunnel_stats *tunnel = &page->tunnel;

	if (tunnel->peer_bytes != sizeof(struct wireguard_peer_stats) ||
	    tunnel->peer_count != config->peer_count)
		return NULL;
	return counters_bytes(memory, page, tunnel->peers, tunnel->peer_count * tunnel->peer_bytes);
}

bool tunnel_list_read(struct tunnel_list *list, const struct counters_memory *memory,
		      const struct stats_page *page, const struct config *config,
		      const struct config_tunnel *only, uint64_t now_ns)
{
	size_t first = only ? only->first_peer : 0, count = only ? only->peer_count : config->peer_count;
	const uint8_t *records;

	*list = (struct tunnel_list){.now_ns = now_ns};
	if (config->tunnel_count == 0 || config->peer_count == 0)
		return true;
	records = find_records(memory, page, config);
	if (!records)
		return false;
	list->entries = aligned_alloc(_Alignof(struct tunnel_entry), (count + 1) * sizeof(*list->entries));
	if (!list->entries)
		abort();
	for (; list->count < count; list->count++)
		list->entries[list->count] = read_entry(records, config, first + list->count);
	qsort(list->entries, list->count, sizeof(*list->entries), by_handshake);
	return true;
}

void tunnel_list_free(struct tunnel_list *list)
{
	free(list->entries);
	*list = (struct tunnel_list){0};
}
