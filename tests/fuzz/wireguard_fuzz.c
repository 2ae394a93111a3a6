/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes WireGuard's ends with messages of every type. The input is a series of steps: a byte of what to do,
 * a byte of length, and as many bytes. A message that is made up must change nothing but counters, and get no
 * answer but a cookie; genuine ones come between them, whole, late, twice, or with some bytes wrong. However
 * it went, both ends must find together afterwards.
 */
#include <stdlib.h>
#include <string.h>
#include "nf/host.h"
#include "nf/wireguard/core.h"
#include "nf/wireguard/handshake.h"
#include "tests/unit/support/nf_host.h"
#include "tests/unit/support/wireguard_ends.h"

enum { TUNNEL = 1, SIGNED = 2, ELSEWHERE = 4, STEP_SHIFT = 3 };
enum step {
	STEP_MAKE_UP,
	STEP_MAKE_UP_TYPED,
	STEP_ALTER,
	STEP_REPEAT,
	STEP_SEND,
	STEP_PASS,
	STEP_WAIT,
	STEP_WORK,
	STEPS
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static struct wireguard_endpoint from(uint8_t options)
{
	struct wireguard_endpoint endpoint = world_address(!(options & TUNNEL));

	if (options & ELSEWHERE)
		endpoint.address.ipv4 ^= 0x100;
	return endpoint;
}

static void sign(uint8_t tunnel, uint8_t *message, size_t size)
{
	static const struct cookie_given none;

	if (size > sizeof(struct message_macs))
		cookie_add_macs(&tunnels[tunnel].checker.keys, &none, message, size, 0);
}

static void receive(uint8_t options, const uint8_t *message, size_t size)
{
	struct wireguard_endpoint endpoint = from(options);
	uint8_t copy[WORLD_MESSAGE_MAX];

	memcpy(copy, message, size);
	if (options & SIGNED)
		sign(options & TUNNEL, copy, size);
	world_receive(options & TUNNEL, copy, size, &endpoint);
}

static void make_up(uint8_t options, const uint8_t *message, size_t size)
{
	uint64_t alice, bob;

	world_run(0); /* what waited is done, and not mistaken for an effect of this */
	alice = world_fingerprint(PEER_ALICE);
	bob = world_fingerprint(PEER_BOB);
	world.sent_count = world.passed = 0;
	receive(options, message, size);
	world_run(0);
	for (uint32_t i = 0; i < world.sent_count; i++)
		if (world.sent[i].bytes[0] != MESSAGE_COOKIE_REPLY)
			abort();
	if (world_fingerprint(PEER_ALICE) != alice || world_fingerprint(PEER_BOB) != bob)
		abort();
}

/* With the type and length of a message, so that it gets beyond those. */
static void make_up_typed(uint8_t options, const uint8_t *data, size_t size)
{
	static const uint16_t sizes[] = {sizeof(struct message_initiation), sizeof(struct message_response),
					 sizeof(struct message_cookie_reply), MESSAGE_KEEPALIVE_BYTES};
	uint8_t message[sizeof(struct message_initiation)] = {0};
	uint32_t type = size ? data[0] % 4 : 0;
	const struct session *session = peers[options & TUNNEL ? PEER_ALICE : PEER_BOB].current;

	memcpy(message, data, RTE_MIN(size, sizeof(message)));
	memset(message, 0, sizeof(rte_le32_t));
	message[0] = type + 1;
	if (session && size > 1 && data[1] & 1)
		memcpy(message + (type == MESSAGE_RESPONSE - 1 ? 8 : 4), &session->index,
		       sizeof(session->index));
	make_up(options, message, sizes[type]);
}

/* The last message that was sent, with `data` over it. */
static void alter(uint8_t options, const uint8_t *data, size_t size)
{
	struct world_message message;
	size_t at;

	if (world.sent_count == 0)
		return;
	message = world.sent[world.sent_count - 1];
	at = size ? data[0] % message.size : 0;
	for (size_t i = 1; i < size && at + i - 1 < message.size; i++)
		message.bytes[at + i - 1] ^= data[i];
	receive(options, message.bytes, message.size);
}

static void step(uint8_t options, const uint8_t *data, size_t size)
{
	switch ((enum step)((options >> STEP_SHIFT) % STEPS)) {
	case STEP_MAKE_UP:
		make_up(options, data, size);
		break;
	case STEP_MAKE_UP_TYPED:
		make_up_typed(options, data, size);
		break;
	case STEP_ALTER:
		alter(options, data, size);
		break;
	case STEP_REPEAT:
		alter(options & ~SIGNED, NULL, 0);
		break;
	case STEP_SEND:
		world_send(options & TUNNEL ? PEER_BOB : PEER_ALICE, size);
		break;
	case STEP_PASS:
		world_pass();
		break;
	case STEP_WAIT:
		world_run((uint64_t)size * SECOND / 2);
		break;
	case STEP_WORK:
		core_tick(false);
		break;
	case STEPS:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	uint32_t received;

	world_start();
	for (int steps = 0; count >= 2 && steps < 100; steps++) {
		size_t size = RTE_MIN((size_t)data[1], count - 2);

		step(data[0], data + 2, RTE_MIN(size, (size_t)WORLD_MESSAGE_MAX - MESSAGE_KEEPALIVE_BYTES));
		data += 2 + size;
		count -= 2 + size;
		if (world.sent_count > WORLD_SENT_MAX / 4)
			world.sent_count = world.passed = 0;
	}
	world_run((uint64_t)600 * SECOND);
	world_lose();
	peers[PEER_BOB].endpoint =
	    world_address(BOB_TUNNEL); /* it may have been led astray by whole messages */
	received = world.received[PEER_ALICE];
	world_send(PEER_BOB, 64);
	world_live((uint64_t)20 * SECOND);
	if (world.received[PEER_ALICE] <= received || !nf_host_books_balance())
		abort();
	return 0;
}
