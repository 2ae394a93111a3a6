/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of datagrams; see datagram.h.
 */
#include <string.h>
#include <rte_common.h>
#include "nf/host.h"
#include "datagram.h"

enum { CHAINS = 2048, HALVES = sizeof(struct datagram_key) / 8 };

static struct datagram datagrams[DATAGRAMS_MAX + 1]; /* [0] is none */
static uint16_t chains[CHAINS], unused, used, oldest, newest;
static uint64_t hash_keys[1 + 2 * HALVES];

void datagrams_init(void)
{
	memset(chains, 0, sizeof(chains));
	unused = used = oldest = newest = 0;
	for (size_t i = 0; i < RTE_DIM(hash_keys); i++)
		hash_keys[i] = host_random();
}

/* Multilinear, as in nf/flow/flow_table.h. */
static uint16_t *chain_of(const struct datagram_key *key)
{
	uint64_t sum = hash_keys[0], halves[HALVES];

	memcpy(halves, key, sizeof(halves));
	for (int i = 0; i < HALVES; i++)
		sum +=
		    (hash_keys[1 + 2 * i] + (uint32_t)halves[i]) * (hash_keys[2 + 2 * i] + (halves[i] >> 32));
	return &chains[(sum >> 32) % CHAINS];
}

static uint16_t number_of(const struct datagram *datagram)
{
	return datagram - datagrams;
}

static void unlink_age(const struct datagram *datagram)
{
	*(datagram->older ? &datagrams[datagram->older].newer : &oldest) = datagram->newer;
	*(datagram->newer ? &datagrams[datagram->newer].older : &newest) = datagram->older;
}

static void unlink_chain(const struct datagram *datagram)
{
	uint16_t *link = chain_of(&datagram->key);

	while (*link != number_of(datagram))
		link = &datagrams[*link].next;
	*link = datagram->next;
}

void datagram_end(struct datagram *datagram)
{
	unlink_age(datagram);
	unlink_chain(datagram);
	datagram->next = unused;
	unused = number_of(datagram);
}

static struct datagram *take(void (*lose)(struct datagram *))
{
	struct datagram *datagram;

	if (!unused && used < DATAGRAMS_MAX)
		return &datagrams[++used];
	if (!unused) {
		lose(&datagrams[oldest]);
		datagram_end(&datagrams[oldest]);
	}
	datagram = &datagrams[unused];
	unused = datagram->next;
	return datagram;
}

/* All but the room for fragments, of which none is there. */
static void clear(struct datagram *datagram, const struct datagram_key *key)
{
	memset(datagram, 0, offsetof(struct datagram, fragments));
	datagram->key = *key;
	datagram->due_ns = host_now_ns + DATAGRAM_TIMEOUT_NS;
	datagram->held_end = &datagram->held;
}

struct datagram *datagram_get(const struct datagram_key *key, void (*lose)(struct datagram *))
{
	uint16_t *chain = chain_of(key);
	struct datagram *datagram;

	for (uint16_t i = *chain; i; i = datagrams[i].next)
		if (memcmp(&datagrams[i].key, key, sizeof(*key)) == 0)
			return &datagrams[i];
	datagram = take(lose);
	clear(datagram, key);
	datagram->next = *chain;
	*chain = number_of(datagram);
	datagram->older = newest;
	*(newest ? &datagrams[newest].newer : &oldest) = number_of(datagram);
	newest = number_of(datagram);
	return datagram;
}

struct datagram *datagram_oldest(void)
{
	return oldest ? &datagrams[oldest] : NULL;
}

struct datagram *datagram_newer(const struct datagram *datagram)
{
	return datagram->newer ? &datagrams[datagram->newer] : NULL;
}
