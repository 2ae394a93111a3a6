/* SPDX-License-Identifier: Apache-2.0
 *
 * The neighbour cache; neighbour.h has the overview. Times are those of RFC 4861, section 10, for both
 * families; ARP has none of its own that anybody keeps.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>
#include "nf/appliance.h"
#include "nf/bucket.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "arp.h"
#include "forward.h"
#include "icmp.h"
#include "nd.h"
#include "neighbour.h"
#include "output.h"

#define SECOND UINT64_C(1000000000)

enum {
	TRIES_MAX = 3,		    /* MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT */
	REQUESTS_PER_SECOND = 1000, /* of all neighbours together */
	TIMERS_PER_TICK = 64,
};

static const uint64_t timeout_ns[NEIGHBOUR_STATES] = {
    [NEIGHBOUR_INCOMPLETE] = 1 * SECOND, /* RETRANS_TIMER */
    [NEIGHBOUR_REACHABLE] = 30 * SECOND, /* REACHABLE_TIME */
    [NEIGHBOUR_DELAY] = 5 * SECOND,	 /* DELAY_FIRST_PROBE_TIME */
    [NEIGHBOUR_PROBE] = 1 * SECOND,	 [NEIGHBOUR_FAILED] = 3 * SECOND,
};

enum action { ACTION_NONE, ACTION_ASK_ALL, ACTION_ASK_IT, ACTION_SEND_QUEUE, ACTION_GIVE_UP, ACTION_FORGET };

struct transition {
	bool defined;
	uint8_t to, action;
};

#define GO(state, what) \
	{ \
		true, NEIGHBOUR_##state, ACTION_##what \
	}

/* RFC 4861, appendix C, with two states more: IDLE before the first packet, and FAILED after the last try. */
static const struct transition transitions[NEIGHBOUR_STATES][NEIGHBOUR_EVENTS] =
    {
	[NEIGHBOUR_IDLE] =
	    {
		[EVENT_SEND] = GO(INCOMPLETE, ASK_ALL),
		[EVENT_CONFIRMED] = GO(REACHABLE, NONE),
		[EVENT_HEARD] = GO(STALE, NONE),
	    },
	[NEIGHBOUR_INCOMPLETE] =
	    {
		[EVENT_TIMEOUT] = GO(INCOMPLETE, ASK_ALL),
		[EVENT_EXHAUSTED] = GO(FAILED, GIVE_UP),
		[EVENT_CONFIRMED] = GO(REACHABLE, SEND_QUEUE),
		[EVENT_HEARD] = GO(STALE, SEND_QUEUE),
	    },
	[NEIGHBOUR_REACHABLE] =
	    {
		[EVENT_TIMEOUT] = GO(STALE, NONE),
		[EVENT_CONFIRMED] = GO(REACHABLE, NONE),
		[EVENT_HEARD] = GO(STALE, NONE),
		[EVENT_DOUBTED] = GO(STALE, NONE),
	    },
	[NEIGHBOUR_STALE] =
	    {
		[EVENT_SEND] = GO(DELAY, NONE),
		[EVENT_CONFIRMED] = GO(REACHABLE, NONE),
		[EVENT_HEARD] = GO(STALE, NONE),
	    },
	[NEIGHBOUR_DELAY] =
	    {
		[EVENT_TIMEOUT] = GO(PROBE, ASK_IT),
		[EVENT_CONFIRMED] = GO(REACHABLE, NONE),
		[EVENT_HEARD] = GO(STALE, NONE),
	    },
	[NEIGHBOUR_PROBE] =
	    {
		[EVENT_TIMEOUT] = GO(PROBE, ASK_IT),
		[EVENT_EXHAUSTED] = GO(FAILED, NONE),
		[EVENT_CONFIRMED] = GO(REACHABLE, NONE),
		[EVENT_HEARD] = GO(STALE, NONE),
	    },
	[NEIGHBOUR_FAILED] =
	    {
		[EVENT_TIMEOUT] = GO(IDLE, FORGET),
		[EVENT_CONFIRMED] = GO(REACHABLE, NONE),
		[EVENT_HEARD] = GO(STALE, NONE),
	    },
};

TAILQ_HEAD(neighbour_list, neighbour);

/* Pinned entries have lists of their own, so that eviction never has to step over them. */
static struct neighbour_list lists[2][NEIGHBOUR_STATES];
static struct neighbour_list unused;
static struct neighbour
    *entries; /* nothing touched those from `fresh` on yet: nor is there need to, at start */
static uint32_t fresh;
static struct rte_hash *table;

/* Where a key was found lately, by its hash: most packets of a while go to few neighbours. */
enum { HINT_BITS = 6 };
static uint32_t hints[1 << HINT_BITS];

static struct bucket requests;
static uint32_t waiting; /* mbufs in all queues, those of the appliance's own answers too */

static struct neighbour_list *list_of(const struct neighbour *n)
{
	return &lists[n->pinned][n->state];
}

struct neighbour_key neighbour_key_ipv4(uint8_t port, uint32_t address)
{
	struct neighbour_key key = {.port = port};
	rte_be32_t wire = rte_cpu_to_be_32(address);

	memcpy(key.address, &wire, sizeof(wire));
	return key;
}

struct neighbour_key neighbour_key_ipv6(uint8_t port, const uint8_t address[16])
{
	struct neighbour_key key = {.port = port, .ipv6 = true};

	memcpy(key.address, address, sizeof(key.address));
	return key;
}

/* Asks for the address of `n`: everybody, or only the one that had it. */
static void ask(struct neighbour *n, bool unicast)
{
	n->tries++;
	if (!bucket_take(&requests, host_now_ns))
		return;
	if (n->key.ipv6)
		nd_solicit(n->key.port, n->key.address, unicast ? &n->mac : NULL);
	else
		arp_request(n->key.port, n->key.address, unicast ? &n->mac : NULL);
}

static struct rte_mbuf *dequeue(struct neighbour *n)
{
	struct rte_mbuf *m = n->queue[0];

	memmove(&n->queue[0], &n->queue[1], --n->queued * sizeof(n->queue[0]));
	waiting -= m->nb_segs;
	if (!(packet_meta(m)->flags & PACKET_ORIGINATED))
		stats.held--;
	return m;
}

/* Sends an error, which may need an entry of its own and so evict any that is not in use. */
static void refuse_unreachable(struct rte_mbuf *m)
{
	if (!(packet_meta(m)->flags & PACKET_ORIGINATED))
		icmp_error_send(m, ICMP_ERROR_HOST_UNREACHABLE, 0);
	packet_refuse(m, DROP_NEIGHBOUR_UNRESOLVED);
}

/* All queues together get a quarter of the pool: the rest keeps packets moving, however many hosts are
 * silent. */
static void enqueue(struct neighbour *n, struct rte_mbuf *m)
{
	if (n->queued == NEIGHBOUR_QUEUE_MAX)
		packet_refuse(dequeue(n), DROP_NEIGHBOUR_QUEUE_FULL);
	if (waiting + m->nb_segs > host_packet_pool->size / 4) {
		packet_refuse(m, DROP_NEIGHBOUR_QUEUE_FULL);
		return;
	}
	n->queue[n->queued++] = m;
	waiting += m->nb_segs;
	if (!(packet_meta(m)->flags & PACKET_ORIGINATED))
		stats.held++;
}

static void forget(struct neighbour *n)
{
	int32_t gone = rte_hash_del_key(table, &n->key);

	assert(gone >= 0 && !n->pinned && n->queued == 0);
	TAILQ_REMOVE(list_of(n), n, link);
	TAILQ_INSERT_TAIL(&unused, n, link);
	n->key = (struct neighbour_key){.port = PORT_NONE}; /* nobody recalls it */
}

/* Takes its place in the list of its new state, whose time starts. */
static void enter(struct neighbour *n, enum neighbour_state state)
{
	TAILQ_REMOVE(list_of(n), n, link);
	n->state = state;
	n->deadline_ns = host_now_ns + timeout_ns[state];
	TAILQ_INSERT_TAIL(list_of(n), n, link);
}

/* Empties the queue before the first error is sent: see above. */
static void give_up(struct neighbour *n)
{
	struct rte_mbuf *packets[NEIGHBOUR_QUEUE_MAX];
	uint8_t count = 0;

	while (n->queued)
		packets[count++] = dequeue(n);
	for (uint8_t i = 0; i < count; i++)
		refuse_unreachable(packets[i]);
}

static void act(struct neighbour *n, enum action action)
{
	switch (action) {
	case ACTION_NONE:
		break;
	case ACTION_ASK_ALL:
	case ACTION_ASK_IT:
		ask(n, action == ACTION_ASK_IT);
		break;
	case ACTION_SEND_QUEUE:
		while (n->queued)
			forward_to_neighbour(n, dequeue(n));
		break;
	case ACTION_GIVE_UP:
		give_up(n);
		break;
	case ACTION_FORGET:
		if (!n->pinned)
			forget(n);
		break;
	}
}

static void happen(struct neighbour *n, enum neighbour_event event)
{
	const struct transition *t = &transitions[n->state][event];

	if (!t->defined)
		return;
	if (t->to != n->state)
		n->tries = 0;
	enter(n, t->to);
	act(n, t->action);
}

int neighbour_next_state(enum neighbour_state state, enum neighbour_event event)
{
	return transitions[state][event].defined ? transitions[state][event].to : -1;
}

static uint32_t *hint_of(const struct neighbour_key *key)
{
	uint32_t words[4];

	memcpy(words, key->address, sizeof(words));
	return &hints[(words[0] ^ words[3]) * 0x9e3779b1u >> (32 - HINT_BITS)];
}

struct neighbour *neighbour_find(const struct neighbour_key *key)
{
	uint32_t *hint = hint_of(key);
	struct neighbour *n = neighbour_recall(*hint, key);
	void *data;

	if (n)
		return n;
	if (rte_hash_lookup_data(table, key, &data) < 0)
		return NULL;
	*hint = neighbour_number(data);
	return data;
}

uint32_t neighbour_number(const struct neighbour *n)
{
	return n - entries + 1;
}

struct neighbour *neighbour_recall(uint32_t number, const struct neighbour_key *key)
{
	struct neighbour *n = &entries[number - 1];

	return number && memcmp(&n->key, key, sizeof(*key)) == 0 ? n : NULL;
}

/* Makes room by the order of neighbour.h. False: all entries must stay. */
static bool evict(void)
{
	static const uint8_t order[] = {NEIGHBOUR_IDLE, NEIGHBOUR_FAILED, NEIGHBOUR_INCOMPLETE,
					NEIGHBOUR_STALE};

	for (size_t i = 0; i < RTE_DIM(order); i++) {
		struct neighbour *n = TAILQ_FIRST(&lists[false][order[i]]);

		if (!n)
			continue;
		while (n->queued)
			packet_refuse(dequeue(n), DROP_NEIGHBOUR_UNRESOLVED);
		forget(n);
		return true;
	}
	return false;
}

static struct neighbour *first_unused(void)
{
	if (TAILQ_EMPTY(&unused) && fresh < neighbour_capacity) {
		TAILQ_INSERT_TAIL(&unused, &entries[fresh], link);
		fresh++;
	}
	return TAILQ_FIRST(&unused);
}

struct neighbour *neighbour_get(const struct neighbour_key *key)
{
	struct neighbour *n = neighbour_find(key);

	if (n)
		return n;
	n = first_unused();
	if (!n && evict())
		n = first_unused();
	if (!n || rte_hash_add_key_data(table, key, n))
		return NULL;
	TAILQ_REMOVE(&unused, n, link);
	*n = (struct neighbour){.key = *key, .state = NEIGHBOUR_IDLE};
	TAILQ_INSERT_TAIL(list_of(n), n, link);
	return n;
}

struct neighbour *neighbour_pin(const struct neighbour_key *key)
{
	struct neighbour *n = neighbour_get(key);

	if (n && !n->pinned) {
		TAILQ_REMOVE(list_of(n), n, link);
		n->pinned = true;
		TAILQ_INSERT_TAIL(list_of(n), n, link);
	}
	return n;
}

void neighbour_send(struct neighbour *n, struct rte_mbuf *m)
{
	if (n->state == NEIGHBOUR_FAILED) {
		refuse_unreachable(m);
		return;
	}
	if (!neighbour_is_usable(n))
		enqueue(n, m);
	else
		forward_to_neighbour(n, m);
	happen(n, EVENT_SEND);
}

static void set_mac(struct neighbour *n, const struct rte_ether_addr *mac)
{
	n->mac = *mac;
	n->header_bytes = output_write_header(n->header, n->key.port, mac,
					      n->key.ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
}

void neighbour_confirm(struct neighbour *n, const struct rte_ether_addr *mac)
{
	if (n->state == NEIGHBOUR_PERMANENT)
		return;
	set_mac(n, mac);
	happen(n, EVENT_CONFIRMED);
}

void neighbour_hear(struct neighbour *n, const struct rte_ether_addr *mac)
{
	bool known = neighbour_is_usable(n) && rte_is_same_ether_addr(&n->mac, mac);

	if (known || n->state == NEIGHBOUR_PERMANENT)
		return;
	set_mac(n, mac);
	happen(n, EVENT_HEARD);
}

void neighbour_doubt(struct neighbour *n)
{
	happen(n, EVENT_DOUBTED);
}

/* Handles one entry whose time in `list` is over, if there is one. */
static bool expire_one(struct neighbour_list *list)
{
	struct neighbour *n = TAILQ_FIRST(list);

	if (!n || n->deadline_ns > host_now_ns)
		return false;
	happen(n, n->tries >= TRIES_MAX ? EVENT_EXHAUSTED : EVENT_TIMEOUT);
	return true;
}

static uint64_t next_deadline(void)
{
	uint64_t next = UINT64_MAX;

	for (int pinned = 0; pinned < 2; pinned++) {
		for (int state = 0; state < NEIGHBOUR_STATES; state++) {
			struct neighbour *n = TAILQ_FIRST(&lists[pinned][state]);

			if (n && timeout_ns[state])
				next = RTE_MIN(next, n->deadline_ns);
		}
	}
	return next;
}

uint64_t neighbour_tick(void)
{
	int budget = TIMERS_PER_TICK;

	for (int pinned = 0; pinned < 2; pinned++)
		for (int state = 0; state < NEIGHBOUR_STATES; state++)
			while (budget > 0 && timeout_ns[state] && expire_one(&lists[pinned][state]))
				budget--;
	return next_deadline();
}

static int add_static(const struct static_neighbour *known)
{
	struct neighbour_key key = known->ipv6 ? neighbour_key_ipv6(known->port, known->ipv6_address)
					       : neighbour_key_ipv4(known->port, known->ipv4);
	struct neighbour *n = neighbour_pin(&key);

	if (!n)
		return -ENOSPC;
	set_mac(n, (const struct rte_ether_addr *)known->mac);
	enter(n, NEIGHBOUR_PERMANENT);
	return 0;
}

/* Twice the room, so that cuckoo hashing finds a place for each entry as good as always. */
static int make_table(void)
{
	struct rte_hash_parameters parameters = {
	    .name = "neighbours",
	    .entries = RTE_MAX(2 * neighbour_capacity, 16u),
	    .key_len = sizeof(struct neighbour_key),
	    .hash_func = rte_jhash,
	    .hash_func_init_val = host_random(),
	    .socket_id = SOCKET_ID_ANY,
	};

	rte_hash_free(table);
	rte_free(entries);
	table = rte_hash_create(&parameters);
	entries = rte_malloc("neighbours", neighbour_capacity * sizeof(*entries), 0);
	fresh = 0;
	return table && entries ? 0 : -ENOMEM;
}

int neighbour_init(void)
{
	int error = make_table();

	memset(hints, 0, sizeof(hints));
	for (int i = 0; i < NEIGHBOUR_STATES; i++) {
		TAILQ_INIT(&lists[false][i]);
		TAILQ_INIT(&lists[true][i]);
	}
	TAILQ_INIT(&unused);
	for (uint32_t i = 0; i < static_neighbour_count && !error; i++)
		error = add_static(&static_neighbours[i]);
	requests = bucket_per_second(REQUESTS_PER_SECOND);
	waiting = 0;
	if (error)
		host_log(error == -ENOSPC ? "router: more static neighbours than `neighbours` allows"
					  : "router: not enough memory for the neighbour table");
	return error;
}
