/* SPDX-License-Identifier: Apache-2.0
 *
 * WireGuard's messages as they are on the wire, and every number that the protocol fixes. Integers are
 * little-endian. Nothing here is aligned in a packet: read through memcpy or these packed structs.
 *
 * Source: J. A. Donenfeld, WireGuard: Next Generation Kernel Network Tunnel, revision of 2020-06-01, sections
 * 5.4 (messages) and 6 (timers); "the paper" in all files of this folder.
 */
#ifndef NF_WIREGUARD_MESSAGES_H
#define NF_WIREGUARD_MESSAGES_H

#include <stddef.h>
#include <stdint.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include "crypto/crypto.h"

enum message_type {
	MESSAGE_INITIATION = 1,
	MESSAGE_RESPONSE = 2,
	MESSAGE_COOKIE_REPLY = 3,
	MESSAGE_TRANSPORT = 4,
};

enum {
	TIMESTAMP_BYTES = 12, /* TAI64N */
	COOKIE_BYTES = CRYPTO_MAC_BYTES,
	PADDING_MULTIPLE = 16,
};

/* The first byte is the type, the next three are zero: one number. */
struct message_macs {
	uint8_t mac1[CRYPTO_MAC_BYTES];
	uint8_t mac2[CRYPTO_MAC_BYTES];
} __rte_packed;

struct message_initiation { /* section 5.4.2 */
	rte_le32_t type;
	rte_le32_t sender;
	uint8_t ephemeral[CRYPTO_KEY_BYTES];
	uint8_t sealed_static[CRYPTO_KEY_BYTES + CRYPTO_TAG_BYTES];
	uint8_t sealed_timestamp[TIMESTAMP_BYTES + CRYPTO_TAG_BYTES];
	struct message_macs macs;
} __rte_packed;

struct message_response { /* section 5.4.3 */
	rte_le32_t type;
	rte_le32_t sender;
	rte_le32_t receiver;
	uint8_t ephemeral[CRYPTO_KEY_BYTES];
	uint8_t sealed_nothing[CRYPTO_TAG_BYTES];
	struct message_macs macs;
} __rte_packed;

struct message_cookie_reply { /* section 5.4.7 */
	rte_le32_t type;
	rte_le32_t receiver;
	uint8_t nonce[CRYPTO_XNONCE_BYTES];
	uint8_t sealed_cookie[COOKIE_BYTES + CRYPTO_TAG_BYTES];
} __rte_packed;

struct message_transport { /* section 5.4.6; the padded packet and its tag follow */
	rte_le32_t type;
	rte_le32_t receiver;
	rte_le64_t counter;
} __rte_packed;

_Static_assert(sizeof(struct message_initiation) == 148, "the paper, section 5.4.2");
_Static_assert(sizeof(struct message_response) == 92, "section 5.4.3");
_Static_assert(sizeof(struct message_cookie_reply) == 64, "section 5.4.7");
_Static_assert(sizeof(struct message_transport) == 16, "section 5.4.6");
_Static_assert(offsetof(struct message_initiation, macs) == 116, "what mac1 covers");
_Static_assert(offsetof(struct message_response, macs) == 60, "what mac1 covers");

enum {
	MESSAGE_HANDSHAKE_BYTES_MAX = sizeof(struct message_initiation),
	MESSAGE_KEEPALIVE_BYTES = sizeof(struct message_transport) + CRYPTO_TAG_BYTES,
	MESSAGE_TRANSPORT_OVERHEAD = MESSAGE_KEEPALIVE_BYTES, /* beside the padded packet */
	MESSAGE_OUTER_OVERHEAD_IPV4 = 20 + 8 + MESSAGE_TRANSPORT_OVERHEAD,
	MESSAGE_OUTER_OVERHEAD_IPV6 = 40 + 8 + MESSAGE_TRANSPORT_OVERHEAD,
	MESSAGE_HANDSHAKE_TOS = 0x88, /* DSCP AF41 of all messages but those of transport */
};

/* Section 6.1; times in seconds. */
enum {
	REKEY_AFTER_TIME = 120,
	REJECT_AFTER_TIME = 180,
	REKEY_ATTEMPT_TIME = 90,
	REKEY_TIMEOUT = 5,
	KEEPALIVE_TIMEOUT = 10,
	COOKIE_LIFETIME = 120,	     /* section 5.4.7: its secret changes every two minutes */
	COOKIE_LATENCY = 5,	     /* so much earlier a cookie isn't used any more */
	INITIATIONS_PER_SECOND = 50, /* that a peer may have answered: section 5.1 asks for a limit */
};
#define REKEY_AFTER_MESSAGES  (UINT64_C(1) << 60)
#define REJECT_AFTER_MESSAGES (UINT64_MAX - (UINT64_C(1) << 13))
#define WIREGUARD_SECOND_NS   UINT64_C(1000000000)

/* How many zeros follow a packet of `bytes` in a tunnel of that MTU: to a multiple of 16, but not beyond the
 * MTU. Super-frames and fragments that are longer than the MTU are padded as their last piece is. */
static inline uint32_t message_padding(uint32_t bytes, uint32_t mtu)
{
	uint32_t last = bytes > mtu ? bytes % mtu : bytes;

	return RTE_MIN(mtu, RTE_ALIGN_CEIL(last, PADDING_MULTIPLE)) - last;
}

#endif
