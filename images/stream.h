/* SPDX-License-Identifier: Apache-2.0
 *
 * One port of a replay: frames of a capture to QEMU, frames from QEMU to a capture, over a stream socket.
 *
 * On the socket each frame follows its length, 4 bytes in network order (QEMU 7.2, net/stream.c); each frame
 * begins with struct replay_header. The socket is non-blocking, and nothing is ever left out: what QEMU does
 * not take yet waits here, and is read from the capture no sooner.
 */
#ifndef IMAGES_STREAM_H
#define IMAGES_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "pktio/replay.h"

enum {
	STREAM_LENGTH_BYTES = 4,
	STREAM_RECORD_MAX = STREAM_LENGTH_BYTES + sizeof(struct replay_header) + FRAME_MAX,
	STREAM_BUFFER = 4 * STREAM_RECORD_MAX,
};

struct stream {
	int socket;
	struct capture_reader *in; /* borrowed */
	struct capture_writer *out;
	bool end_queued, end_received;
	size_t out_start, out_end; /* of what waits to be sent */
	size_t in_end;		   /* of what was received and not yet understood */
	uint8_t out_bytes[STREAM_BUFFER], in_bytes[STREAM_BUFFER];
};

/* Whether there is something to send. */
bool stream_wants_to_send(const struct stream *stream);

/* Sends, or receives, as much as the socket takes or has. Returns the number of bytes that moved, or -1
 * after saying what went wrong. */
long stream_send(struct stream *stream);
long stream_receive(struct stream *stream);

#endif
