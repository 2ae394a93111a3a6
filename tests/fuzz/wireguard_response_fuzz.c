/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes what comes as a response: to alice of support/wireguard_world.h, who has sent the initiation of
 * tests/unit/wireguard_vectors.h. What names its index is taken to mean the one that she has really chosen,
 * and comes with a mac1. Whatever doesn't complete the handshake must have changed nothing.
 */
#include <stdlib.h>
#include <string.h>
#include "nf/wireguard/cookie.h"
#include "tests/unit/support/nf_host.h"
#include "tests/unit/support/wireguard_ends.h"
#include "tests/unit/wireguard_vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void initiate(struct peer *bob)
{
	struct message_initiation message;

	bob->handshake = session_new(bob, SESSION_HANDSHAKE);
	if (bob->handshake == NULL ||
	    !noise_create_initiation(&tunnels[ALICE_TUNNEL].identity, &bob->remote,
				     vector_initiator_ephemeral_private, vector_timestamp, &message,
				     &bob->handshake->noise))
		abort();
}

static void address(uint8_t *message, size_t count, uint32_t index)
{
	static const struct cookie_given none;
	struct message_response *response = (struct message_response *)message;

	if (count != sizeof(*response) || response->receiver != rte_cpu_to_le_32(VECTOR_INITIATOR_INDEX))
		return;
	response->receiver = rte_cpu_to_le_32(index);
	cookie_add_macs(&tunnels[ALICE_TUNNEL].checker.keys, &none, message, count, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	struct wireguard_endpoint from = world_address(BOB_TUNNEL);
	uint8_t message[WORLD_MESSAGE_MAX];
	uint64_t before;

	if (count > sizeof(message))
		return 0;
	world_start();
	initiate(&peers[PEER_BOB]);
	before = world_fingerprint(PEER_BOB);
	memcpy(message, data, count);
	address(message, count, peers[PEER_BOB].handshake->index);
	world_receive(ALICE_TUNNEL, message, count, &from);
	world_run(0);
	if ((peers[PEER_BOB].current == NULL) != (world_fingerprint(PEER_BOB) == before))
		abort();
	/* A session is confirmed by a keepalive, at once. */
	if (world.sent_count != (peers[PEER_BOB].current != NULL))
		abort();
	if (!nf_host_books_balance())
		abort();
	return 0;
}
