/* SPDX-License-Identifier: Apache-2.0
 *
 * images/image.c, images/anatomy.c, images/origin.c, images/counters.c and images/ports.c against images that
 * lie: every length, and rows of single wrong fields. Each file is a block of its own size, so that the
 * sanitizer sees the first byte read beyond it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <elf.h>
#include <cmocka.h>

#include "boot/handover.h"
#include "images/anatomy.h"
#include "images/command.h"
#include "images/counters.h"
#include "images/image.h"
#include "images/origin.h"
#include "images/ports.h"

enum {
	SECTION = 0x400000,
	SECTION_BYTES = 0x4000,
	RULES = 3,
	RULES_AT = SECTION + 0x3000,
	PROGRESS_AT = SECTION + 0x3800
};

#define ZEROS	"0000000000000000000000000000000000000000000000000000000000000000"
#define ORIGIN	"sources " ZEROS "\nbytes 12 SPDXRef-x\n"
#define PACKAGE "{\"SPDXID\":\"SPDXRef-x\",\"name\":\"x\",\"versionInfo\":\"1\"}"
#define SBOM \
	"{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[" PACKAGE \
	"],\"relationships\":[{\"spdxElementId\":\"i\"," \
	"\"relationshipType\":\"STATIC_LINK\",\"relatedSpdxElement\":\"SPDXRef-x\"}]}"

/* A whole image, as small as can be: one loaded segment, one with a note, a section with the other notes. The
 * section headers come before them, so that each length cuts something off. */
struct __attribute__((packed)) file {
	Elf64_Ehdr header;
	Elf64_Phdr load, notes;
	Elf64_Shdr names, others;
	struct __attribute__((packed)) {
		Elf64_Nhdr header;
		char name[8];
		struct stats_note body;
	} stats;
	struct __attribute__((packed)) {
		Elf64_Nhdr header;
		char name[8];
		char body[12];
	} config;
	struct __attribute__((packed)) {
		Elf64_Nhdr header;
		char name[8];
		char body[(sizeof(ORIGIN) + 2) / 4 * 4];
	} origin;
	struct __attribute__((packed)) {
		Elf64_Nhdr header;
		char name[8];
		char body[(sizeof(SBOM) + 2) / 4 * 4];
	} sbom;
};

static const struct file good = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	       .e_type = ET_EXEC,
	       .e_machine = EM_X86_64,
	       .e_phoff = offsetof(struct file, load),
	       .e_phentsize = sizeof(Elf64_Phdr),
	       .e_phnum = 2,
	       .e_shoff = offsetof(struct file, names),
	       .e_shentsize = sizeof(Elf64_Shdr),
	       .e_shnum = 2},
    .load = {.p_type = PT_LOAD, .p_offset = 0, .p_paddr = SECTION, .p_filesz = 64, .p_memsz = SECTION_BYTES},
    .notes = {.p_type = PT_NOTE,
	      .p_offset = offsetof(struct file, stats),
	      .p_filesz = offsetof(struct file, config) - offsetof(struct file, stats),
	      .p_align = 4},
    .others = {.sh_type = SHT_NOTE,
	       .sh_offset = offsetof(struct file, config),
	       .sh_size = sizeof(struct file) - offsetof(struct file, config),
	       .sh_addralign = 4},
    .stats = {{sizeof(WEIR_NOTE_NAME), sizeof(struct stats_note), STATS_NOTE_TYPE},
	      WEIR_NOTE_NAME,
	      {SECTION, SECTION_BYTES, SECTION, RULES_AT, RULES, PROGRESS_AT}},
    .config = {{sizeof(WEIR_NOTE_NAME), 12, CONFIG_NOTE_TYPE}, WEIR_NOTE_NAME, "name: small"},
    .origin = {{sizeof(WEIR_NOTE_NAME), sizeof(ORIGIN) - 1, ORIGIN_NOTE_TYPE}, WEIR_NOTE_NAME, ORIGIN},
    .sbom = {{sizeof(WEIR_NOTE_NAME), sizeof(SBOM) - 1, SBOM_NOTE_TYPE}, WEIR_NOTE_NAME, SBOM},
};

static const char *parse(const void *bytes, size_t size, struct image_notes *notes)
{
	uint8_t *copy = malloc(size ? size : 1);
	const char *wrong;

	memcpy(copy, bytes, size);
	wrong = image_parse(copy, size, notes);
	if (!wrong) {
		struct image image = {.bytes = copy, .size = size, .notes = *notes};
		struct origin origin;

		assert_int_equal(strnlen(notes->config, sizeof(good)), notes->config_length);
		anatomy_of(&image);
		wrong = origin_read(&origin, notes);
		origin_free(&origin);
	}
	free(copy);
	return wrong;
}

static void test_good(void **state)
{
	struct image_notes notes;

	(void)state;
	assert_null(parse(&good, sizeof(good), &notes));
	assert_int_equal(notes.stats.rules, RULES_AT);
	assert_int_equal(notes.config_length, strlen("name: small"));
	assert_int_equal(notes.end, SECTION + SECTION_BYTES);
	assert_int_equal(notes.landmark, SECTION);
	assert_int_equal(notes.origin.length, strlen(ORIGIN));
	assert_int_equal(notes.sbom.length, strlen(SBOM));
	assert_false(notes.pvh);
}

static void test_good_origin(void **state)
{
	struct image_notes notes;
	struct origin origin;

	(void)state;
	assert_null(image_parse((const uint8_t *)&good, sizeof(good), &notes));
	assert_null(origin_read(&origin, &notes));
	assert_string_equal(origin.sources, ZEROS);
	assert_int_equal(origin.package_count, 1);
	assert_int_equal(origin.packages[0].role, ORIGIN_LINKED);
	assert_int_equal(origin.packages[0].bytes, 12);
	origin_free(&origin);
}

static void test_anatomy(void **state)
{
	struct image image = {.bytes = (const uint8_t *)&good, .size = sizeof(good)};
	struct anatomy anatomy;
	uint64_t sum = 0;

	(void)state;
	assert_null(image_parse(image.bytes, image.size, &image.notes));
	anatomy = anatomy_of(&image);
	for (enum image_part part = 0; part < PARTS; part++)
		sum += anatomy.bytes[part];
	assert_int_equal(sum, image.size);
	assert_int_equal(anatomy.memory, SECTION_BYTES);
	assert_false(anatomy.pvh || anatomy.linux64 || anatomy.multiboot2);
}

static void test_every_length(void **state)
{
	struct image_notes notes;

	(void)state;
	for (size_t size = 0; size < sizeof(good); size++)
		assert_non_null(parse(&good, size, &notes));
}

#define FIELD(field) offsetof(struct file, field), sizeof(((struct file *)0)->field)

static const struct lie {
	const char *name;
	size_t offset, size;
	uint64_t value;
	const char *expected;
} lies[] = {
    {"magic", 0, 1, 0, "not an ELF"},
    {"class", 4, 1, ELFCLASS32, "x86-64"},
    {"byte order", 5, 1, ELFDATA2MSB, "x86-64"},
    {"machine", FIELD(header.e_machine), EM_AARCH64, "x86-64"},
    {"position-independent", FIELD(header.e_type), ET_DYN, "fixed-address"},
    {"headers far away", FIELD(header.e_phoff), UINT64_MAX - 8, "program headers"},
    {"many headers", FIELD(header.e_phnum), 0xffff, "program headers"},
    {"headers of another size", FIELD(header.e_phentsize), 1, "program headers"},
    {"segment far away", FIELD(notes.p_offset), UINT64_MAX, "segment lies outside"},
    {"segment of all bytes", FIELD(notes.p_filesz), UINT64_MAX, "segment lies outside"},
    {"segment that wraps", FIELD(load.p_filesz), UINT64_MAX - 32, "segment lies outside"},
    {"loaded too high", FIELD(load.p_paddr), 1 << 30, "memory that a VM has"},
    {"loaded and wraps", FIELD(load.p_memsz), UINT64_MAX, "memory that a VM has"},
    {"less memory than file", FIELD(load.p_memsz), 1, "memory that a VM has"},
    {"huge note name", FIELD(stats.header.n_namesz), UINT32_MAX, "cut off"},
    {"huge note body", FIELD(stats.header.n_descsz), UINT32_MAX, "cut off"},
    {"short counters note", FIELD(stats.header.n_descsz), 44, "too short"},
    {"no counters note", FIELD(stats.header.n_type), 77, "not an image"},
    {"no configuration", FIELD(config.header.n_type), 77, "not an image"},
    {"another's note", FIELD(stats.name), 0x58, "not an image"},
    {"endless configuration", FIELD(config.header.n_descsz), 11, "has no end"},
    {"section not of pages", FIELD(stats.body.section), SECTION + 8, "absurd"},
    {"section too high", FIELD(stats.body.section), UINT64_MAX & ~4095ull, "absurd"},
    {"section too large", FIELD(stats.body.section_bytes), 1ull << 40, "absurd"},
    {"rules without number", FIELD(stats.body.rule_count), UINT64_MAX / 16 + 2, "absurd"},
    {"too many rules", FIELD(stats.body.rule_count), 0x101, "outside of their section"},
    {"page below", FIELD(stats.body.page), SECTION - 8, "outside of their section"},
    {"page over the end", FIELD(stats.body.page), SECTION + SECTION_BYTES - 64, "outside of their section"},
    {"progress over the end", FIELD(stats.body.progress), SECTION + SECTION_BYTES - 8,
     "outside of their section"},
    {"sections far away", FIELD(header.e_shoff), UINT64_MAX - 8, "section headers"},
    {"many sections", FIELD(header.e_shnum), 0xffff, "section headers"},
    {"section headers of another size", FIELD(header.e_shentsize), 1, "section headers"},
    {"notes far away", FIELD(others.sh_offset), UINT64_MAX, "section lies outside"},
    {"notes of all bytes", FIELD(others.sh_size), UINT64_MAX, "section lies outside"},
    {"notes that are loaded", FIELD(others.sh_flags), SHF_ALLOC, "not an image"},
    {"two configurations", FIELD(origin.header.n_type), CONFIG_NOTE_TYPE, "two configurations"},
    {"two SBOMs", FIELD(origin.header.n_type), SBOM_NOTE_TYPE, "twice"},
    {"configuration with an escape", FIELD(config.body[3]), 27, "control characters"},
    {"configuration with a C1 control", offsetof(struct file, config.body[6]), 2, 0x9bc2,
     "control characters"},
    {"origin with a bell", FIELD(origin.body[3]), 7, "control characters"},
    {"hash that is none", FIELD(origin.body[20]), 'x', "hash that is none"},
    {"hash that is too short", FIELD(origin.body[40]), '\n', "hash that is none"},
    {"size that is none", FIELD(origin.body[79]), 'x', "size that is none"},
    {"SBOM that is no JSON", FIELD(sbom.body[0]), 'x', "not SPDX"},
    {"SBOM that ends too early", FIELD(sbom.header.n_descsz), sizeof(SBOM) - 9, "not SPDX"},
    {"SBOM of another version", FIELD(sbom.body[23]), '4', "another version"},
    {"package without an ID", FIELD(sbom.body[43]), 'x', "without a name"},
    {"rules far away", FIELD(stats.body.rules), UINT64_MAX - 4, "outside of their section"},
};

static void test_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct file file = good;
		struct image_notes notes;
		const char *wrong;

		memcpy((uint8_t *)&file + lies[i].offset, &lies[i].value,
		       lies[i].size < sizeof(uint64_t) ? lies[i].size : sizeof(uint64_t));
		wrong = parse(&file, sizeof(file), &notes);
		if (!wrong || !strstr(wrong, lies[i].expected))
			fail_msg("%s: \"%s\" instead of \"%s\"", lies[i].name, wrong ? wrong : "good",
				 lies[i].expected);
	}
}

/* Whatever one byte says, the parser stays inside. */
static void test_every_byte(void **state)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

	(void)state;
	for (size_t i = 0; i < sizeof(good) * sizeof(values); i++) {
		struct file file = good;
		struct image_notes notes;

		((uint8_t *)&file)[i / sizeof(values)] = values[i % sizeof(values)];
		parse(&file, sizeof(file), &notes);
	}
}

static struct image_notes good_notes(void)
{
	struct image_notes notes = {.stats = good.stats.body};

	return notes;
}

static const struct {
	const char *name;
	size_t offset;
	uint32_t value;
	bool readable;
} pages[] = {
    {"as it should be", offsetof(struct stats_page, ports), 2, true},
    {"as many ports as there can be", offsetof(struct stats_page, ports), PORTS_MAX, true},
    {"more ports than there can be", offsetof(struct stats_page, ports), PORTS_MAX + 1, false},
    {"no magic", offsetof(struct stats_page, magic), 0, false},
    {"another version", offsetof(struct stats_page, version), STATS_VERSION + 1, false},
    {"another size", offsetof(struct stats_page, bytes), 64, false},
    {"other reasons", offsetof(struct stats_page, drop_reasons), DROP_REASON_COUNT + 1, false},
};

static void test_pages(void **state)
{
	struct image_notes notes = good_notes();

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		uint8_t *bytes = calloc(1, SECTION_BYTES);
		struct counters_memory memory = {.bytes = bytes, .size = SECTION_BYTES, .base = SECTION};
		struct stats_page *page = (struct stats_page *)bytes;
		struct counters counters;

		*page = (struct stats_page){.magic = STATS_MAGIC,
					    .version = STATS_VERSION,
					    .bytes = sizeof(*page),
					    .ports = 1,
					    .drop_reasons = DROP_REASON_COUNT};
		memcpy(bytes + pages[i].offset, &pages[i].value, sizeof(pages[i].value));
		assert_int_equal(counters_create(&counters, &notes), STATUS_DONE);
		if (counters_read(&memory, &notes, &counters) != pages[i].readable)
			fail_msg("%s: read wrongly", pages[i].name);
		counters_destroy(&counters);
		free(bytes);
	}
}

/* A VM with less memory than the image's addresses need: nothing is read beyond it. */
static void test_memory_too_small(void **state)
{
	struct image_notes notes = good_notes();
	struct boot_progress progress;
	struct counters counters;

	(void)state;
	assert_int_equal(counters_create(&counters, &notes), STATUS_DONE);
	for (size_t size = 0; size < SECTION_BYTES; size += 509) {
		uint8_t *bytes = calloc(1, size ? size : 1);
		struct counters_memory memory = {.bytes = bytes, .size = size, .base = SECTION};

		counters_progress(&memory, &notes, &progress);
		assert_int_equal(progress.state, PROGRESS_NONE);
		assert_false(counters_read(&memory, &notes, &counters));
		memory.base = SECTION + 8;
		assert_false(counters_read(&memory, &notes, &counters));
		free(bytes);
	}
	counters_destroy(&counters);
}

static void test_books(void **state)
{
	struct counters counters = {
	    .page = {.ports = 2, .forwarded = 5, .consumed = 1, .held = 2, .originated = 3}};
	struct books books;

	(void)state;
	counters.page.port[0].rx_packets = 6;
	counters.page.port[1].rx_packets = 3;
	counters.page.port[1].tx_packets = 8;
	counters.page.dropped[DROP_RUNT] = 1;
	books = counters_books(&counters);
	assert_true(books.received_balance && books.sent_balance);
	counters.page.port[2].rx_packets = 1; /* no such port: does not count */
	assert_true(counters_books(&counters).received_balance);
	counters.page.dropped[DROP_NO_BUFFER] = 1;
	assert_false(counters_books(&counters).received_balance);
	counters.page.fragmented = 1;
	assert_false(counters_books(&counters).sent_balance);
	counters.page.fragments = 1;
	assert_true(counters_books(&counters).sent_balance);
}

static struct config_port ports[] = {
    {.name = "lan", .device = 0, .slot = 2},
    {.name = "wan", .device = 1, .mac_given = true, .mac = {2, 0, 0, 0, 0, 9}},
    {.name = "guest", .device = 0, .vlan = 20},
};
static struct config config = {.ports = ports, .port_count = 3, .device_count = 2};

static void test_port_values(void **state)
{
	static const struct {
		const char *argument;
		int status;
	} rows[] = {
	    {"lan=a.pcap", STATUS_DONE}, {"lan=b.pcap", STATUS_USAGE}, {"wan=a=b", STATUS_DONE},
	    {"la=a", STATUS_USAGE},	 {"lanx=a", STATUS_USAGE},     {"guest=a", STATUS_USAGE},
	    {"=a", STATUS_USAGE},	 {"", STATUS_USAGE},	       {"lan", STATUS_USAGE},
	    {"wan=", STATUS_USAGE},
	};
	struct image image = {.path = "image", .config = &config};
	struct port_values values = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(port_values_add(&values, &image, "--in", rows[i].argument), rows[i].status);
	assert_string_equal(values.values[0], "a.pcap");
	assert_string_equal(values.values[1], "a=b");
}

static void test_placement(void **state)
{
	struct image image = {.path = "image", .config = &config};
	struct launch launch = {.image = &image};
	size_t slots[INSTANCE_CARDS_MAX];

	(void)state;
	assert_int_equal(ports_place(&launch, slots), STATUS_DONE);
	assert_int_equal(slots[0], 2); /* where the configuration says */
	assert_int_equal(slots[1], 0); /* the first place that is free */
	assert_int_equal(launch.card_count, 3);
	assert_int_equal(launch.cards[0].mac[5], 9);
	ports[0].slot = INSTANCE_CARDS_MAX;
	assert_int_equal(ports_place(&launch, slots), STATUS_FAILED);
	ports[0].slot = 2;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),      cmocka_unit_test(test_good_origin),
	    cmocka_unit_test(test_anatomy),   cmocka_unit_test(test_every_length),
	    cmocka_unit_test(test_lies),      cmocka_unit_test(test_every_byte),
	    cmocka_unit_test(test_pages),     cmocka_unit_test(test_memory_too_small),
	    cmocka_unit_test(test_books),     cmocka_unit_test(test_port_values),
	    cmocka_unit_test(test_placement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
