/* SPDX-License-Identifier: Apache-2.0
 *
 * The counters' objects, and the ELF note that tells the host where they are (nf/stats.h). Everything in
 * section .weir.stats shares pages with nothing else; rule_stats comes from the generated appliance.
 */
#include <rte_common.h>
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/stats.h"
#include "notes.h"

#define STATS_SECTION __attribute__((section(".weir.stats")))

STATS_SECTION struct stats_page stats = {
    .magic = STATS_MAGIC,
    .version = STATS_VERSION,
    .bytes = sizeof(struct stats_page),
    .drop_reasons = DROP_REASON_COUNT,
};
STATS_SECTION volatile struct boot_progress boot_progress = {.burst_port = -1};

/* An absolute symbol's address is its value: numbers that the linker script computes. */
_Static_assert(sizeof(struct rule_stats) == 16, "RULE_STATS_BYTES of boot/weir.ld");
extern const char __weir_stats_bytes[], rule_stats_count[];

struct elf_note {
	uint32_t name_bytes, body_bytes, type;
	char name[RTE_ALIGN(sizeof(WEIR_NOTE_NAME), 4)];
	struct stats_note body;
} __attribute__((packed));

#define ADDRESS(symbol) ((uintptr_t)(symbol))

__attribute__((section(".note.weir.stats"), used, aligned(4))) static const struct elf_note stats_note = {
    .name_bytes = sizeof(WEIR_NOTE_NAME),
    .body_bytes = sizeof(struct stats_note),
    .type = STATS_NOTE_TYPE,
    .name = WEIR_NOTE_NAME,
    .body =
	{
	    .section = ADDRESS(__weir_stats_start),
	    .section_bytes = ADDRESS(__weir_stats_bytes),
	    .page = ADDRESS(&stats),
	    .rules = ADDRESS(rule_stats),
	    .rule_count = ADDRESS(rule_stats_count),
	    .progress = ADDRESS(&boot_progress),
	},
};
