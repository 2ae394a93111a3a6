/* SPDX-License-Identifier: Apache-2.0
 *
 * What an image did: as a table for a person, as JSON for a program.
 */
#ifndef IMAGES_REPORT_H
#define IMAGES_REPORT_H

#include <stdio.h>
#include <jansson.h>

#include "capture.h"
#include "counters.h"
#include "flow_list.h"
#include "instance.h"
#include "tunnel_list.h"

struct report {
	const struct instance *instance;
	const struct counters *counters;
	uint64_t elapsed_ns;
	const struct capture_reader *in; /* by device, of a replay; else NULL */
	const struct capture_writer *out;
	const struct flow_list *flows;	   /* to be listed, or NULL */
	const struct tunnel_list *tunnels; /* NULL: none */
	bool all_flows;			   /* of a replay: all there are, not only those that carried most */
};

struct reason_text {
	const char *name, *meaning;
};
extern const struct reason_text reason_texts[DROP_REASON_COUNT];
extern const char *const action_names[]; /* by enum config_action */

/* How long the parts of booting took, in nanoseconds. A process has neither QEMU, firmware nor ring 0. */
struct boot_split {
	uint64_t qemu, firmware, ring0, ring3, total;
};
struct boot_split boot_split(const struct report *report);

void report_print(const struct report *report, FILE *out);

/* The line that says what it ran on. */
void report_print_machine(const struct instance *instance, FILE *out);

/* A new reference. */
json_t *report_json(const struct report *report);

/* Writes it as one line, or indented for a person. */
void report_print_json(const struct report *report, FILE *out, bool indented);

/* What was left undone by a rate limit: 0 log lines, 1 ICMP errors. Returns false where nothing was. */
enum { REPORT_NOTICES = 2, REPORT_NOTICE_MAX = 120 };
bool report_notice(const struct report *report, int which, char text[REPORT_NOTICE_MAX]);

/* "1,234,567": in one of a few static places, so that one printf can have several. */
const char *grouped(uint64_t value);

#endif
