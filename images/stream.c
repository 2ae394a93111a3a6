/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames to and from QEMU; see stream.h.
 */
#include "stream.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "command.h"

bool stream_wants_to_send(const struct stream *stream)
{
	return !stream->end_queued || stream->out_start < stream->out_end;
}

static void queue_record(struct stream *stream, const struct capture_frame *frame, uint32_t flags)
{
	struct replay_header header = {
	    .magic = htole32(REPLAY_MAGIC),
	    .flags = htole32(flags),
	    .time_ns = htole64(frame->time_ns),
	};
	uint32_t length = htonl((uint32_t)sizeof(header) + frame->length);
	uint8_t *to = stream->out_bytes + stream->out_end;

	memcpy(to, &length, sizeof(length));
	memcpy(to + sizeof(length), &header, sizeof(header));
	if (frame->length)
		memcpy(to + sizeof(length) + sizeof(header), frame->bytes, frame->length);
	stream->out_end += sizeof(length) + sizeof(header) + frame->length;
}

/* Refills the empty buffer. Returns -1 where the capture is broken. */
static int refill(struct stream *stream)
{
	struct capture_frame frame;

	stream->out_start = stream->out_end = 0;
	while (!stream->end_queued && STREAM_BUFFER - stream->out_end >= STREAM_RECORD_MAX) {
		int found = capture_read(stream->in, &frame);

		if (found < 0)
			return -1;
		if (found == 0)
			frame = (struct capture_frame){0};
		queue_record(stream, &frame, found ? 0 : REPLAY_END);
		stream->end_queued = !found;
	}
	return 0;
}

long stream_send(struct stream *stream)
{
	long moved = 0;

	while (stream_wants_to_send(stream)) {
		ssize_t count;

		if (stream->out_start == stream->out_end && refill(stream) < 0)
			return -1;
		count = send(stream->socket, stream->out_bytes + stream->out_start,
			     stream->out_end - stream->out_start, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (count < 0)
			break; /* full, or QEMU is gone, which its process id tells */
		stream->out_start += (size_t)count;
		moved += count;
	}
	return moved;
}

static int take_record(struct stream *stream, const uint8_t *bytes, uint32_t length)
{
	struct capture_frame frame;
	struct replay_header header;

	if (length < sizeof(header)) {
		failed("the image sent a frame that is too short to carry a time");
		return -1;
	}
	memcpy(&header, bytes, sizeof(header));
	if (le32toh(header.magic) != REPLAY_MAGIC) {
		failed("the image sent a frame that does not carry its time");
		return -1;
	}
	if (stream->end_received) {
		failed("the image sent a frame after it had said that it was done");
		return -1;
	}
	frame = (struct capture_frame){
	    .time_ns = le64toh(header.time_ns),
	    .bytes = bytes + sizeof(header),
	    .length = length - (uint32_t)sizeof(header),
	};
	if (le32toh(header.flags) & REPLAY_END)
		stream->end_received = true;
	else
		capture_write(stream->out, &frame);
	return 0;
}

/* Takes all complete records, and moves the rest to the front. */
static int take_records(struct stream *stream)
{
	size_t start = 0;

	while (stream->in_end - start >= STREAM_LENGTH_BYTES) {
		uint32_t length;

		memcpy(&length, stream->in_bytes + start, sizeof(length));
		length = ntohl(length);
		if (length > STREAM_RECORD_MAX - STREAM_LENGTH_BYTES) {
			failed("QEMU sent a frame of %u bytes", length);
			return -1;
		}
		if (stream->in_end - start - STREAM_LENGTH_BYTES < length)
			break;
		if (take_record(stream, stream->in_bytes + start + STREAM_LENGTH_BYTES, length) < 0)
			return -1;
		start += STREAM_LENGTH_BYTES + length;
	}
	memmove(stream->in_bytes, stream->in_bytes + start, stream->in_end - start);
	stream->in_end -= start;
	return 0;
}

long stream_receive(struct stream *stream)
{
	long moved = 0;

	for (;;) {
		ssize_t count = recv(stream->socket, stream->in_bytes + stream->in_end,
				     STREAM_BUFFER - stream->in_end, MSG_DONTWAIT);

		if (count <= 0)
			return moved;
		stream->in_end += (size_t)count;
		moved += count;
		if (take_records(stream) < 0)
			return -1;
	}
}
