/* SPDX-License-Identifier: Apache-2.0
 *
 * See neighbour.h. Who announces an address, or asks whether somebody has it before taking it (RFC 5227),
 * gets no answer, not even where every address is answered for.
 */
#include "neighbour.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	TAG_AT = 12,
	TAG_BYTES = 4,
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
	const uint8_t *arp = frame + 14, *sender = arp + 14, *target = arp + 24;

	if (memcmp(arp, request, sizeof(request)) || !memcmp(sender, none, 4) || !memcmp(sender, target, 4))
		return 0;
	if (!side->any && !is_host(target, side->ip, side->answer, side->hosts, 4))
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

	if (!memcmp(frame + IP6_AT + 8, none, 16))
		return 0;
	if (!side->any && !is_host(target, side->ip6, side->answer6, side->hosts, 16))
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

static uint32_t answer_untagged(const struct side *side, const uint8_t *frame, uint32_t length,
				uint8_t *answer)
{
	if (length >= 14 + ARP_BYTES && frame[12] == 0x08 && frame[13] == 0x06)
		return answer_arp(side, frame, answer);
	if (length >= TARGET_AT + 16 && frame[12] == 0x86 && frame[13] == 0xdd && frame[IP6_AT + 6] == 58 &&
	    frame[ICMP6_AT] == SOLICITATION)
		return answer_solicitation(side, frame, answer);
	return 0;
}

/* Within a VLAN (IEEE 802.1Q): the frame without its tag, and the tag into the answer. */
uint32_t neighbour_answer(const struct side *side, const uint8_t *frame, uint32_t length,
			  uint8_t answer[NEIGHBOUR_ANSWER_MAX])
{
	uint8_t untagged[NEIGHBOUR_ANSWER_MAX];
	uint32_t answered;

	if (length < TAG_AT + TAG_BYTES + 2 || frame[12] != 0x81 || frame[13] != 0x00)
		return answer_untagged(side, frame, length, answer);
	length -= TAG_BYTES;
	if (length > sizeof(untagged))
		length = sizeof(untagged);
	memcpy(untagged, frame, TAG_AT);
	memcpy(untagged + TAG_AT, frame + TAG_AT + TAG_BYTES, length - TAG_AT);
	answered = answer_untagged(side, untagged, length, answer);
	if (answered == 0)
		return 0;
	memmove(answer + TAG_AT + TAG_BYTES, answer + TAG_AT, answered - TAG_AT);
	memcpy(answer + TAG_AT, frame + TAG_AT, TAG_BYTES);
	return answered + TAG_BYTES;
}
