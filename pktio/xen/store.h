/* SPDX-License-Identifier: Apache-2.0
 *
 * xenstore: the small tree of strings in which dom0 says what devices there are, and both sides of a device
 * say what state they are in. A client over the ring that the toolstack gave us.
 *
 * A question waits for its answer, for a bounded time, and gives up then; the answer, when it comes, is
 * thrown away. While one is missing no other question is asked. All of it happens outside of the packet path:
 * at start, and when the store itself has said that something changed.
 *
 * Questions may also be sent one after another, and their answers waited for together: they are answered in
 * their order.
 *
 * What the store says is outside input. One that breaks the ring's rules is not spoken to any more, until a
 * resume. Sources: Xen, public/io/xs_wire.h, docs/misc/xenstore.txt and xenstore-ring.txt.
 *
 * Paths are absolute, or relative to /local/domain/<our id>. Functions return 0 (or a length), or -errno:
 * what the store answered, -ETIMEDOUT, -EIO where there is no store to speak to, -EBUSY as above.
 */
#ifndef PKTIO_XEN_STORE_H
#define PKTIO_XEN_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"

enum {
	STORE_PATH_BYTES = 192,
	STORE_VALUE_BYTES = 256,
	STORE_WATCHES_MAX = 160, /* two for each of 64 ports, and some */
};

/* A path that is watched. Lives in its user's memory until store_unwatch. */
struct store_watch {
	char path[STORE_PATH_BYTES];
	bool used;
	bool set;   /* the store knows of it; where it did not answer, store_poll tries again */
	bool fired; /* something at or under the path has changed; the user clears it before looking */
};

/* What a question was answered: a string, cut, and its length; or -errno. */
struct store_answer {
	char text[16];
	int length;
};

/* Takes the ring. Nothing is asked. Answers are waited for patiently, as nothing else can be done. */
void store_init(const volatile struct handover_xen *xen);

/* From now on packets wait while the store does not answer. */
void store_hurry(void);

/* After a suspend: takes the ring, and sets all watches again, which fires them. */
void store_resume(const volatile struct handover_xen *xen);

/* Takes what the store has said unasked: watches fire. */
void store_poll(void);

/* Reads a value, which becomes a string, cut to `bytes` - 1. Returns its length. */
int store_read(const char *path, char *value, uint32_t bytes);

/* The same for a decimal number; -EINVAL where there is none, or one above `max`. */
int store_read_number(const char *path, uint32_t max, uint32_t *number);

int store_write(const char *path, const char *value);
__attribute__((format(printf, 2, 3))) int store_write_format(const char *path, const char *format, ...);

int store_remove(const char *path);

/* The same, without waiting: store_finish does, for all, and returns the first error there was, but for what
 * an answer says for itself, and for paths to be removed that are not there. Answers must live until then. */
void store_ask(const char *path, struct store_answer *answer);
__attribute__((format(printf, 2, 3))) void store_post(const char *path, const char *format, ...);
void store_post_remove(const char *path);
int store_finish(void);

/* As store_read_number, of an answer. */
int store_number(const struct store_answer *answer, uint32_t max, uint32_t *number);

/* Names under a path, each ended by a NUL. Returns the bytes of all of them. -E2BIG: they are more. */
int store_directory(const char *path, char *names, uint32_t bytes);

/* Between these, all that is read and written is one transaction. store_end returns -EAGAIN when somebody
 * else was faster, and nothing was written. */
int store_begin(void);
int store_end(void);

/* Watches watch->path. The store tells at once, the first time. -ENOSPC: there are too many. */
int store_watch(struct store_watch *watch);
void store_unwatch(struct store_watch *watch);

#endif
