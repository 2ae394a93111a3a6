/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading images; see image.h.
 */
#include "image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/handover.h"
#include "command.h"

enum { PHYS32_ENTRY = 18 }; /* XEN_ELFNOTE_PHYS32_ENTRY of Xen's elfnote.h */

struct view {
	const uint8_t *bytes;
	size_t size;
};

static bool within(uint64_t start, uint64_t length, uint64_t size)
{
	return start <= size && length <= size - start;
}

/* Copies out of a view, which need not be aligned. Returns false if it isn't all there. */
static bool copy_out(struct view view, uint64_t offset, void *to, size_t length)
{
	if (!within(offset, length, view.size))
		return false;
	memcpy(to, view.bytes + offset, length);
	return true;
}

/* Lines for a person: what is printed moves no cursor and rings no bell. C1 controls are C2 80 .. C2 9F in
 * UTF-8. */
bool image_is_text(const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;

	for (size_t i = 0; i < length; i++) {
		if ((bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\t') || bytes[i] == 0x7f)
			return false;
		if (bytes[i] == 0xc2 && i + 1 < length && bytes[i + 1] >= 0x80 && bytes[i + 1] < 0xa0)
			return false;
	}
	return true;
}

static const char *check_header(struct view file, Elf64_Ehdr *header)
{
	if (!copy_out(file, 0, header, sizeof(*header)) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF file";
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64 || header->e_type != ET_EXEC)
		return "not a fixed-address x86-64 ELF";
	if (header->e_phentsize != sizeof(Elf64_Phdr) ||
	    !within(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), file.size))
		return "program headers lie outside of the file";
	if (header->e_shnum &&
	    (header->e_shentsize != sizeof(Elf64_Shdr) ||
	     !within(header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr), file.size)))
		return "section headers lie outside of the file";
	return NULL;
}

static bool in_section(const struct stats_note *note, uint64_t address, uint64_t length)
{
	return address >= note->section && within(address - note->section, length, note->section_bytes);
}

static const char *take_stats_note(struct view body, struct image_notes *notes)
{
	struct stats_note *note = &notes->stats;

	if (!copy_out(body, 0, note, sizeof(*note)))
		return "its note about the counters is too short";
	if (note->section % 4096 || note->section_bytes % 4096 || note->section_bytes > IMAGE_STATS_MAX ||
	    !within(note->section, note->section_bytes, IMAGE_ADDRESS_MAX) ||
	    note->rule_count > IMAGE_RULES_MAX)
		return "its note about the counters is absurd";
	if (!in_section(note, note->page, sizeof(struct stats_page)) ||
	    !in_section(note, note->rules, note->rule_count * sizeof(struct rule_stats)) ||
	    !in_section(note, note->progress, sizeof(struct boot_progress)))
		return "its note puts counters outside of their section";
	return NULL;
}

static const char *take_config_note(struct view body, struct image_notes *notes)
{
	const uint8_t *end = memchr(body.bytes, '\0', body.size);

	if (notes->config)
		return "it carries two configurations";
	if (!end)
		return "the configuration that it carries has no end";
	if (!image_is_text((const char *)body.bytes, (size_t)(end - body.bytes)))
		return "the configuration that it carries has control characters";
	notes->config = (const char *)body.bytes;
	notes->config_length = (size_t)(end - body.bytes);
	return NULL;
}

static const char *take_text_note(struct view body, struct image_text *text)
{
	if (text->text)
		return "it carries a note twice";
	if (!image_is_text((const char *)body.bytes, body.size))
		return "what it says of its origin has control characters";
	*text = (struct image_text){(const char *)body.bytes, body.size};
	return NULL;
}

static const char *take_note(uint32_t type, struct view body, struct image_notes *notes)
{
	switch (type) {
	case STATS_NOTE_TYPE:
		return take_stats_note(body, notes);
	case CONFIG_NOTE_TYPE:
		return take_config_note(body, notes);
	case ORIGIN_NOTE_TYPE:
		return take_text_note(body, &notes->origin);
	case SBOM_NOTE_TYPE:
		return take_text_note(body, &notes->sbom);
	default:
		return NULL;
	}
}

static bool is_named(struct view notes, uint64_t name, const Elf64_Nhdr *header, const char *wanted)
{
	return header->n_namesz == strlen(wanted) + 1 &&
	       memcmp(notes.bytes + name, wanted, header->n_namesz) == 0;
}

/* Walks the notes of one segment or section: name and body are padded to 4 bytes, or to 8 where aligned so.
 */
static const char *walk_notes(struct view segment, uint64_t alignment, struct image_notes *notes)
{
	uint64_t pad = alignment == 8 ? 7 : 3, offset = 0;
	Elf64_Nhdr header;

	while (copy_out(segment, offset, &header, sizeof(header))) {
		uint64_t name = offset + sizeof(header);
		uint64_t body = (name + header.n_namesz + pad) & ~pad;
		const char *wrong;

		if (!within(name, header.n_namesz, segment.size) ||
		    !within(body, header.n_descsz, segment.size))
			return "a note is cut off";
		notes->pvh |= is_named(segment, name, &header, "Xen") && header.n_type == PHYS32_ENTRY;
		if (is_named(segment, name, &header, WEIR_NOTE_NAME)) {
			struct view inside = {segment.bytes + body, header.n_descsz};

			wrong = take_note(header.n_type, inside, notes);
			if (wrong)
				return wrong;
		}
		offset = (body + header.n_descsz + pad) & ~pad;
	}
	return NULL;
}

static const char *take_load(struct view segment, const Elf64_Phdr *header, struct image_notes *notes)
{
	if (!within(header->p_paddr, header->p_memsz, IMAGE_ADDRESS_MAX) ||
	    header->p_filesz > header->p_memsz)
		return "a segment lies outside of the memory that a VM has";
	if (header->p_paddr + header->p_memsz > notes->end)
		notes->end = header->p_paddr + header->p_memsz;
	if (segment.size && segment.bytes[0] && !notes->landmark)
		notes->landmark = header->p_paddr;
	return NULL;
}

static const char *walk_segments(struct view file, const Elf64_Ehdr *header, struct image_notes *notes)
{
	const char *wrong = NULL;

	for (uint32_t i = 0; !wrong && i < header->e_phnum; i++) {
		Elf64_Phdr segment;
		struct view inside;

		copy_out(file, header->e_phoff + i * sizeof(segment), &segment, sizeof(segment));
		if (!within(segment.p_offset, segment.p_filesz, file.size))
			return "a segment lies outside of the file";
		inside = (struct view){file.bytes + segment.p_offset, segment.p_filesz};
		if (segment.p_type == PT_NOTE)
			wrong = walk_notes(inside, segment.p_align, notes);
		else if (segment.p_type == PT_LOAD)
			wrong = take_load(inside, &segment, notes);
	}
	return wrong;
}

/* Sections with notes that no segment has. */
static const char *walk_sections(struct view file, const Elf64_Ehdr *header, struct image_notes *notes)
{
	const char *wrong = NULL;

	for (uint32_t i = 0; !wrong && i < header->e_shnum; i++) {
		Elf64_Shdr section;

		copy_out(file, header->e_shoff + i * sizeof(section), &section, sizeof(section));
		if (section.sh_type != SHT_NOTE || section.sh_flags & SHF_ALLOC)
			continue;
		if (!within(section.sh_offset, section.sh_size, file.size))
			return "a section lies outside of the file";
		wrong = walk_notes((struct view){file.bytes + section.sh_offset, section.sh_size},
				   section.sh_addralign, notes);
	}
	return wrong;
}

const char *image_parse(const uint8_t *bytes, size_t size, struct image_notes *notes)
{
	struct view file = {bytes, size};
	Elf64_Ehdr header;
	const char *wrong = check_header(file, &header);

	*notes = (struct image_notes){0};
	if (!wrong)
		wrong = walk_segments(file, &header, notes);
	if (!wrong)
		wrong = walk_sections(file, &header, notes);
	if (!wrong && (!notes->stats.section || !notes->config))
		wrong = "an ELF file, but not an image that `weir build` made";
	return wrong;
}

static int parse_config(struct image *image)
{
	struct diagnostics *diagnostics = diagnostics_create();
	int status = STATUS_DONE;

	image->config =
	    config_parse(image->notes.config, image->notes.config_length, image->path, diagnostics);
	if (!image->config) {
		status =
		    failed("%s: this version of weir does not understand the configuration that the image "
			   "carries; build it again",
			   image->path);
		diagnostics_print(diagnostics, stderr, *colour(stderr, COLOUR_RED));
	} else if (image->config->rule_count != image->notes.stats.rule_count) {
		status =
		    failed("%s: counters and configuration disagree on the number of rules", image->path);
	}
	diagnostics_destroy(diagnostics);
	return status;
}

static int map_file(struct image *image, int descriptor)
{
	struct stat about;

	if (fstat(descriptor, &about) < 0 || !S_ISREG(about.st_mode))
		return failed("%s: not a file", image->path);
	if (about.st_size == 0)
		return failed("%s: the file is empty", image->path);
	image->size = (size_t)about.st_size;
	image->bytes = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (image->bytes == MAP_FAILED) {
		image->bytes = NULL;
		return failed("%s: cannot map the image: %s", image->path, strerror(errno));
	}
	return STATUS_DONE;
}

int image_open_notes(struct image *image, const char *path)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC), status;
	const char *wrong;

	*image = (struct image){.path = path};
	if (descriptor < 0)
		return failed("%s: cannot read the image: %s", path, strerror(errno));
	status = map_file(image, descriptor);
	close(descriptor);
	if (status != STATUS_DONE)
		return status;
	wrong = image_parse(image->bytes, image->size, &image->notes);
	status = wrong ? failed("%s: %s", path, wrong) : STATUS_DONE;
	if (status != STATUS_DONE)
		image_close(image);
	return status;
}

int image_open(struct image *image, const char *path)
{
	int status = image_open_notes(image, path);

	if (status == STATUS_DONE)
		status = parse_config(image);
	if (status != STATUS_DONE)
		image_close(image);
	return status;
}

void image_close(struct image *image)
{
	if (image->config)
		config_free(image->config);
	if (image->bytes)
		munmap((void *)image->bytes, image->size);
	*image = (struct image){0};
}

int image_port(const struct image *image, const char *name, size_t length)
{
	for (size_t i = 0; i < image->config->port_count; i++) {
		const char *candidate = image->config->ports[i].name;

		if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
			return (int)i;
	}
	return -1;
}
