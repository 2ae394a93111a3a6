/* SPDX-License-Identifier: Apache-2.0
 *
 * The start of the tunnels, and their clock; see wireguard.h. receive.c and send.c move packets.
 */
#include <errno.h>
#include <stdio.h>
#include "crypto/crypto.h"
#include "nf/host.h"
#include "nf/router/output.h"
#include "nf/stats.h"
#include "core.h"
#include "send.h"
#include "wireguard.h"

int wireguard_init(void)
{
	const char *wrong = crypto_init();
	char line[96];

	if (wrong) {
		snprintf(line, sizeof(line), "wireguard: cryptography failed its test: %s", wrong);
		host_log(line);
		return -EIO;
	}
	if (send_init() != 0) {
		host_log("wireguard: not enough memory for the peers");
		return -ENOMEM;
	}
	return core_init();
}

uint64_t wireguard_tick(void)
{
	static uint64_t bursts_before;
	uint64_t bursts = stats.polls - stats.empty_polls, next;

	next = core_tick(bursts == bursts_before);
	bursts_before = bursts;
	wireguard_flush();
	output_flush();
	return next;
}
