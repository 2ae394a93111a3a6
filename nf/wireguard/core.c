/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting the protocol, and its clock; see core.h.
 */
#include <rte_common.h>
#include "allowed.h"
#include "core.h"
#include "handshake.h"
#include "load.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "session.h"
#include "timers.h"
#include "timestamp.h"

enum { TIMERS_AT_ONCE = 64 }; /* peers whose timers fire in one call; some have a keepalive to seal */

int core_init(void)
{
	int error;

	noise_init();
	handshake_init();
	timestamp_init();
	error = load_init();
	if (!error)
		error = path_init();
	if (!error)
		error = session_init();
	if (!error)
		error = timers_init();
	if (!error)
		error = peer_init();
	return error ? error : allowed_init();
}

uint64_t core_tick(bool idle)
{
	timers_run(TIMERS_AT_ONCE);
	handshake_work(idle);
	return RTE_MIN(timers_next(), handshake_next(idle));
}
