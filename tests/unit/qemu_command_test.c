/* SPDX-License-Identifier: Apache-2.0
 *
 * What of QEMU's command line depends on the machine and its number of cards: where the source of random
 * numbers goes, and when there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "images/qemu_command.h"

enum { LINE_BYTES = 16384 };

static const struct row {
	const char *name;
	enum machine machine;
	bool makes_keys;
	size_t cards;
	const char *has[3], *lacks[2];
} rows[] = {
    {"microvm without keys", MACHINE_MICROVM, false, 2, {"acpi=off"}, {"rng", "dump-guest-core"}},
    {"q35 without keys", MACHINE_Q35, false, 2, {"q35"}, {"rng", "vmgenid"}},
    {"microvm",
     MACHINE_MICROVM,
     true,
     2,
     {"acpi=off,dump-guest-core=off",
      "-object rng-builtin,id=entropy -device virtio-rng-device,rng=entropy,bus=virtio-mmio-bus.2"},
     {"vmgenid"}},
    {"microvm, the last of the first places",
     MACHINE_MICROVM,
     true,
     7,
     {"acpi=off", "bus=virtio-mmio-bus.7"},
     {"virtio_mmio.device"}},
    {"microvm, one place more",
     MACHINE_MICROVM,
     true,
     8,
     {"ioapic2=on", "rng=entropy,bus=virtio-mmio-bus.8", "virtio_mmio.device=512@0xfeb01000:32"},
     {"acpi=off"}},
    {"microvm, no place more", MACHINE_MICROVM, true, 24, {"virtio-mmio-bus.23"}, {"rng", "vmgenid"}},
    {"q35",
     MACHINE_Q35,
     true,
     2,
     {"virtio-rng-pci,disable-legacy=on,rng=entropy,bus=pcie.0,addr=3", "-device vmgenid,guid=auto",
      "smbus=off,dump-guest-core=off"},
     {NULL}},
    {"q35, no place more", MACHINE_Q35, true, 30, {"addr=1e", "vmgenid"}, {"rng"}},
};

static void join(char *line, const struct arguments *arguments)
{
	size_t used = 0;

	for (size_t i = 0; arguments->words[i]; i++)
		used += (size_t)snprintf(line + used, LINE_BYTES - used, "%s%s", i ? " " : "",
					 arguments->words[i]);
	assert_true(used < LINE_BYTES);
}

static void each_row(void **state)
{
	static const struct qemu_processor processor = {ACCELERATOR_TCG, "tcg", "max"};
	static struct config config = {.memory = 64 << 20};
	static const struct image image = {.path = "image", .config = &config};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct launch launch = {.image = &image,
					.machine = row->machine,
					.makes_keys = row->makes_keys,
					.words = "",
					.card_count = row->cards};
		struct arguments arguments = {0};
		char line[LINE_BYTES];

		config.tunnel_count = row->makes_keys;
		for (size_t card = 0; card < row->cards; card++)
			launch.cards[card].stream = -1;
		print_message("  %s\n", row->name);
		qemu_command(&arguments, &launch, &processor, -1);
		join(line, &arguments);
		for (int j = 0; j < 3 && row->has[j]; j++)
			assert_non_null(strstr(line, row->has[j]));
		for (int j = 0; j < 2 && row->lacks[j]; j++)
			assert_null(strstr(line, row->lacks[j]));
		arguments_free(&arguments);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_row)};

	return cmocka_run_group_tests_name("qemu_command", tests, NULL, NULL);
}
