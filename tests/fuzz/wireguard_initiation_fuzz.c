/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes what comes as an initiation: to bob of support/wireguard_world.h, as it is, and once more with the
 * mac1 that anybody can make. Whatever isn't answered must have changed nothing.
 */
#include <stdlib.h>
#include <string.h>
#include "nf/wireguard/cookie.h"
#include "tests/unit/support/nf_host.h"
#include "tests/unit/support/wireguard_ends.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void receive(const uint8_t *message, size_t count)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	uint64_t before = world_fingerprint(PEER_ALICE);

	world.sent_count = world.passed = 0;
	world_receive(BOB_TUNNEL, message, count, &from);
	world_run(0);
	if (world.sent_count != (world_fingerprint(PEER_ALICE) != before))
		abort();
	if (world.sent_count && (world.sent[0].bytes[0] != MESSAGE_RESPONSE || peers[PEER_ALICE].current ||
				 peers[PEER_ALICE].endpoint.family))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	static const struct cookie_given none;
	uint8_t message[WORLD_MESSAGE_MAX];

	if (count > sizeof(message))
		return 0;
	world_start();
	memcpy(message, data, count);
	receive(message, count);
	if (count < sizeof(struct message_macs))
		return 0;
	cookie_add_macs(&tunnels[BOB_TUNNEL].checker.keys, &none, message, count, 0);
	receive(message, count);
	if (!nf_host_books_balance())
		abort();
	return 0;
}
