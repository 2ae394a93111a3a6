/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows that carry most, over the last interval: for the live view. Once a second all records that were
 * ever used are looked at, of a million about 200 MB: some 50 ms of the host's time, none of the image's.
 */
#ifndef IMAGES_LIVE_FLOWS_H
#define IMAGES_LIVE_FLOWS_H

#include "flow_list.h"

enum { TALKERS_MAX = 10 };

struct talker {
	struct flow_record record;
	double packets, bits; /* a second, both directions */
};

struct live_flows {
	uint64_t *bytes, *packets; /* by record: what it had at the last look */
	size_t room;
	uint64_t looked_ns, created; /* at the last look */
	double new_flows;	     /* a second */
	struct talker talkers[TALKERS_MAX];
	size_t talker_count;
};

void live_flows_look(struct live_flows *live, const struct counters_memory *memory,
		     const struct stats_page *page, uint64_t now_ns);
void live_flows_free(struct live_flows *live);

#endif
