/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing captures; see capture.h.
 */
#include "capture.h"

#include <errno.h>
#include <string.h>

#include "command.h"

enum { NANOSECONDS = 1000000000 };

static int check_link_type(struct capture_reader *reader)
{
	int type = pcap_datalink(reader->pcap);
	const char *name = pcap_datalink_val_to_name(type);

	if (type == DLT_EN10MB)
		return STATUS_DONE;
	capture_close(reader);
	return failed("%s: link type %s; weir replays Ethernet captures (EN10MB) only", reader->path,
		      name ? name : "unknown");
}

int capture_open_stream(struct capture_reader *reader, FILE *stream, const char *path)
{
	char why[PCAP_ERRBUF_SIZE];

	*reader = (struct capture_reader){.path = path};
	reader->pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!reader->pcap) {
		fclose(stream);
		return failed("%s: not a capture that libpcap reads: %s", path, why);
	}
	return check_link_type(reader);
}

int capture_open(struct capture_reader *reader, const char *path)
{
	FILE *stream = fopen(path, "rbe");

	if (!stream)
		return failed("%s: cannot read the capture: %s", path, strerror(errno));
	return capture_open_stream(reader, stream, path);
}

/* Returns 1 when `frame` was filled, 2 when this packet is to be left out. */
static int take_packet(struct capture_reader *reader, const struct pcap_pkthdr *header, const u_char *bytes,
		       struct capture_frame *frame)
{
	/* As many bits as the format that is written has: libpcap takes a later time for one before 1970. */
	uint64_t seconds = (uint32_t)header->ts.tv_sec;

	if (header->caplen > FRAME_MAX) {
		reader->oversized++;
		return 2;
	}
	reader->cut += header->caplen < header->len;
	reader->frames++;
	reader->bytes += header->caplen;
	*frame = (struct capture_frame){
	    .time_ns = seconds * NANOSECONDS + (uint64_t)header->ts.tv_usec,
	    .bytes = bytes,
	    .length = header->caplen,
	};
	return 1;
}

int capture_read(struct capture_reader *reader, struct capture_frame *frame)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int found;

	if (!reader->pcap)
		return 0;
	do {
		found = pcap_next_ex(reader->pcap, &header, &bytes);
		if (found == 1)
			found = take_packet(reader, header, bytes, frame);
	} while (found == 2);
	if (found == 1)
		return 1;
	if (found == PCAP_ERROR_BREAK)
		return 0;
	failed("%s: broken after %llu frames: %s", reader->path, (unsigned long long)reader->frames,
	       pcap_geterr(reader->pcap));
	return -1;
}

void capture_close(struct capture_reader *reader)
{
	if (reader->pcap)
		pcap_close(reader->pcap);
	reader->pcap = NULL;
}

int capture_create_stream(struct capture_writer *writer, FILE *stream, const char *path)
{
	*writer = (struct capture_writer){.path = path};
	writer->pcap =
	    pcap_open_dead_with_tstamp_precision(DLT_EN10MB, FRAME_MAX, PCAP_TSTAMP_PRECISION_NANO);
	if (writer->pcap)
		writer->dumper = pcap_dump_fopen(writer->pcap, stream);
	if (writer->dumper)
		return STATUS_DONE;
	fclose(stream);
	return failed("%s: cannot write a capture: %s", path,
		      writer->pcap ? pcap_geterr(writer->pcap) : "no memory");
}

int capture_create(struct capture_writer *writer, const char *path)
{
	FILE *stream = fopen(path, "wbe");

	*writer = (struct capture_writer){.path = path};
	if (!stream)
		return failed("%s: cannot write the capture: %s", path, strerror(errno));
	return capture_create_stream(writer, stream, path);
}

void capture_write(struct capture_writer *writer, const struct capture_frame *frame)
{
	/* Under nanosecond precision libpcap takes tv_usec for nanoseconds:
	 * pcap_open_dead_with_tstamp_precision(3). */
	struct pcap_pkthdr header = {
	    .ts = {.tv_sec = (time_t)(frame->time_ns / NANOSECONDS),
		   .tv_usec = (suseconds_t)(frame->time_ns % NANOSECONDS)},
	    .caplen = frame->length,
	    .len = frame->length,
	};

	writer->frames++;
	writer->bytes += frame->length;
	if (!writer->dumper)
		return;
	pcap_dump((u_char *)writer->dumper, &header, frame->bytes);
	if (!writer->error && ferror(pcap_dump_file(writer->dumper)))
		writer->error = errno;
}

int capture_finish(struct capture_writer *writer)
{
	int status = STATUS_DONE;

	if (writer->dumper) {
		if (pcap_dump_flush(writer->dumper) < 0 && !writer->error)
			writer->error = errno;
		if (writer->error)
			status =
			    failed("%s: cannot write the capture: %s", writer->path, strerror(writer->error));
		pcap_dump_close(writer->dumper);
	}
	if (writer->pcap)
		pcap_close(writer->pcap);
	writer->dumper = NULL;
	writer->pcap = NULL;
	return status;
}
