/* SPDX-License-Identifier: Apache-2.0
 *
 * The live view of `weir run`: what an appliance does now, fitted to the terminal. It has the terminal's
 * other screen to itself, so that nothing scrolls and what was there comes back at the end.
 */
#ifndef IMAGES_LIVE_H
#define IMAGES_LIVE_H

#include <stdint.h>
#include <stdio.h>

#include "live_flows.h"
#include "report.h"

/* What went by a second, over the last interval. */
struct port_rates {
	double in_packets, in_bits, out_packets, out_bits;
};

struct live {
	uint64_t sampled_ns; /* 0: not yet */
	struct stats_page sample;
	struct port_rates port[PORTS_MAX];
	double busy;		  /* share of the time in polls that found packets */
	double cycles_per_packet; /* 0: none came */
	struct live_flows flows;
};

/* Takes the counters of this moment; the rates are the difference from the last. */
void live_sample(struct live *live, const struct counters *counters, uint64_t now_ns);

/* Enters and leaves the other screen of the terminal at `out`. */
void live_open(FILE *out);
void live_close(FILE *out);

/* Draws in place, in at most `rows` lines. */
void live_draw(const struct live *live, const struct report *report, FILE *out, int rows);

#endif
