/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening flows: a packet from side a, an answer from b to where it came from, and for TCP a third from a.
 * What the answer is sent to is what b will answer in the trial: so a translated flow is learned.
 */
#include "trial.h"

#include <stdio.h>
#include <string.h>
#include "port.h"

enum {
	IN_FLIGHT_MAX = 128,
	SILENCE_US = 20000,  /* after which what is in flight is lost */
	ROUNDS_IN_VAIN = 20, /* without one flow opened */
};

struct frame *opening_frame(struct trial *trial, enum kind kind, uint32_t number, const struct flow *flow)
{
	struct stream *stream = &trial->stream;
	int side = kind == KIND_ANSWER ? SIDE_B : SIDE_A;
	struct frame *m = carousel_next(&trial->opening[kind]);
	struct stamp stamp = {.magic = STAMP_MAGIC,
			      .trial = trial->number,
			      .flow = stamp_word(number, kind, side),
			      .time = (uint32_t)(rte_rdtsc() >> STAMP_TIME_SHIFT)};
	struct flow4 four = {.address_sum = flow->address_sum, .tuple_sum = flow->tuple_sum};

	if (kind == KIND_OPEN)
		stamp.sequence = trial->senders[SIDE_A].sequence++;
	memcpy(four.tuple, flow->tuple, IP4_TUPLE_BYTES);
	stream_write(stream, &stream->opening[kind], m->bytes,
		     stream->ip6 ? (const void *)flow : (const void *)&four, &stamp);
	return m;
}

static void opened(struct trial *trial, uint32_t number)
{
	struct stream *stream = &trial->stream;

	if (number < stream->spec.flows && !stream->open[number]) {
		stream->open[number] = 1;
		stream->opened++;
	}
}

static void reply(struct trial *trial, enum kind kind, uint32_t number, const struct flow *flow)
{
	if (trial->replies < BURST_MAX)
		trial->reply[trial->replies++] = opening_frame(trial, kind, number, flow);
}

void opening_step(struct trial *trial, enum kind kind, uint32_t number, const uint8_t *frame)
{
	struct stream *stream = &trial->stream;
	struct flow flow;

	switch (kind) {
	case KIND_OPEN:
		stream_answer(stream, frame, &flow);
		if (number < stream->spec.flows)
			stream_learn(stream, number, SIDE_B, &flow);
		reply(trial, KIND_ANSWER, number, &flow);
		break;
	case KIND_ANSWER:
		if (stream->tcp) {
			stream_answer(stream, frame, &flow);
			reply(trial, KIND_CONFIRM, number, &flow);
		} else {
			opened(trial, number);
		}
		break;
	case KIND_CONFIRM:
		opened(trial, number);
		break;
	case KIND_DATA:
		break;
	}
}

/* Moves *next to the next flow that is not open. */
static bool find_closed(const struct stream *stream, uint32_t *next)
{
	while (*next < stream->spec.flows && stream->open[*next])
		(*next)++;
	return *next < stream->spec.flows;
}

static void turn(struct trial *trial)
{
	port_turn();
	for (int side = 0; side < SIDES; side++)
		trial_take(trial, side);
}

/* Sends an opening for each flow that is not open yet, and waits until all is silent. */
static void open_round(struct trial *trial)
{
	struct stream *stream = &trial->stream;
	uint64_t silence = trial->hz / 1000000 * SILENCE_US;
	uint32_t next = 0, begun = stream->opened, sent = 0;

	trial->last_taken = rte_rdtsc();
	while (port_up(SIDE_A) && port_up(SIDE_B)) {
		bool silent = rte_rdtsc() - trial->last_taken > silence, more = find_closed(stream, &next);
		struct flow flow;

		if (!more && (silent || stream->opened == stream->spec.flows))
			return;
		if (silent) {
			sent = stream->opened - begun;
			trial->last_taken = rte_rdtsc();
		}
		for (int i = 0; i < 32 && more && sent - (stream->opened - begun) < IN_FLIGHT_MAX; i++) {
			struct frame *m;

			stream_flow(stream, next, SIDE_A, &flow);
			m = opening_frame(trial, KIND_OPEN, next, &flow);
			if (port_send(SIDE_A, &m, 1) == 0)
				break;
			sent++;
			next++;
			more = find_closed(stream, &next);
		}
		turn(trial);
	}
}

int open_flows(struct trial *trial, char *error, size_t room)
{
	struct stream *stream = &trial->stream;
	int vain = 0;

	trial->opening_now = true;
	while (stream->opened < stream->spec.flows && vain < ROUNDS_IN_VAIN) {
		uint32_t before = stream->opened;

		open_round(trial);
		vain = stream->opened > before ? 0 : vain + 1;
	}
	trial->opening_now = false;
	if (stream->opened == stream->spec.flows)
		return 0;
	snprintf(error, room,
		 "%u of %u flows opened: the appliance does not let them through, or forgets them (%lu "
		 "frames corrupt, %lu foreign)",
		 stream->opened, stream->spec.flows, trial->senders[0].corrupt + trial->senders[1].corrupt,
		 trial->foreign);
	return -1;
}
