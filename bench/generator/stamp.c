/* SPDX-License-Identifier: Apache-2.0
 *
 * Fillers and what is known of them beforehand; see stamp.h.
 */
#include "stamp.h"

uint8_t stamp_filler[FRAME_MAX];
uint32_t stamp_check_begin[FRAME_MAX];
uint32_t stamp_filler_sum[FRAME_MAX];

void stamp_begin(void)
{
	uint64_t crc = UINT32_MAX;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < FRAME_MAX; i++)
		stamp_filler[i] = (uint8_t)((i * 0x9e3779b1u) >> 24);
	for (uint32_t length = sizeof(struct stamp); length < FRAME_MAX; length++) {
		uint8_t next = stamp_filler[length];

		/* Different lengths of the same filler begin differently, too. */
		stamp_check_begin[length] = (uint32_t)crc ^ length;
		stamp_filler_sum[length] = sum;
		crc = __builtin_ia32_crc32qi((uint32_t)crc, next);
		sum += (length & 1) ? (uint32_t)next << 8
				    : next; /* little-endian halves: the payload begins evenly */
		sum = (sum & 0xffff) + (sum >> 16);
	}
}
