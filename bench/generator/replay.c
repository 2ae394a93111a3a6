/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures as traffic. Frames of both sides are one list in the order of the captures' clocks, and leave in
 * that order: an answer is never before its question. They are sent from where they lie: a ring copies them.
 */
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>
#include "port.h"

struct replay_frame {
	uint64_t due; /* nanoseconds, then ticks */
	size_t at;
	uint16_t length;
	uint8_t side;
};

struct replay {
	struct replay_frame *frames;
	size_t count, room;
	uint8_t *bytes;
	size_t used, bytes_room;
	struct replay_counts counts;

	size_t next;
	struct frame views[BURST_MAX]; /* of those that are pending */
	uint32_t loops_left;
	bool forever, whole;		 /* until the time is over; not within a loop */
	uint64_t loop_start, loop_ticks; /* after the trial's start; how long a loop is */
	bool hurry;
};

static void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	free(replay->frames);
	free(replay->bytes);
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
	frame->due = (uint64_t)header->ts.tv_sec * 1000000000 +
		     (uint64_t)header->ts.tv_usec; /* nanoseconds, as opened */
	frame->at = replay->used;
	frame->length = (uint16_t)header->len;
	frame->side = (uint8_t)side;
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
	trial->replay = replay;
	return 0;
}

static void begin_loop(struct trial *trial, bool over)
{
	struct replay *replay = trial->replay;

	replay->counts.passes++;
	replay->loop_start += replay->loop_ticks;
	replay->next = 0;
	if (!replay->forever || over)
		replay->loops_left--;
}

/* The frames that are due next and leave by the same side: into that side's pending. Returns the side. */
static int collect(struct trial *trial, uint64_t elapsed)
{
	struct replay *replay = trial->replay;
	int side = replay->frames[replay->next].side;
	struct sender *sender = &trial->senders[side];
	uint64_t millisecond = trial->hz / 1000;

	sender->pending_at = sender->pending_count = 0;
	while (sender->pending_count < trial->stream.spec.burst && replay->next < replay->count) {
		const struct replay_frame *frame = &replay->frames[replay->next];
		struct frame *view = &replay->views[sender->pending_count];
		uint64_t due = replay->loop_start + frame->due;

		if (frame->side != side || (!replay->hurry && due > elapsed))
			break;
		replay->counts.behind += !replay->hurry && elapsed - due > millisecond;
		*view = (struct frame){replay->bytes + frame->at, frame->length};
		sender->pending[sender->pending_count++] = view;
		replay->next++;
	}
	if (replay->next == replay->count)
		begin_loop(trial, elapsed >= trial->seconds_ticks);
	return side;
}

/* Puts what is pending, and counts what found room. */
static bool give(struct trial *trial, int side, uint64_t now)
{
	struct sender *sender = &trial->senders[side];
	struct frame **first = &sender->pending[sender->pending_at];
	uint64_t before = sender->sent;
	bool moved = give_pending(trial, side, now);

	for (uint64_t i = 0; i < sender->sent - before; i++)
		trial->bits_out += wire_bits(first[i]->length);
	return moved;
}

static int waiting_side(const struct trial *trial)
{
	for (int side = 0; side < SIDES; side++)
		if (trial->senders[side].pending_at < trial->senders[side].pending_count)
			return side;
	return -1;
}

bool replay_give(struct trial *trial, uint64_t now)
{
	struct replay *replay = trial->replay;
	int side = waiting_side(trial);

	if (side >= 0)
		return give(trial, side, now);
	if (replay->forever && !replay->whole && now - trial->start >= trial->seconds_ticks)
		replay->loops_left = 0;
	if (replay->loops_left == 0)
		return false;
	side = collect(trial, now - trial->start);
	return trial->senders[side].pending_count > 0 && give(trial, side, now);
}

struct replay_counts replay_counts(const struct trial *trial)
{
	return trial->replay->counts;
}

bool replay_hurries(const struct trial *trial)
{
	return trial->replay->hurry;
}

bool replay_waits(const struct trial *trial)
{
	return waiting_side(trial) >= 0;
}

bool replay_done(const struct trial *trial)
{
	return trial->replay->loops_left == 0 && !replay_waits(trial);
}
