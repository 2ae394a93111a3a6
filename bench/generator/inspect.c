/* SPDX-License-Identifier: Apache-2.0
 *
 * Judging frames; see inspect.h.
 */
#include "inspect.h"

#include <arpa/inet.h>

static inline uint16_t load16(const uint8_t *from)
{
	uint16_t value;

	__builtin_memcpy(&value, from, 2);
	return value;
}

static inline uint64_t sum_halves(const uint8_t *bytes, uint32_t length)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < length; i += 2)
		sum += load16(bytes + i);
	return sum;
}

/* The IP payload's length, or -1: not of this family, fragmented, with options, or another protocol. */
static inline int32_t ip_payload(const struct stream *stream, const uint8_t *frame)
{
	uint8_t protocol = stream->tcp ? 6 : 17;

	if (stream->ip6) {
		if (load16(frame + 12) != htons(0x86dd) || frame[14] >> 4 != 6 || frame[20] != protocol)
			return -1;
		return ntohs(load16(frame + 18));
	}
	/* Bytes 20 and 21: fragment offset and more fragments; "don't fragment" may be there or not. */
	if (load16(frame + 12) != htons(0x0800) || frame[14] != 0x45 || frame[23] != protocol ||
	    load16(frame + 20) & htons(0x3fff))
		return -1;
	return (int32_t)ntohs(load16(frame + 16)) - 20;
}

static inline bool sums_right(const struct stream *stream, const uint8_t *frame, uint32_t l4_bytes,
			      uint32_t payload)
{
	const uint8_t *l4 = frame + (stream->ip6 ? L4_AT6 : L4_AT4);
	const struct stamp *stamp = (const struct stamp *)(frame + stream->stamp_at);
	uint32_t tuple_at = stream->ip6 ? IP6_TUPLE_AT : IP4_TUPLE_AT;
	uint64_t sum;

	if (!stream->ip6 && sum_fold(sum_halves(frame + ETHERNET_BYTES, 20)) != 0xffff)
		return false;
	/* The filler was compared, so its sum is known. */
	sum = sum_halves(frame + tuple_at, stream->ip6 ? 32 : 8) + htons(stream->tcp ? 6 : 17) +
	      htons((uint16_t)l4_bytes) + sum_halves(l4, (uint32_t)(frame + stream->stamp_at - l4)) +
	      stamp_sum(stamp) + stamp_filler_sum[payload];
	return sum_fold(sum) == 0xffff;
}

enum verdict inspect(const struct stream *stream, const uint8_t *frame, uint32_t length, bool whole,
		     const struct stamp **stamp)
{
	uint32_t l4_at = stream->ip6 ? L4_AT6 : L4_AT4, header = stream->stamp_at - l4_at, payload;
	int32_t l4_bytes;

	if (length < stream->stamp_at + sizeof(struct stamp))
		return VERDICT_FOREIGN;
	l4_bytes = ip_payload(stream, frame);
	if (l4_bytes < (int32_t)(header + sizeof(struct stamp)))
		return VERDICT_FOREIGN;
	payload = (uint32_t)l4_bytes - header;
	if (payload >= FRAME_MAX || !stream->payload_known[payload])
		return VERDICT_FOREIGN;
	if (l4_at + (uint32_t)l4_bytes > length)
		return VERDICT_CORRUPT;
	*stamp = (const struct stamp *)(frame + stream->stamp_at);
	if (!stamp_intact(*stamp, payload, whole))
		return VERDICT_CORRUPT;
	if (whole && !sums_right(stream, frame, (uint32_t)l4_bytes, payload))
		return VERDICT_CORRUPT;
	return VERDICT_INTACT;
}
