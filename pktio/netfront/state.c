/* SPDX-License-Identifier: Apache-2.0
 *
 * The dance of the two sides of a device, each of which has a state in the store: ours and the backend's.
 * Source: Xen, public/io/xenbus.h; what Linux's netback does at each.
 *
 * A connection begins when the backend is InitWait: we make rings, write where they are, and are Connected;
 * then it is. It ends when the backend leaves Connected, whatever for. Where the backend is Closed and still
 * online, it waits for us to begin anew; where it has begun anew itself (it was restarted), so do we.
 */
#include <errno.h>
#include <stdio.h>
#include "net.h"

enum { STATES = XenbusStateReconfigured + 1, STEPS_MAX = 4 };

enum action {
	STAY,
	OFFER,	/* make rings, and be Connected */
	UP,	/* the backend has them: frames pass */
	CLOSE,	/* end the connection, and be Closed */
	BEGIN,	/* be Initialising */
	REOPEN, /* the same, if the backend is to stay */
};

/* By our phase and the backend's state; a cell that is absent means to stay as we are. XenbusStateUnknown is
 * also what a backend has that is not there. */
static const uint8_t actions[PHASES][STATES] = {
    [PHASE_WAITING] =
	{
	    [XenbusStateInitWait] = OFFER, [XenbusStateInitialised] = OFFER,
	    /* Connected, Closing, Closed: of the connection before. It sees that we are Initialising, and
	     * goes on to InitWait. */
	},
    [PHASE_OFFERED] =
	{
	    [XenbusStateUnknown] = CLOSE,
	    [XenbusStateInitialising] = BEGIN, /* another backend, that has not seen our rings */
	    [XenbusStateConnected] = UP,
	    [XenbusStateClosing] = CLOSE,
	    [XenbusStateClosed] = CLOSE,
	},
    [PHASE_CONNECTED] =
	{
	    [XenbusStateUnknown] = CLOSE,
	    [XenbusStateInitialising] = BEGIN,
	    [XenbusStateInitWait] = BEGIN,
	    [XenbusStateInitialised] = BEGIN,
	    [XenbusStateClosing] = CLOSE,
	    [XenbusStateClosed] = CLOSE,
	},
    [PHASE_CLOSED] =
	{
	    [XenbusStateInitialising] = BEGIN,
	    [XenbusStateInitWait] = BEGIN,
	    [XenbusStateInitialised] = BEGIN,
	    [XenbusStateClosed] = REOPEN,
	},
};

static void set_phase(struct net *net, enum net_phase phase)
{
	net->phase = phase;
	netfront_update_link(net);
}

static int say(const struct net *net, enum xenbus_state state)
{
	char path[STORE_PATH_BYTES];

	setup_path(net, path, "state");
	return store_write_format(path, "%d", state);
}

/* One of the backend's keys. */
static int read_backend(const struct net *net, const char *key, uint32_t max, uint32_t *value)
{
	char path[2 * STORE_PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", net->backend, key);
	return store_read_number(path, max, value);
}

/* Ends the connection; the store hears of it later. */
void state_close(struct net *net)
{
	setup_disconnect(net);
	net->unsaid = true;
	set_phase(net, PHASE_CLOSED);
}

static int offer(struct net *net)
{
	int error;

	if (!setup_take_back(net)) /* of the last connection */
		return -EBUSY;
	error = setup_connect(net);
	if (error == 0)
		error = say(net, XenbusStateConnected);
	if (error == 0) {
		set_phase(net, PHASE_OFFERED);
		return 0;
	}
	setup_disconnect(net);
	if (error == -ENOTSUP || error == -EMSGSIZE) {
		set_phase(net, PHASE_DOWN);
		net->unsaid = true;
	}
	return error;
}

static int begin(struct net *net)
{
	int error;

	setup_disconnect(net);
	error = say(net, XenbusStateInitialising);
	if (error == 0)
		set_phase(net, PHASE_WAITING);
	return error;
}

static int reopen(struct net *net)
{
	uint32_t online;
	int error = read_backend(net, "online", 1, &online);

	if (error != 0 || online == 0)
		return error == -ENOENT ? 0 : error;
	return begin(net);
}

static int close_and_say(struct net *net)
{
	state_close(net);
	netfront_log(net, "the backend has closed");
	return 0;
}

static int up(struct net *net)
{
	set_phase(net, PHASE_CONNECTED);
	multicast_join(net);
	netfront_log(net, "connected, %u queue%s", net->queues, net->queues == 1 ? "" : "s");
	return 0;
}

static int stay(struct net *net __rte_unused)
{
	return 0;
}

static int (*const functions[])(struct net *) = {
    [STAY] = stay, [OFFER] = offer, [UP] = up, [CLOSE] = close_and_say, [BEGIN] = begin, [REOPEN] = reopen,
};

/* Absent: the link is up (netif.h, "Link state"). */
static void look_at_carrier(struct net *net)
{
	uint32_t carrier;

	net->carrier = read_backend(net, "carrier", 1, &carrier) != 0 || carrier == 1;
	netfront_update_link(net);
}

static void want_all_multicast(struct net *net)
{
	char path[STORE_PATH_BYTES];

	if (!net->floods || net->floods_said)
		return;
	setup_path(net, path, "request-multicast-control");
	net->floods_said = store_write(path, "0") == 0;
	net->watch.fired |= !net->floods_said;
}

/* One look and what follows from it. Returns 0, or -errno to look again later. */
static int step(struct net *net)
{
	uint32_t state = XenbusStateUnknown;
	int error;

	if (net->unsaid) {
		error = say(net, XenbusStateClosed);
		if (error != 0)
			return error;
		net->unsaid = false;
	}
	error = read_backend(net, "state", STATES - 1, &state);
	if (error != 0 && error != -ENOENT && error != -EINVAL)
		return error;
	return functions[actions[net->phase][state]](net);
}

/* While a connection is being made or ended, the store is asked at each call: its watches tell, but a
 * question may have timed out. */
void state_look(struct net *net)
{
	enum net_phase before = PHASES;
	bool settled = net->phase == PHASE_CONNECTED || (net->phase == PHASE_DOWN && !net->unsaid);

	if (net->phase == PHASE_ABSENT || (settled && !net->watch.fired))
		return;
	net->watch.fired = false;
	for (int i = 0; i < STEPS_MAX && net->phase != before; i++) {
		before = net->phase;
		if (step(net) != 0) {
			net->watch.fired = true;
			break;
		}
	}
	if (net->phase == PHASE_CONNECTED) {
		look_at_carrier(net);
		want_all_multicast(net);
	}
}

void state_appeared(struct net *net)
{
	snprintf(net->watch.path, sizeof(net->watch.path), "%s", net->backend);
	store_watch(&net->watch);
	net->resets = net->frames = 0;
	net->unsaid = net->refuses = net->written = net->floods = net->floods_said = false;
	net->had_vif = true;
	net->carrier = true;
	set_phase(net, PHASE_WAITING);
	say(net, XenbusStateInitialising);
	state_look(net);
}

void state_vanished(struct net *net)
{
	if (net->phase == PHASE_ABSENT)
		return;
	store_unwatch(&net->watch);
	setup_disconnect(net);
	set_phase(net, PHASE_ABSENT);
}

void state_lost(struct net *net)
{
	if (net->phase != PHASE_ABSENT)
		store_unwatch(&net->watch);
	setup_forget(net);
	set_phase(net, PHASE_ABSENT);
}
