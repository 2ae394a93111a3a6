/* SPDX-License-Identifier: Apache-2.0
 *
 * Replay in a VM: one poll loop moves frames both ways on every port, so that no full buffer anywhere can
 * block another port's frames, and all of them can wait without loss.
 */
#include "replay.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "stream.h"

enum { TICK_MS = 100, FAREWELL_MS = 5000 };

struct session {
	struct replay *replay;
	size_t count;
	struct stream *streams;
	int far_ends[INSTANCE_CARDS_MAX]; /* QEMU's ends of the sockets */
	uint64_t last_move_ns;
};

static int open_streams(struct session *session)
{
	struct launch *launch = &session->replay->launch;
	size_t slots[INSTANCE_CARDS_MAX];

	if (ports_place(launch, slots) != STATUS_DONE)
		return STATUS_FAILED;
	for (size_t i = 0; i < session->count; i++) {
		struct stream *stream = &session->streams[i];
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			return failed("no socket for QEMU: %s", strerror(errno));
		stream->socket = ends[0];
		stream->in = &session->replay->in[i];
		stream->out = &session->replay->out[i];
		session->far_ends[i] = ends[1];
		launch->cards[slots[i]].stream = ends[1];
	}
	return STATUS_DONE;
}

static void close_far_ends(struct session *session)
{
	for (size_t i = 0; i < session->count; i++) {
		if (session->far_ends[i] >= 0)
			close(session->far_ends[i]);
		session->far_ends[i] = -1;
	}
}

static void close_streams(struct session *session)
{
	close_far_ends(session);
	for (size_t i = 0; i < session->count; i++)
		if (session->streams[i].socket >= 0)
			close(session->streams[i].socket);
	free(session->streams);
}

static int open_session(struct session *session, struct replay *replay)
{
	*session = (struct session){.replay = replay, .count = replay->image.config->device_count};
	session->streams = calloc(session->count, sizeof(*session->streams));
	if (!session->streams)
		return failed("no memory for %zu ports", session->count);
	for (size_t i = 0; i < session->count; i++)
		session->streams[i].socket = session->far_ends[i] = -1;
	return open_streams(session);
}

static bool all_ended(const struct session *session)
{
	for (size_t i = 0; i < session->count; i++)
		if (!session->streams[i].end_received)
			return false;
	return true;
}

/* Moves what can be moved on all ports. Returns the bytes, or -1 after saying what went wrong. */
static long move_frames(struct session *session)
{
	long total = 0;

	for (size_t i = 0; i < session->count; i++) {
		long received = stream_receive(&session->streams[i]);
		long sent = received < 0 ? -1 : stream_send(&session->streams[i]);

		if (sent < 0)
			return -1;
		total += received + sent;
	}
	return total;
}

static void show_progress(const struct session *session)
{
	uint64_t in = 0, out = 0;

	for (size_t i = 0; i < session->count; i++) {
		in += session->replay->in[i].frames;
		out += session->replay->out[i].frames;
	}
	progress("replaying: %llu frames in, %llu out", (unsigned long long)in, (unsigned long long)out);
}

static void wait_for_work(struct session *session)
{
	struct instance *instance = &session->replay->instance;
	struct pollfd watched[INSTANCE_CARDS_MAX + 2];
	nfds_t count = 0;

	for (size_t i = 0; i < session->count; i++) {
		short events = POLLIN | (stream_wants_to_send(&session->streams[i]) ? POLLOUT : 0);

		watched[count++] = (struct pollfd){.fd = session->streams[i].socket, .events = events};
	}
	watched[count++] = (struct pollfd){.fd = instance->console.descriptor, .events = POLLIN};
	watched[count++] = (struct pollfd){.fd = instance->child.descriptor, .events = POLLIN};
	poll(watched, count, TICK_MS);
	instance_drain(instance);
}

/* Returns 1 when all ports have ended, 0 to go on, -1 when it can't go on (said). */
static int step(struct session *session)
{
	struct replay *replay = session->replay;
	bool ended = child_wait(&replay->instance.child, 0);
	long moved = move_frames(session); /* after the look at the child: what it left behind is taken */

	if (moved < 0)
		return -1;
	if (all_ended(session))
		return 1;
	if (moved > 0)
		session->last_move_ns = now_ns();
	if (ended || instance_state(&replay->instance) >= PROGRESS_FAILED) {
		replay_broken(replay, false);
		return -1;
	}
	if (now_ns() - session->last_move_ns > replay->patience_ns) {
		replay_broken(replay, true);
		return -1;
	}
	return 0;
}

/* The last END is on its way before the image has closed its books: wait for that. */
static int await_done(struct replay *replay)
{
	for (int waited = 0; waited < FAREWELL_MS; waited++) {
		bool ended = child_wait(&replay->instance.child, 1);

		if (instance_state(&replay->instance) == PROGRESS_DONE)
			return STATUS_DONE;
		if (ended)
			break;
	}
	return replay_broken(replay, false);
}

static int run_session(struct session *session)
{
	struct replay *replay = session->replay;
	int status = instance_start(&replay->instance, &replay->launch), stepped = 0;

	close_far_ends(session);
	if (status != STATUS_DONE)
		return status;
	replay->began_ns = session->last_move_ns = now_ns();
	while (!(stepped = step(session))) {
		show_progress(session);
		wait_for_work(session);
	}
	replay->ended_ns = now_ns();
	progress_end();
	status = stepped > 0 ? await_done(replay) : STATUS_FAILED;
	instance_end(&replay->instance);
	return status;
}

int replay_in_vm(struct replay *replay)
{
	struct session session;
	int status = open_session(&session, replay);

	if (status == STATUS_DONE)
		status = run_session(&session);
	if (session.streams)
		close_streams(&session);
	return status;
}
