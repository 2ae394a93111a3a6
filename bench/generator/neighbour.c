/* SPDX-License-Identifier: Apache-2.0
 *
 * See neighbour.h.
 */
#include "neighbour.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	ARP_BYTES = 28,
	ARP_FRAME = 60,
	IP6_AT = 14,
	ICMP6_AT = IP6_AT + 40,
	TARGET_AT = ICMP6_AT + 8,
	ADVERTISEMENT_BYTES = 32, /* with the option that has the link-layer address */
	SOLICITATION = 135,
	ADVERTISEMENT = 136,
};

static const uint8_t none[16];

static uint32_t low_word(const uint8_t *end)
{
	uint32_t word;

	memcpy(&word, end - 4, 4);
	return ntohl(word);
}

static bool is_host(const uint8_t *target, const uint8_t *first, const uint8_t *extra, uint32_t hosts,
		    size_t bytes)
{
	if (memcmp(extra, none, bytes) && !memcmp(target, extra, bytes))
		return true;
	return !memcmp(target, first, bytes - 4) &&
	       low_word(target + bytes) - low_word(first + bytes) < hosts;
}

static uint32_t answer_arp(const struct side *side, const uint8_t *frame, uint8_t *answer)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
	const uint8_t *arp = frame + 14;

	if (memcmp(arp, request, sizeof(request)) ||
	    !is_host(arp + 24, side->ip, side->answer, side->hosts, 4))
		return 0;
	memset(answer, 0, ARP_FRAME);
	memcpy(answer, frame + 6, 6);
	memcpy(answer + 6, side->mac, 6);
	memcpy(answer + 12, frame + 12, 2 + sizeof(request));
	answer[14 + 7] = 2;
	memcpy(answer + 14 + 8, side->mac, 6);
	memcpy(answer + 14 + 14, arp + 24, 4);
	memcpy(answer + 14 + 18, arp + 8, 10);
	return ARP_FRAME;
}

static uint16_t icmp6_sum(const uint8_t *ip)
{
	uint32_t sum = htons(ADVERTISEMENT_BYTES) + htons(58);

	for (int i = 8; i < 40 + ADVERTISEMENT_BYTES; i += 2) {
		uint16_t half;

		memcpy(&half, ip + i, 2);
		sum += half;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static uint32_t answer_solicitation(const struct side *side, const uint8_t *frame, uint8_t *answer)
{
	const uint8_t *target = frame + TARGET_AT;
	uint8_t *icmp = answer + ICMP6_AT;
	uint16_t sum;

	if (!is_host(target, side->ip6, side->answer6, side->hosts, 16) ||
	    !memcmp(frame + IP6_AT + 8, none, 16))
		return 0;
	memset(answer, 0, ICMP6_AT + ADVERTISEMENT_BYTES);
	memcpy(answer, frame + 6, 6);
	memcpy(answer + 6, side->mac, 6);
	memcpy(answer + 12, frame + 12, 2);
	answer[IP6_AT] = 0x60;
	answer[IP6_AT + 5] = ADVERTISEMENT_BYTES;
	answer[IP6_AT + 6] = 58;
	answer[IP6_AT + 7] = 255;
	memcpy(answer + IP6_AT + 8, target, 16);
	memcpy(answer + IP6_AT + 24, frame + IP6_AT + 8, 16);
	icmp[0] = ADVERTISEMENT;
	icmp[4] = 0x60; /* solicited, override */
	memcpy(icmp + 8, target, 16);
	icmp[24] = 2; /* target's link-layer address, one unit of eight bytes */
	icmp[25] = 1;
	memcpy(icmp + 26, side->mac, 6);
	sum = icmp6_sum(answer + IP6_AT);
	memcpy(icmp + 2, &sum, 2);
	return ICMP6_AT + ADVERTISEMENT_BYTES;
}

uint32_t neighbour_answer(const struct side *side, const uint8_t *frame, uint32_t length,
			  uint8_t answer[NEIGHBOUR_ANSWER_MAX])
{
	if (length >= 14 + ARP_BYTES && frame[12] == 0x08 && frame[13] == 0x06)
		return answer_arp(side, frame, answer);
	if (length >= TARGET_AT + 16 && frame[12] == 0x86 && frame[13] == 0xdd && frame[IP6_AT + 6] == 58 &&
	    frame[ICMP6_AT] == SOLICITATION)
		return answer_solicitation(side, frame, answer);
	return 0;
}
