/* SPDX-License-Identifier: Apache-2.0
 *
 * Capture files, through libpcap: any format it reads comes in, nanosecond pcap goes out. Only Ethernet.
 */
#ifndef IMAGES_CAPTURE_H
#define IMAGES_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <pcap/pcap.h>

enum {
	FRAME_MAX = 65536, /* bytes of a frame; longer ones are left out and counted */
};

struct capture_frame {
	uint64_t time_ns; /* since 1970 UTC */
	const uint8_t *bytes;
	uint32_t length;
};

struct capture_reader {
	const char *path;
	pcap_t *pcap; /* NULL: a capture without frames */
	uint64_t frames, bytes;
	uint64_t oversized; /* left out */
	uint64_t cut;	    /* the capture holds less than was on the wire */
};

struct capture_writer {
	const char *path; /* NULL: what is written is counted and forgotten */
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	int error; /* errno of the first failure */
	uint64_t frames, bytes;
};

/* Opens a capture, or says why it can't be (status). */
int capture_open(struct capture_reader *reader, const char *path);

/* Opens a capture that `stream` holds; takes it. `path` is its name in messages. */
int capture_open_stream(struct capture_reader *reader, FILE *stream, const char *path);

/* Returns 1 and a frame, which is valid until the next call; 0 at the end; -1 after saying what is broken. */
int capture_read(struct capture_reader *reader, struct capture_frame *frame);
void capture_close(struct capture_reader *reader);

/* Creates a capture, or says why it can't be (status). */
int capture_create(struct capture_writer *writer, const char *path);

/* The same in a stream, which is taken. */
int capture_create_stream(struct capture_writer *writer, FILE *stream, const char *path);
void capture_write(struct capture_writer *writer, const struct capture_frame *frame);

/* Status: writing may fail as late as here. */
int capture_finish(struct capture_writer *writer);

#endif
