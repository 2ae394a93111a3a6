/* SPDX-License-Identifier: Apache-2.0
 *
 * TAI64N; see timestamp.h. Everything is computed in nanoseconds since 1970 and converted at the edges.
 */
#include <string.h>
#include "nf/host.h"
#include "timestamp.h"

enum { WHITENED_BITS = 24 }; /* below the 20 ms between the initiations that a peer takes */

/* 1970-01-01 00:00:00 UTC in TAI64: 10 s ahead, leap seconds since then not counted, as everybody does. */
#define TAI64_EPOCH (UINT64_C(0x4000000000000000) + 10)
#define AHEAD_MAX   (INT64_MAX / 4) /* 73 years */

struct tai64n {
	rte_be64_t seconds;
	rte_be32_t nanoseconds;
} __rte_packed;
_Static_assert(sizeof(struct tai64n) == TIMESTAMP_BYTES, "TAI64N");

static uint64_t wall_ns(void)
{
	uint64_t wall = host_wall_ns();

	return wall ? wall : host_now_ns;
}

static void write_timestamp(uint64_t unix_ns, uint8_t timestamp[TIMESTAMP_BYTES])
{
	uint64_t rounded = unix_ns >> WHITENED_BITS << WHITENED_BITS;
	struct tai64n label = {
	    .seconds = rte_cpu_to_be_64(TAI64_EPOCH + rounded / WIREGUARD_SECOND_NS),
	    .nanoseconds = rte_cpu_to_be_32(rounded % WIREGUARD_SECOND_NS),
	};

	memcpy(timestamp, &label, sizeof(label));
}

/* Nanoseconds since 1970, as near as 64 bits can say it. */
static uint64_t read_timestamp(const uint8_t timestamp[TIMESTAMP_BYTES])
{
	struct tai64n label;
	uint64_t seconds, nanoseconds;

	memcpy(&label, timestamp, sizeof(label));
	seconds = rte_be_to_cpu_64(label.seconds);
	nanoseconds = rte_be_to_cpu_32(label.nanoseconds);
	if (seconds < TAI64_EPOCH)
		return 0;
	seconds -= TAI64_EPOCH;
	if (seconds > INT64_MAX / WIREGUARD_SECOND_NS - 5)
		return INT64_MAX;
	return seconds * WIREGUARD_SECOND_NS + nanoseconds;
}

bool timestamp_accept(struct timestamp_memory *memory, const uint8_t timestamp[TIMESTAMP_BYTES])
{
	if (memcmp(timestamp, memory->greatest, TIMESTAMP_BYTES) <= 0)
		return false;
	memcpy(memory->greatest, timestamp, TIMESTAMP_BYTES);
	return true;
}

void timestamp_confirm(struct timestamp_memory *memory, const uint8_t timestamp[TIMESTAMP_BYTES],
		       uint64_t at_ns)
{
	uint64_t theirs = read_timestamp(timestamp), ours = wall_ns() - (host_now_ns - at_ns);
	int64_t ahead = theirs > ours ? (int64_t)RTE_MIN(theirs - ours, (uint64_t)AHEAD_MAX) : 0;

	/* Never less than before: what we sent to this peer already must stay behind. */
	memory->ahead_ns = RTE_MAX(memory->ahead_ns, ahead);
}

void timestamp_now(const struct timestamp_memory *memory, uint8_t timestamp[TIMESTAMP_BYTES])
{
	write_timestamp(wall_ns() + memory->ahead_ns, timestamp);
}

void timestamp_init(void)
{
	if (host_wall_ns() == 0)
		host_log(
		    "wireguard: there is no wall clock: peers that knew this appliance before may refuse "
		    "its handshakes until they begin one themselves");
}
