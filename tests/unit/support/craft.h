/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames for tests, described by what matters and otherwise right: lengths and checksums are filled in.
 */
#ifndef TESTS_CRAFT_H
#define TESTS_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <rte_mbuf.h>

enum { CRAFT_MAX = 1600 };

struct craft {
	const char *source, *destination; /* IPv6 where they have a colon */
	uint8_t protocol;
	uint16_t source_port, destination_port; /* ICMP: the identifier; type << 8 | code */
	uint8_t tcp_flags;
	uint32_t sequence, acknowledgement;
	uint16_t window;
	uint8_t options[40], option_bytes; /* TCP's, a multiple of 4 */
	uint8_t chunk;	   /* SCTP: type of the only one; its verification tag is `sequence`, its
			      checksum 0 */
	uint16_t payload;  /* bytes after the transport header */
	uint16_t fragment; /* bytes that precede it in its datagram: a later fragment */
	bool more_fragments;
	bool bad_checksum; /* of the transport */
	uint8_t mac[6];	   /* destination; the source is 02:00:00:00:aa:aa */
};

/* Writes the frame to out[CRAFT_MAX] and returns its length. */
size_t craft_frame(const struct craft *craft, uint8_t *out);

/* The frame as a packet that has passed input: with the lengths and struct packet_meta that input sets,
 * written down from the description. in_port and out_port are the caller's. */
struct rte_mbuf *craft_packet(const struct craft *craft);

/* Internet checksum (RFC 1071), the slow way, over `count` bytes added to `sum`; not complemented. */
uint16_t craft_sum(const uint8_t *bytes, size_t count, uint32_t sum);

#endif
