/* SPDX-License-Identifier: Apache-2.0
 *
 * Every way that the appliance will know, whatever wrote it: for checks that look destinations up.
 */
#ifndef CONFIG_WAYS_H
#define CONFIG_WAYS_H

#include "prefixes.h"

enum way_origin { FROM_NETWORK, FROM_GATEWAY, FROM_ROUTE };

struct way {
	struct config_prefix prefix; /* first: prefixes.h */
	enum way_origin origin;
	const struct config_port *port;	  /* where it leads; NULL: nowhere */
	const struct config_route *route; /* FROM_ROUTE */
	struct config_place place;
};

/* Sorted by prefix, then by origin and place. The caller frees it. */
struct way *ways_collect(const struct config *config, size_t *count);

#endif
