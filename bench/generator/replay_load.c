/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures are read, put into one order, and looked through for what belongs together; see replay.c.
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>
#include "identity.h"

static void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	free(replay->frames);
	free(replay->bytes);
	free(replay->connections);
	keyed_free(&replay->by_identity);
	free(replay);
}

static int grow(void **items, size_t *room, size_t need, size_t size)
{
	void *more;

	if (need <= *room)
		return 0;
	*room = need * 2;
	more = realloc(*items, *room * size);
	if (!more)
		return -1;
	*items = more;
	return 0;
}

static int add_frame(struct replay *replay, int side, const struct pcap_pkthdr *header, const uint8_t *bytes)
{
	struct replay_frame *frame;

	if (header->caplen != header->len || header->len < 14 || header->len > RING_BYTES_MAX) {
		replay->counts.skipped++;
		return 0;
	}
	if (grow((void **)&replay->frames, &replay->room, replay->count + 1, sizeof(*frame)) < 0 ||
	    grow((void **)&replay->bytes, &replay->bytes_room, replay->used + header->len, 1) < 0)
		return -1;
	frame = &replay->frames[replay->count++];
	*frame = (struct replay_frame){
	    .due = (uint64_t)header->ts.tv_sec * 1000000000 +
		   (uint64_t)header->ts.tv_usec, /* nanoseconds, as opened */
	    .at = replay->used,
	    .length = (uint16_t)header->len,
	    .side = (uint8_t)side,
	};
	memcpy(replay->bytes + replay->used, bytes, header->len);
	replay->used += header->len;
	return 0;
}

/* From us to the appliance; what went to a group still does. */
static void address(const struct side *side, uint8_t *frame)
{
	if (!(frame[0] & 1))
		memcpy(frame, side->gateway, 6);
	memcpy(frame + 6, side->mac, 6);
}

static int read_capture(struct replay *replay, const struct spec *spec, int side, char *error, size_t room)
{
	const struct side *here = &spec->sides[side];
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *file =
	    pcap_open_offline_with_tstamp_precision(here->replay, PCAP_TSTAMP_PRECISION_NANO, text);
	size_t first = replay->count;
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	int got = -1;

	if (!file) {
		snprintf(error, room, "%.150s", text);
		return -1;
	}
	if (pcap_datalink(file) != DLT_EN10MB)
		snprintf(error, room, "%.100s: not of Ethernet", here->replay);
	else
		while ((got = pcap_next_ex(file, &header, &bytes)) == 1)
			if (add_frame(replay, side, header, bytes) < 0)
				break;
	if (got == -1 && pcap_datalink(file) == DLT_EN10MB)
		snprintf(error, room, "%.100s: %.100s", here->replay, pcap_geterr(file));
	pcap_close(file);
	for (size_t i = first; spec->replay_mac && i < replay->count; i++)
		address(here, replay->bytes + replay->frames[i].at);
	return got == -2 ? 0 : -1;
}

static int by_time(const void *a, const void *b)
{
	const struct replay_frame *x = a, *y = b;

	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Times become ticks after the first frame. */
static void schedule(struct replay *replay, const struct spec *spec, uint64_t hz)
{
	double scale = (double)hz / 1e9 / spec->speed, gap = spec->rate > 0 ? (double)hz / spec->rate : 0;
	uint64_t first = replay->frames[0].due;

	for (size_t i = 0; i < replay->count; i++) {
		struct replay_frame *frame = &replay->frames[i];

		frame->due =
		    (uint64_t)(spec->replay_clock ? (double)(frame->due - first) * scale : (double)i * gap);
	}
	replay->loop_ticks = replay->frames[replay->count - 1].due;
	replay->loop_ticks += replay->count > 1 ? replay->loop_ticks / (replay->count - 1) : 0;
	replay->hurry = !spec->replay_clock && spec->rate == 0;
	replay->loops_left = spec->loops ? spec->loops : 1;
	replay->forever = spec->loops == 0;
	replay->whole = spec->whole;
	replay->counts.frames = replay->count;
}

/* Frames by what they are known by when they come back. */
static void index_frames(struct replay *replay)
{
	for (size_t i = 0; i < replay->count; i++) {
		const struct replay_frame *frame = &replay->frames[i];
		uint64_t key = identity_of(replay->bytes + frame->at, frame->length);
		struct keyed_cell *cell = keyed_find(&replay->by_identity, key);

		if (key == 0)
			continue;
		cell->value = cell->key ? TWINS : (uint32_t)i + 1;
		cell->key = key;
	}
}

static bool is_known(const struct replay *replay, uint32_t number)
{
	const struct replay_frame *frame = &replay->frames[number - 1];
	uint64_t key = identity_of(replay->bytes + frame->at, frame->length);

	return key && keyed_find(&replay->by_identity, key)->value == number;
}

/* Which frame each waits for. */
static int order_frames(struct replay *replay)
{
	struct keyed by_connection;
	uint32_t connections = 0;

	replay->connections = calloc(replay->count + 1, sizeof(*replay->connections));
	if (!replay->connections || keyed_init(&by_connection, replay->count) < 0)
		return -1;
	for (size_t i = 0; i < replay->count; i++) {
		struct replay_frame *frame = &replay->frames[i];
		uint64_t key = connection_of(replay->bytes + frame->at, frame->length);
		struct keyed_cell *cell = key ? keyed_find(&by_connection, key) : NULL;
		struct connection *connection;

		if (!cell)
			continue;
		if (!cell->key)
			*cell = (struct keyed_cell){key, ++connections};
		connection = &replay->connections[cell->value];
		frame->connection = cell->value;
		frame->after = connection->last[!frame->side];
		if (frame->after && !is_known(replay, frame->after))
			frame->after = NONE;
		connection->last[frame->side] = (uint32_t)i + 1;
		replay->ordered |= frame->after != NONE;
	}
	keyed_free(&by_connection);
	return 0;
}

static int tie(struct replay *replay)
{
	if (replay->count >= TWINS || keyed_init(&replay->by_identity, replay->count) < 0)
		return -1;
	index_frames(replay);
	return replay->hurry ? order_frames(replay) : 0;
}

int replay_load(struct trial *trial, const struct spec *spec, char *error, size_t room)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	replay_free(trial->replay);
	trial->replay = NULL;
	snprintf(error, room, "no memory for a replay");
	if (!replay)
		return -1;
	for (int side = 0; side < SIDES; side++)
		if (spec->sides[side].replay[0] && read_capture(replay, spec, side, error, room) < 0) {
			replay_free(replay);
			return -1;
		}
	if (replay->count == 0) {
		snprintf(error, room, "no frame to replay: %lu were cut off or longer than %d bytes",
			 replay->counts.skipped, RING_BYTES_MAX);
		replay_free(replay);
		return -1;
	}
	qsort(replay->frames, replay->count, sizeof(*replay->frames), by_time);
	schedule(replay, spec, trial->hz);
	if (tie(replay) < 0) {
		snprintf(error, room, "no memory for a replay");
		replay_free(replay);
		return -1;
	}
	trial->replay = replay;
	return 0;
}
