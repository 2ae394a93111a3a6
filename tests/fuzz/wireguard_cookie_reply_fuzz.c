/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes what comes as a cookie reply: to alice of support/wireguard_world.h, who has sent the initiation of
 * tests/unit/wireguard_vectors.h. What names its index is taken to mean the one that she has really chosen.
 * Nothing is answered, and what isn't a cookie must have changed nothing.
 */
#include <stdlib.h>
#include <string.h>
#include "tests/unit/support/nf_host.h"
#include "tests/unit/support/wireguard_ends.h"
#include "tests/unit/wireguard_vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void initiate(struct peer *bob)
{
	bob->handshake = session_new(bob, SESSION_HANDSHAKE);
	if (bob->handshake == NULL)
		abort();
	memcpy(bob->handshake->mac1, psk_initiation_mac1, CRYPTO_MAC_BYTES);
	bob->handshake->mac1_sent = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	struct wireguard_endpoint from = world_address(BOB_TUNNEL);
	uint8_t message[WORLD_MESSAGE_MAX];
	struct message_cookie_reply *reply = (struct message_cookie_reply *)message;
	uint64_t before;

	if (count > sizeof(message))
		return 0;
	world_start();
	initiate(&peers[PEER_BOB]);
	before = world_fingerprint(PEER_BOB);
	memcpy(message, data, count);
	if (count >= 8 && reply->receiver == rte_cpu_to_le_32(VECTOR_INITIATOR_INDEX))
		reply->receiver = rte_cpu_to_le_32(peers[PEER_BOB].handshake->index);
	world_receive(ALICE_TUNNEL, message, count, &from);
	world_run(0);
	if ((peers[PEER_BOB].cookie.until_ns == 0) != (world_fingerprint(PEER_BOB) == before) ||
	    world.sent_count)
		abort();
	if (!nf_host_books_balance())
		abort();
	return 0;
}
