/* SPDX-License-Identifier: Apache-2.0
 *
 * A host for the network functions in tests (nf/host.h): a clock that only the test moves, repeatable
 * randomness, packet pools that AddressSanitizer watches, and everything that was transmitted or logged,
 * kept.
 *
 * example_ports.c, example_rules.c and example_chain.c are a small appliance to run it with (full_chain.h is
 * one that tracks flows and translates); a test that wants other tables defines all symbols of one of those
 * files itself.
 */
#ifndef TESTS_NF_HOST_H
#define TESTS_NF_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <rte_mbuf.h>

enum { SENT_MAX = 4096, LOGGED_MAX = 256, SECOND = 1000000000 };

struct sent_packet {
	uint16_t device;
	struct rte_mbuf *packet;
};

extern struct nf_host {
	struct sent_packet sent[SENT_MAX];
	uint32_t sent_count;
	char logged[LOGGED_MAX][200];
	uint32_t logged_count;
	bool link_up[64];
	bool takes_super_frames;
	uint16_t room[64];	 /* packets that each device still takes */
	uint64_t wall_offset_ns; /* host_wall_ns is so much more than host_now_ns; 0: not known */
} nf_host;

/* Pools, a cleared world, and appliance_init, announcements sent and forgotten. May be called before each
 * test. */
void nf_host_start(void);

/* Frees and forgets what was sent, and forgets what was logged. */
void nf_host_forget(void);

/* Moves the clock to appliance_tick's wishes, one after the other, for that long. */
void nf_host_run(uint64_t nanoseconds);

/* A frame as the device would hand it over. `segment` > 0: in segments of that many bytes. */
struct rte_mbuf *nf_host_frame(const void *bytes, size_t count, uint16_t segment);

/* One frame through appliance_chain. */
void nf_host_receive(uint16_t device, const void *bytes, size_t count);

/* A sent packet's bytes, in one piece; valid until the next call. */
const uint8_t *nf_host_sent_bytes(uint32_t index, uint32_t *count);

/* Forgets what was sent, lets all timers run out, and says whether then the books balance and every mbuf is
 * back. */
bool nf_host_settles(void);

/* Whether both equations of nf/stats.h hold; says on standard error what does not. */
bool nf_host_books_balance(void);

#endif
