/* SPDX-License-Identifier: Apache-2.0
 *
 * Replay: frames that carry the time at which they were captured.
 *
 * In a replay each frame on the wire between the host command and the image starts with this header. The
 * image delivers frames of all ports in the order of their times (ties: lower device first; a time that runs
 * backwards on a device counts as the one before it), and its clock is the time of the frame in hand:
 * so the outcome does not depend on how fast anything ran. Frames that leave carry the time of the clock.
 * A header with REPLAY_END and no frame says that the device gets no more; when all devices have ended,
 * the image lets its timers run out for REPLAY_DRAIN_NS of that clock, sends REPLAY_END on each device and is
 * done.
 */
#ifndef PKTIO_REPLAY_H
#define PKTIO_REPLAY_H

#include <stdint.h>

enum { REPLAY_MAGIC = 0x57524550 /* "WREP" */, REPLAY_END = 1 };
#define REPLAY_DRAIN_NS UINT64_C(40000000000) /* longer than any packet waits: fragments 30 s */

struct replay_header {
	uint32_t magic;	  /* all fields little-endian */
	uint32_t flags;	  /* REPLAY_END */
	uint64_t time_ns; /* since 1970 UTC */
};
_Static_assert(sizeof(struct replay_header) == 16, "on the wire");

/* What follows is the image's own. */
struct device;
struct rte_mbuf;

/* From now on the devices' frames carry headers: theirs are taken off before anyone sees a frame, and put
 * before each that is sent, with host_now_ns as its time. A full ring is waited for. Offloads are done in
 * software. */
void replay_attach(struct device *devices, uint16_t count);

/* Takes the next burst in the order above: frames of one device and one time, at most `max` (32 or less). The
 * caller owns them. Returns their number; 0: what comes next has not arrived yet; -1: all devices have ended.
 */
int replay_next(struct rte_mbuf **packets, uint16_t max, uint16_t *device, uint64_t *time_ns);

/* Sends REPLAY_END on each device, and waits until all have sent what they hold. Returns 0 or -ETIMEDOUT. */
int replay_finish(void);

#endif
