/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures as traffic. Frames of both sides are one list in the order of the captures' clocks, and leave in
 * that order: an answer is never before its question. They are sent from where they lie: a ring copies them.
 *
 * Two sides are two rings, though, and the appliance may look at the answer's first. So, as fast as possible,
 * a frame waits until the last frame before it of its connection that left by the other side has come back,
 * or one that left behind that. For a connection in which neither comes (all was dropped), nothing waits.
 *
 * What comes back is known by what nobody changes on the way (identity.h); a frame that has its twin in the
 * captures is not. By the captures' clock, that gives latencies.
 */
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>
#include "identity.h"
#include "keyed.h"
#include "port.h"

enum {
	NONE = 0, /* numbers of frames and connections begin with 1 */
	TWINS = UINT32_MAX,
	WAIT_US = 100000, /* for a frame that must come back first: the appliance may not be running */
	WAITS = 10,	  /* that may be in vain; then */
	WAIT_SHORT_US = 500,
};

struct replay_frame {
	uint64_t due; /* nanoseconds, then ticks */
	size_t at;
	uint16_t length;
	uint8_t side;
	bool back;	     /* since it was sent last */
	uint32_t sent;	     /* when, in ticks of a stamp */
	uint64_t order;	     /* among all that left by its side */
	uint32_t after;	     /* the frame that must be back first */
	uint32_t connection; /* of it */
};

/* The last frame of each side, while captures are read; whether to wait for them. */
struct connection {
	uint32_t last[SIDES];
	bool unanswered;
};

struct replay {
	struct replay_frame *frames;
	size_t count, room;
	uint8_t *bytes;
	size_t used, bytes_room;
	struct replay_counts counts;

	struct keyed by_identity;
	struct connection *connections;
	uint64_t orders[SIDES], newest[SIDES]; /* frames that left; the last of them that came back */
	uint32_t waits;			       /* that were in vain */

	size_t next, burst;	       /* the first that was not sent yet; of those that are pending */
	struct frame views[BURST_MAX]; /* of those that are pending */
	uint32_t loops_left;
	bool forever, whole;		 /* until the time is over; not within a loop */
	uint64_t loop_start, loop_ticks; /* after the trial's start; how long a loop is */
	bool hurry, ordered;		 /* ordered: of frames that come back it matters which */
};

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

static void begin_loop(struct trial *trial, bool over)
{
	struct replay *replay = trial->replay;

	replay->counts.passes++;
	replay->loop_start += replay->loop_ticks;
	replay->next = 0;
	if (!replay->forever || over)
		replay->loops_left--;
}

/* Whether a frame may not leave yet, as another must be back first. */
static bool must_wait(const struct trial *trial, const struct replay_frame *frame, uint64_t now)
{
	const struct replay_frame *before = &trial->replay->frames[frame->after - 1];
	struct connection *connection = &trial->replay->connections[frame->connection];
	uint64_t most = trial->replay->waits < WAITS ? WAIT_US : WAIT_SHORT_US;
	uint32_t waited;

	if (trial->replay->newest[before->side] >= before->order || connection->unanswered)
		return false;
	waited = (uint32_t)(now >> STAMP_TIME_SHIFT) - before->sent;
	if (waited <= (trial->hz / 1000000 * most) >> STAMP_TIME_SHIFT)
		return true;
	connection->unanswered = true;
	trial->replay->waits++;
	return false;
}

/* The frames that are due next and leave by the same side: into that side's pending. Returns the side. */
static int collect(struct trial *trial, uint64_t now)
{
	uint64_t elapsed = now - trial->start;
	struct replay *replay = trial->replay;
	int side = replay->frames[replay->next].side;
	struct sender *sender = &trial->senders[side];
	uint64_t millisecond = trial->hz / 1000;

	sender->pending_at = sender->pending_count = 0;
	replay->burst = replay->next;
	while (sender->pending_count < trial->stream.spec.burst && replay->next < replay->count) {
		const struct replay_frame *frame = &replay->frames[replay->next];
		struct frame *view = &replay->views[sender->pending_count];
		uint64_t due = replay->loop_start + frame->due;

		if (frame->side != side || (!replay->hurry && due > elapsed))
			break;
		if (frame->after && must_wait(trial, frame, now))
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
	struct replay_frame *frame = &trial->replay->frames[trial->replay->burst + sender->pending_at];
	uint64_t before = sender->sent;
	bool moved = give_pending(trial, side, now);

	for (uint64_t i = 0; i < sender->sent - before; i++, frame++) {
		trial->bits_out += wire_bits(first[i]->length);
		frame->sent = (uint32_t)(now >> STAMP_TIME_SHIFT);
		frame->order = ++trial->replay->orders[side];
		frame->back = false;
	}
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
	side = collect(trial, now);
	return trial->senders[side].pending_count > 0 && give(trial, side, now);
}

/* Where the same captures are sent in a hurry and nothing waits for anything, it does not matter which came.
 */
void replay_take(struct trial *trial, const uint8_t *bytes, uint32_t length, uint64_t now)
{
	struct replay *replay = trial->replay;
	struct replay_frame *frame;
	uint32_t number;
	uint64_t key;

	trial->replayed++;
	trial->bits_in += wire_bits(length);
	key = replay->hurry && !replay->ordered ? 0 : identity_of(bytes, length);
	number = key ? keyed_find(&replay->by_identity, key)->value : NONE;
	if (number == NONE || number == TWINS)
		return;
	frame = &replay->frames[number - 1];
	if (frame->back)
		return;
	frame->back = true;
	if (frame->order > replay->newest[frame->side])
		replay->newest[frame->side] = frame->order;
	if (!replay->hurry)
		histogram_add(&trial->senders[frame->side].latency,
			      (uint32_t)(now >> STAMP_TIME_SHIFT) - frame->sent);
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
