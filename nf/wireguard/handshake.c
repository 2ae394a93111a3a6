/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshake messages; see handshake.h. What is queued counts as held (nf/stats.h) until it is worked on, and
 * then ends under its name.
 */
#include <string.h>
#include <rte_common.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "exchange.h"
#include "handshake.h"
#include "load.h"
#include "outer.h"
#include "peer.h"

enum {
	INITIATIONS_MAX = 1024, /* that wait; a power of two */
	RESPONSES_MAX = 256,	/* likewise */
};

struct waiting {
	struct wireguard_endpoint from;
	uint8_t tunnel;
	union {
		struct message_initiation initiation;
		struct message_response response;
		uint8_t bytes[MESSAGE_HANDSHAKE_BYTES_MAX];
	};
};

/* A ring; numbers only grow. */
struct queue {
	struct waiting *messages;
	uint32_t room, first, end;
	struct load load;
};

static struct waiting initiation_ring[INITIATIONS_MAX], response_ring[RESPONSES_MAX];
static struct queue initiations, responses;
static struct peer *wanted_first, *wanted_last;
static bool our_turn; /* where some of both wait */

void handshake_init(void)
{
	initiations = (struct queue){.messages = initiation_ring, .room = INITIATIONS_MAX};
	responses = (struct queue){.messages = response_ring, .room = RESPONSES_MAX};
	wanted_first = wanted_last = NULL;
	our_turn = false;
}

static inline uint32_t waiting_in(const struct queue *queue)
{
	return queue->end - queue->first;
}

static void count(enum drop_reason reason)
{
	if (reason == DROP_REASON_COUNT)
		stats.consumed++;
	else
		stats.dropped[reason]++;
}

/* Arrival */

static enum drop_reason take_cookie(uint8_t tunnel, const struct message_cookie_reply *reply)
{
	struct session *session = session_find(tunnel, rte_le_to_cpu_32(reply->receiver));
	struct cookie_keys keys;

	if (session == NULL)
		return DROP_WG_UNKNOWN_SESSION;
	if (!session->mac1_sent)
		return DROP_WG_COOKIE;
	cookie_keys_init(&keys, session->peer->remote.public_key);
	if (!cookie_consume_reply(&keys, session->mac1, reply, host_now_ns, &session->peer->cookie))
		return DROP_WG_COOKIE;
	session->mac1_sent = false;
	stats.tunnel.cookies_taken++;
	return DROP_REASON_COUNT;
}

/* Asks the sender for mac2, and says that it was asked. */
static enum drop_reason ask_for_cookie(uint8_t tunnel, const void *message, size_t bytes,
				       const struct wireguard_endpoint *from)
{
	const struct message_initiation *any = message; /* the sender's index is in the same place in both */
	struct message_cookie_reply reply;

	_Static_assert(offsetof(struct message_initiation, sender) ==
			   offsetof(struct message_response, sender),
		       "one place");
	if (load_cookie_allowed(host_now_ns) && cookie_create_reply(&tunnels[tunnel].checker, message, bytes,
								    any->sender, from, host_now_ns, &reply)) {
		stats.tunnel.cookies_sent++;
		wireguard_transmit(tunnel, from, &reply, sizeof(reply));
	}
	return DROP_WG_COOKIE_ASKED;
}

/* Whether a message whose mac1 is right may wait for work. */
static enum drop_reason pass_load(struct queue *queue, uint8_t tunnel, const void *message, size_t bytes,
				  const struct wireguard_endpoint *from)
{
	if (load_is_high(&queue->load, waiting_in(queue), queue->room, host_now_ns)) {
		if (!cookie_check_mac2(&tunnels[tunnel].checker, message, bytes, from, host_now_ns))
			return ask_for_cookie(tunnel, message, bytes, from);
		if (!load_source_allows(from, host_now_ns))
			return DROP_WG_RATE;
	}
	return waiting_in(queue) == queue->room ? DROP_WG_QUEUE_FULL : DROP_REASON_COUNT;
}

static void push(struct queue *queue, uint8_t tunnel, const void *message, size_t bytes,
		 const struct wireguard_endpoint *from)
{
	struct waiting *waiting = &queue->messages[queue->end++ % queue->room];

	waiting->from = *from;
	waiting->tunnel = tunnel;
	memcpy(waiting->bytes, message, bytes);
	stats.held++;
}

/* A response names a handshake that we began: who doesn't know which costs no more than a MAC. */
static bool is_answer(uint8_t tunnel, const struct message_response *response)
{
	const struct session *session = session_find(tunnel, rte_le_to_cpu_32(response->receiver));

	return session && session->state == SESSION_HANDSHAKE;
}

static enum drop_reason check_form(const void *message, size_t bytes, uint32_t *type)
{
	static const uint16_t length[] = {
	    [MESSAGE_INITIATION] = sizeof(struct message_initiation),
	    [MESSAGE_RESPONSE] = sizeof(struct message_response),
	    [MESSAGE_COOKIE_REPLY] = sizeof(struct message_cookie_reply),
	    [MESSAGE_TRANSPORT] = 0, /* only those come here that are too short */
	};

	rte_le32_t first;

	if (bytes < sizeof(first))
		return DROP_WG_LENGTH;
	memcpy(&first, message, sizeof(first));
	*type = rte_le_to_cpu_32(first);
	if (*type < MESSAGE_INITIATION || *type > MESSAGE_TRANSPORT)
		return DROP_WG_TYPE;
	return bytes == length[*type] ? DROP_REASON_COUNT : DROP_WG_LENGTH;
}

/* Returns why a message isn't queued; DROP_REASON_COUNT: it is. */
static enum drop_reason admit(struct queue *queue, uint8_t tunnel, const void *message, size_t bytes,
			      const struct wireguard_endpoint *from)
{
	enum drop_reason reason;

	if (!cookie_check_mac1(&tunnels[tunnel].checker.keys, message, bytes))
		return DROP_WG_MAC;
	if (queue == &responses && !is_answer(tunnel, message))
		return DROP_WG_UNKNOWN_SESSION;
	reason = pass_load(queue, tunnel, message, bytes, from);
	if (reason == DROP_REASON_COUNT)
		push(queue, tunnel, message, bytes, from);
	return reason;
}

void handshake_receive(uint8_t tunnel, const void *message, size_t bytes,
		       const struct wireguard_endpoint *from)
{
	uint32_t type;
	enum drop_reason reason = check_form(message, bytes, &type);

	if (reason != DROP_REASON_COUNT) {
		count(reason);
		return;
	}
	if (type == MESSAGE_COOKIE_REPLY) {
		count(take_cookie(tunnel, message));
		return;
	}
	reason = admit(type == MESSAGE_RESPONSE ? &responses : &initiations, tunnel, message, bytes, from);
	if (reason != DROP_REASON_COUNT)
		count(reason);
}

/* Work */

void handshake_want(struct peer *peer, bool again)
{
	if (!again)
		peer->timers.began_ns = host_now_ns;
	if (peer->wanted || peer->endpoint.family == 0)
		return;
	peer->wanted = true;
	peer->wanted_next = NULL;
	if (wanted_last)
		wanted_last->wanted_next = peer;
	else
		wanted_first = peer;
	wanted_last = peer;
}

static uint32_t work_on_wanted(void)
{
	struct peer *peer = wanted_first;

	wanted_first = peer->wanted_next;
	if (wanted_first == NULL)
		wanted_last = NULL;
	peer->wanted = false;
	return exchange_initiate(peer);
}

static const struct waiting *pop(struct queue *queue)
{
	stats.held--;
	return &queue->messages[queue->first++ % queue->room];
}

static uint32_t work_on_response(void)
{
	const struct waiting *waiting = pop(&responses);

	enum drop_reason reason = exchange_take_response(waiting->tunnel, &waiting->response, &waiting->from);

	count(reason);
	return reason == DROP_REASON_COUNT ? EXCHANGE_RESPONSE_COST : EXCHANGE_RESPONSE_COST * LOAD_WASTE;
}

static uint32_t work_on_initiation(void)
{
	const struct waiting *waiting = pop(&initiations);
	uint32_t cost;
	enum drop_reason reason =
	    exchange_take_initiation(waiting->tunnel, &waiting->initiation, &waiting->from, &cost);

	count(reason);
	return reason == DROP_REASON_COUNT ? cost : cost * LOAD_WASTE;
}

/* One of what waits; returns what it cost of the budget. Ours and those of others take turns: thousands of
 * peers that are gone and that we try to reach must not shut the others out, either. */
static uint32_t work_on_one(void)
{
	if (waiting_in(&responses))
		return work_on_response();
	our_turn = !our_turn;
	if (wanted_first && (our_turn || !waiting_in(&initiations)))
		return work_on_wanted();
	return work_on_initiation();
}

static bool anything_waits(void)
{
	return waiting_in(&responses) || wanted_first || waiting_in(&initiations);
}

void handshake_work(bool idle)
{
	if (idle && anything_waits()) {
		work_on_one();
		return;
	}
	while (anything_waits() && load_has_budget(host_now_ns))
		load_spend(work_on_one(), host_now_ns);
}

uint64_t handshake_next(bool idle)
{
	if (!anything_waits())
		return UINT64_MAX;
	return idle ? host_now_ns : load_budget_ns(host_now_ns);
}
