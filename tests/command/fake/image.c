/* SPDX-License-Identifier: Apache-2.0
 *
 * A stand-in for an image: it has the notes and the counters of one, and as a process it passes each frame
 * from `lan` to `wan` and back, unchanged. FAKE in the environment makes it misbehave.
 * fake/qemu-system-x86_64 does the same for a VM. So the host command can be tested without an image, and
 * against images that no build makes.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot/handover.h"
#include "nf/stats.h"

enum { RULES = 2, PORTS = 2, FRAME_MAX = 65536 };

static union {
	struct {
		struct stats_page page;
		struct rule_stats rules[RULES];
		struct boot_progress progress;
	};
	char pages[4 * 4096];
} shared __attribute__((section(".weir.stats"), aligned(4096))) = {.page = {.magic = 1}};

#define YAML \
	"name: fake\n" \
	"ports:\n" \
	"  lan: { addresses: [10.0.0.1/24] }\n" \
	"  wan: { addresses: [192.0.2.2/30] }\n" \
	"  guest: { on: lan, vlan: 20, addresses: [10.0.20.1/24] }\n" \
	"chain: [firewall, router]\n" \
	"firewall:\n" \
	"  default: drop\n" \
	"  rules:\n" \
	"    - { accept: any, name: pass }\n"

/* ELF notes: System V ABI, "Note Section". */
static const struct __attribute__((packed)) {
	uint32_t name_bytes, body_bytes, type;
	char name[8];
	struct stats_note body;
} stats_note __attribute__((section(".note.weir,\"a\",@note#"), used, aligned(4))) = {
    sizeof(WEIR_NOTE_NAME),
    sizeof(struct stats_note),
    STATS_NOTE_TYPE,
    WEIR_NOTE_NAME,
    {(uintptr_t)&shared, sizeof(shared), (uintptr_t)&shared.page, (uintptr_t)shared.rules, RULES,
     (uintptr_t)&shared.progress},
};

static const struct __attribute__((packed)) {
	uint32_t name_bytes, body_bytes, type;
	char name[8];
	char body[(sizeof(YAML) + 3) / 4 * 4];
} config_note __attribute__((section(".note.weir,\"a\",@note#"), used, aligned(4))) = {
    sizeof(WEIR_NOTE_NAME), sizeof(config_note.body), CONFIG_NOTE_TYPE, WEIR_NOTE_NAME, YAML,
};

static bool fake(const char *what)
{
	const char *mode = getenv("FAKE");

	return mode && strcmp(mode, what) == 0;
}

static void share(const char *path)
{
	int descriptor = open(path, O_RDWR);

	if (descriptor < 0 || mmap(&shared, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				   descriptor, 0) == MAP_FAILED)
		exit(IMAGE_EXIT_FAILED);
	shared.page.magic = STATS_MAGIC;
	shared.page.version = STATS_VERSION;
	shared.page.bytes = sizeof(shared.page);
	shared.page.ports = PORTS + 1;
	shared.page.drop_reasons = DROP_REASON_COUNT;
	shared.progress.burst_port = -1;
}

/* Nanosecond pcap in and out, as the host command promises: 24 bytes of header, 16 before each frame. */
static void pass(const char *in_path, const char *out_path, struct port_stats *in, struct port_stats *out)
{
	static uint8_t bytes[FRAME_MAX];
	FILE *from = fopen(in_path, "rb"), *to = fopen(out_path, "wb");
	uint32_t header[4];

	if (!from || !to || fread(bytes, 24, 1, from) != 1)
		exit(IMAGE_EXIT_FAILED);
	fwrite(bytes, 24, 1, to);
	while (fread(header, sizeof(header), 1, from) == 1) {
		if (header[2] > FRAME_MAX || fread(bytes, 1, header[2], from) != header[2])
			exit(IMAGE_EXIT_FAILED);
		fwrite(header, sizeof(header), 1, to);
		fwrite(bytes, 1, header[2], to);
		in->rx_packets++;
		in->rx_bytes += header[2];
		out->tx_packets++;
		out->tx_bytes += header[2];
		shared.page.forwarded++;
		shared.rules[0].packets++;
		shared.rules[0].bytes += header[2];
	}
	fclose(from);
	if (fclose(to) != 0)
		exit(IMAGE_EXIT_FAILED);
}

/* "lan=pcap:IN:OUT" */
static void split(char *word, char **in, char **out)
{
	*in = strchr(word, ':') + 1;
	*out = strchr(*in, ':');
	*(*out)++ = '\0';
}

static void replay(char *lan, char *wan)
{
	char *lan_in, *lan_out, *wan_in, *wan_out;

	split(lan, &lan_in, &lan_out);
	split(wan, &wan_in, &wan_out);
	pass(lan_in, wan_out, &shared.page.port[0], &shared.page.port[1]);
	pass(wan_in, lan_out, &shared.page.port[1], &shared.page.port[0]);
	if (fake("vlan")) { /* some of them were guest's */
		shared.page.port[0].tx_packets -= 23;
		shared.page.port[2].tx_packets += 23;
	}
}

int main(int argc, char **argv)
{
	char *lan = NULL, *wan = NULL;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "stats=", 6) == 0)
			share(argv[i] + 6);
		lan = strncmp(argv[i], "lan=pcap:", 9) == 0 ? argv[i] : lan;
		wan = strncmp(argv[i], "wan=pcap:", 9) == 0 ? argv[i] : wan;
	}
	if (fake("refuse")) {
		puts("no network card in slot 7");
		shared.progress.state = PROGRESS_FAILED;
		return IMAGE_EXIT_FAILED;
	}
	shared.progress.state = PROGRESS_READY;
	if (fake("crash")) {
		shared.progress.state = PROGRESS_CRASHED; /* as ring 0 does: the report follows */
		usleep(50000);
		puts("page fault at 0xdead\033[31m");
		return IMAGE_EXIT_CRASHED;
	}
	shared.page.forwarded += fake("unbalanced");
	while (fake("hang") || !lan || !wan)
		pause();
	replay(lan, wan);
	shared.page.magic += fake("garbage");
	shared.progress.state = PROGRESS_DONE;
	return IMAGE_EXIT_DONE;
}
