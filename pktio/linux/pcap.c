/* SPDX-License-Identifier: Apache-2.0
 *
 * Capture files as devices. What a file says is outside input: a wrong file header is refused at once; a file
 * that breaks off, or whose record headers turn absurd, ends there with a line on the console; frames that
 * are too long are left out and counted as device_errors. A frame that the capture cut short is delivered as
 * it is.
 *
 * Source: draft-ietf-opsawg-pcap-03.
 */
#include <byteswap.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/replay.h"
#include "pktio/complain.h"
#include "chain.h"
#include "pcap.h"

enum {
	MAGIC_MICROSECONDS = 0xa1b2c3d4,
	MAGIC_NANOSECONDS = 0xa1b23c4d,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_MASK = 0x03ffffff, /* the bits above say whether frames have an FCS */
	VERSION_MAJOR = 2,
	VERSION_MINOR = 4,
	RECORD_MAX = 16 << 20, /* longer records are no capture's: the file is damaged */
	NANOSECONDS = 1000000000,
};

struct pcap_file_header {
	uint32_t magic;
	uint16_t version_major, version_minor;
	uint32_t reserved[2];
	uint32_t snap_length;
	uint32_t link_type;
};
_Static_assert(sizeof(struct pcap_file_header) == 24, "pcap, section 4");

struct pcap_record_header {
	uint32_t seconds, fraction;
	uint32_t captured, original; /* bytes */
};
_Static_assert(sizeof(struct pcap_record_header) == 16, "pcap, section 5");

struct pcap_state {
	const char *in_path, *out_path;
	FILE *in, *out; /* NULL: at its end; not wanted */
	bool swapped;	/* the file is of the other byte order */
	uint32_t fraction_ns;
	bool end_told;
	struct pcap_record_header pending; /* header of a frame that found no buffer */
	bool is_pending;
};

static uint32_t number(const struct pcap_state *state, uint32_t value)
{
	return state->swapped ? bswap_32(value) : value;
}

static bool read_magic(struct pcap_state *state, uint32_t magic)
{
	state->swapped = magic == bswap_32(MAGIC_MICROSECONDS) || magic == bswap_32(MAGIC_NANOSECONDS);
	magic = number(state, magic);
	state->fraction_ns = magic == MAGIC_NANOSECONDS ? 1 : 1000;
	return magic == MAGIC_MICROSECONDS || magic == MAGIC_NANOSECONDS;
}

static int read_file_header(struct pcap_state *state)
{
	struct pcap_file_header header;
	uint32_t link_type;

	if (fread(&header, sizeof(header), 1, state->in) != 1)
		return complain(-EINVAL, "%s: too short for a capture file", state->in_path);
	if (!read_magic(state, header.magic))
		return complain(-EINVAL, "%s: not a classic pcap file", state->in_path);
	link_type = number(state, header.link_type) & LINKTYPE_MASK;
	if (link_type != LINKTYPE_ETHERNET)
		return complain(-EINVAL, "%s: link type %u; only Ethernet (1) can be replayed",
				state->in_path, link_type);
	return 0;
}

static int write_file_header(struct pcap_state *state)
{
	const struct pcap_file_header header = {
	    .magic = MAGIC_NANOSECONDS,
	    .version_major = VERSION_MAJOR,
	    .version_minor = VERSION_MINOR,
	    .snap_length = FRAME_MAX,
	    .link_type = LINKTYPE_ETHERNET,
	};

	if (fwrite(&header, sizeof(header), 1, state->out) != 1)
		return complain(-EIO, "%s: %s", state->out_path, strerror(errno));
	return 0;
}

static void end_input(struct pcap_state *state)
{
	fclose(state->in);
	state->in = NULL;
}

/* Reads on to the next record header. False: the file is at its end, or past what makes sense. */
static bool read_record_header(struct pcap_state *state, struct pcap_record_header *record)
{
	size_t bytes;

	if (state->is_pending) {
		*record = state->pending;
		state->is_pending = false;
		return true;
	}
	bytes = fread(record, 1, sizeof(*record), state->in);
	if (bytes == 0)
		return false;
	if (bytes < sizeof(*record)) {
		complain(0, "%s: breaks off in a record header", state->in_path);
		return false;
	}
	record->seconds = number(state, record->seconds);
	record->fraction = number(state, record->fraction);
	record->captured = number(state, record->captured);
	if (record->captured > RECORD_MAX || (uint64_t)record->fraction * state->fraction_ns >= NANOSECONDS) {
		complain(0, "%s: damaged: a record of %u bytes at %u.%u", state->in_path, record->captured,
			 record->seconds, record->fraction);
		return false;
	}
	return true;
}

/* Reads past a frame that is too long. */
static bool skip_frame(struct pcap_state *state, uint32_t bytes)
{
	char room[4096];

	while (bytes > 0) {
		size_t part = fread(room, 1, RTE_MIN(bytes, (uint32_t)sizeof(room)), state->in);

		if (part == 0)
			return false;
		bytes -= part;
	}
	return true;
}

static void write_replay_header(struct rte_mbuf *m, uint32_t flags, uint64_t time_ns)
{
	*rte_pktmbuf_mtod(m, struct replay_header *) =
	    (struct replay_header){.magic = REPLAY_MAGIC, .flags = flags, .time_ns = time_ns};
}

/* The frame behind a record header, or NULL: no buffer (then *retry), or the file breaks off. */
static struct rte_mbuf *read_frame(struct device *device, const struct pcap_record_header *record,
				   bool *retry)
{
	struct pcap_state *state = device->state;
	struct rte_mbuf *m = chain_alloc(device->pool, sizeof(struct replay_header) + record->captured);
	uint32_t skip = sizeof(struct replay_header);

	*retry = m == NULL;
	if (m == NULL)
		return NULL;
	for (struct rte_mbuf *part = m; part != NULL; part = part->next, skip = 0) {
		size_t wanted = part->data_len - skip;

		if (fread(rte_pktmbuf_mtod_offset(part, void *, skip), 1, wanted, state->in) != wanted) {
			complain(0, "%s: breaks off in a frame", state->in_path);
			rte_pktmbuf_free(m);
			return NULL;
		}
	}
	write_replay_header(
	    m, 0, (uint64_t)record->seconds * NANOSECONDS + (uint64_t)record->fraction * state->fraction_ns);
	return m;
}

/* The next frame that can be replayed, or NULL: none now. At the file's end state->in becomes NULL. */
static struct rte_mbuf *next_frame(struct device *device)
{
	struct pcap_state *state = device->state;
	struct pcap_record_header record;

	while (read_record_header(state, &record)) {
		struct rte_mbuf *m;
		bool retry;

		if (record.captured > FRAME_MAX) {
			stats.port[device->index].device_errors++;
			if (skip_frame(state, record.captured))
				continue;
			complain(0, "%s: breaks off in a frame", state->in_path);
			break;
		}
		m = read_frame(device, &record, &retry);
		if (m != NULL)
			return m;
		if (!retry)
			break;
		state->pending = record;
		state->is_pending = true;
		stats.port[device->index].rx_no_buffer++;
		return NULL;
	}
	end_input(state);
	return NULL;
}

static struct rte_mbuf *end_frame(struct device *device)
{
	struct pcap_state *state = device->state;
	struct rte_mbuf *m = chain_alloc(device->pool, sizeof(struct replay_header));

	if (m == NULL)
		return NULL;
	write_replay_header(m, REPLAY_END, 0);
	state->end_told = true;
	return m;
}

static uint16_t pcap_receive(struct device *device, struct rte_mbuf **packets, uint16_t max)
{
	struct pcap_state *state = device->state;
	uint16_t count = 0;

	while (count < max && !state->end_told) {
		struct rte_mbuf *m = state->in == NULL ? NULL : next_frame(device);

		if (m == NULL && state->in == NULL)
			m = end_frame(device);
		if (m == NULL)
			break;
		m->port = device->index;
		packets[count++] = m;
	}
	return count;
}

static bool write_frame(struct pcap_state *state, const struct rte_mbuf *m)
{
	struct replay_header buffer;
	const struct replay_header *header = rte_pktmbuf_read(m, 0, sizeof(buffer), &buffer);
	uint32_t skip = sizeof(*header), length = m->pkt_len - skip;
	const struct pcap_record_header record = {
	    .seconds = header->time_ns / NANOSECONDS,
	    .fraction = header->time_ns % NANOSECONDS,
	    .captured = length,
	    .original = length,
	};

	if (fwrite(&record, sizeof(record), 1, state->out) != 1)
		return false;
	for (; m != NULL; m = m->next) {
		uint32_t part = RTE_MIN(skip, (uint32_t)m->data_len);

		if (fwrite(rte_pktmbuf_mtod_offset(m, void *, part), 1, m->data_len - part, state->out) !=
		    m->data_len - part)
			return false;
		skip -= part;
	}
	return true;
}

static bool is_end(const struct rte_mbuf *m)
{
	struct replay_header buffer;
	const struct replay_header *header = rte_pktmbuf_read(m, 0, sizeof(buffer), &buffer);

	return header->flags & REPLAY_END;
}

static uint16_t pcap_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	struct pcap_state *state = device->state;

	for (uint16_t i = 0; i < count; i++) {
		if (state->out != NULL && !is_end(packets[i]) && !write_frame(state, packets[i])) {
			complain(0, "%s: %s; nothing more is written", state->out_path, strerror(errno));
			fclose(state->out);
			state->out = NULL;
		}
		rte_pktmbuf_free(packets[i]);
	}
	return count;
}

static bool pcap_arm(struct device *device)
{
	struct pcap_state *state = device->state;

	return !state->end_told;
}

static void pcap_disarm(struct device *device __rte_unused)
{
}

static bool pcap_link(struct device *device __rte_unused)
{
	return true;
}

static const struct device_driver pcap_driver = {
    .name = "pcap",
    .receive = pcap_receive,
    .transmit = pcap_transmit,
    .arm = pcap_arm,
    .disarm = pcap_disarm,
    .link = pcap_link,
};

static FILE *open_file(const char *path, const char *mode, int *error)
{
	FILE *file = fopen(path, mode);

	if (file == NULL)
		*error = complain(-errno, "%s: %s", path, strerror(errno));
	return file;
}

static int open_files(struct pcap_state *state)
{
	int error = 0;

	state->in = open_file(state->in_path, "rb", &error);
	if (state->in != NULL)
		error = read_file_header(state);
	if (error != 0 || state->out_path == NULL)
		return error;
	state->out = open_file(state->out_path, "wb", &error);
	return state->out == NULL ? error : write_file_header(state);
}

static void close_files(struct pcap_state *state)
{
	if (state->in != NULL)
		fclose(state->in);
	if (state->out != NULL)
		fclose(state->out);
	free(state);
}

int pcap_device_open(struct device *device, const char *in, const char *out)
{
	struct pcap_state *state = calloc(1, sizeof(*state));
	int error;

	if (state == NULL)
		return -ENOMEM;
	*state = (struct pcap_state){.in_path = in, .out_path = out};
	error = open_files(state);
	if (error != 0) {
		close_files(state);
		return error;
	}
	device->driver = &pcap_driver;
	device->state = state;
	device->descriptor = -1;
	device->offloads = 0;
	device->link_up = true;
	return 0;
}

int pcap_device_close(struct device *device)
{
	struct pcap_state *state = device->state;
	int error = 0;

	if (state->out != NULL && fflush(state->out) != 0)
		error = complain(-errno, "%s: %s", state->out_path, strerror(errno));
	close_files(state);
	device->state = NULL;
	return error;
}
