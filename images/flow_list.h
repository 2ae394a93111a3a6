/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of an image, out of its memory: which there are, in what order, and how they read. Records are
 * outside input, and change while they are read: each is copied, and what makes no sense is left out.
 */
#ifndef IMAGES_FLOW_LIST_H
#define IMAGES_FLOW_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

#include "counters.h"
#include "nf/flow/record.h"

enum flow_order { ORDER_BYTES, ORDER_PACKETS, ORDER_AGE, ORDER_IDLE, ORDERS };
extern const char *const flow_order_names[ORDERS];

/* Which flows: all that each given thing is true of. */
struct flow_filter {
	int protocol;	   /* -1: any */
	const char *state; /* name, or NULL */
	bool by_address;
	struct config_prefix address; /* either end's, before or after translation */
	int port;		      /* either end's; -1: any */
};

struct flow_entry {
	struct flow_record record;
	uint32_t number;
};

struct flow_list {
	struct flow_entry *entries;
	size_t count, total; /* total: how many fit the filter, of which `count` are here */
	uint32_t now;	     /* in FLOW_TICK_NS */
};

/* Collects up to `most` flows (0: all), the first of the order. Returns false where the image's table makes
 * no sense; true with an empty list where it tracks none. */
bool flow_list_read(struct flow_list *list, const struct counters_memory *memory,
		    const struct stats_page *page, const struct flow_filter *filter, enum flow_order order,
		    size_t most);
void flow_list_free(struct flow_list *list);

/* A copy of one record. False: it is free, or makes no sense. */
bool flow_read(const struct counters_memory *memory, const struct stats_page *page, uint32_t number,
	       struct flow_record *record);

/* A table with a line each; `config` has the names. */
void flow_list_print(const struct flow_list *list, const struct config *config, FILE *out);

/* New references. */
json_t *flow_list_json(const struct flow_list *list, const struct config *config);
json_t *flow_stats_json(const struct stats_page *page);

/* "10.0.0.7:4242 > 192.0.2.1:80" of one direction; `text` has room for FLOW_TEXT_MAX. */
enum { FLOW_TEXT_MAX = 120 };
const char *flow_text(const struct flow_record *record, enum flow_direction direction, char *text);
const char *flow_protocol(const struct flow_record *record);
const char *flow_state(const struct flow_record *record);

#endif
