/* SPDX-License-Identifier: Apache-2.0
 *
 * What an image's bytes are for; see anatomy.h.
 */
#include "anatomy.h"

#include <elf.h>
#include <string.h>

const char *const image_part_names[PARTS] = {
    [PART_CODE] = "code",	[PART_CONSTANTS] = "constants", [PART_DATA] = "data",
    [PART_MONITOR] = "monitor", [PART_NAMES] = "names",		[PART_TABLES] = "page-tables",
    [PART_NOTES] = "notes",	[PART_REST] = "rest",
};

/* Parts that their sections' names begin with (boot/weir.ld). */
static const struct {
	const char *name;
	enum image_part part;
} named[] = {
    {".ring0.", PART_MONITOR},	{".image.symbols", PART_NAMES}, {".image.tables", PART_TABLES},
    {".note.weir", PART_NOTES}, {".notes", PART_NOTES},		{".gnu_debuglink", PART_NOTES},
};

static enum image_part part_of(const Elf64_Shdr *section, const char *name)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strncmp(name, named[i].name, strlen(named[i].name)) == 0)
			return named[i].part;
	if (!(section->sh_flags & SHF_ALLOC))
		return PART_REST;
	if (section->sh_flags & SHF_EXECINSTR)
		return PART_CODE;
	return section->sh_flags & SHF_WRITE ? PART_DATA : PART_CONSTANTS;
}

/* The name at an offset in the section of names, or "". */
static const char *name_at(const struct image *image, const Elf64_Shdr *names, uint32_t offset)
{
	if (names->sh_offset > image->size || names->sh_size > image->size - names->sh_offset ||
	    offset >= names->sh_size ||
	    !memchr(image->bytes + names->sh_offset + offset, '\0', names->sh_size - offset))
		return "";
	return (const char *)image->bytes + names->sh_offset + offset;
}

/* image_parse saw that the headers lie in the file. */
static Elf64_Shdr section_at(const struct image *image, const Elf64_Ehdr *header, uint32_t index)
{
	Elf64_Shdr section = {0};

	if (index < header->e_shnum)
		memcpy(&section, image->bytes + header->e_shoff + index * sizeof(section), sizeof(section));
	return section;
}

/* Sections that claim more than there is count as nothing. */
static void take_sections(const struct image *image, const Elf64_Ehdr *header, struct anatomy *anatomy)
{
	Elf64_Shdr names = section_at(image, header, header->e_shstrndx);
	uint64_t left = image->size;

	for (uint32_t i = 0; i < header->e_shnum; i++) {
		Elf64_Shdr section = section_at(image, header, i);

		if (section.sh_type == SHT_NULL || section.sh_type == SHT_NOBITS || section.sh_size > left)
			continue;
		anatomy->bytes[part_of(&section, name_at(image, &names, section.sh_name))] += section.sh_size;
		left -= section.sh_size;
	}
	anatomy->bytes[PART_REST] += left;
}

static void take_segments(const struct image *image, const Elf64_Ehdr *header, struct anatomy *anatomy)
{
	uint64_t start = UINT64_MAX;
	Elf64_Phdr segment;

	for (uint32_t i = 0; i < header->e_phnum; i++) {
		memcpy(&segment, image->bytes + header->e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type != PT_LOAD)
			continue;
		start = segment.p_paddr < start ? segment.p_paddr : start;
		anatomy->linux64 |= segment.p_flags & PF_X && header->e_entry >= segment.p_vaddr &&
				    header->e_entry - segment.p_vaddr < segment.p_filesz;
	}
	anatomy->memory = start < image->notes.end ? image->notes.end - start : 0;
}

/* Its header is in the first 32768 bytes, aligned to 8: magic, architecture, length, and what makes their sum
 * zero. */
static bool has_multiboot2(const struct image *image)
{
	enum { WITHIN = 32768, MAGIC = 0xe85250d6, I386 = 0 };
	uint32_t words[4];

	for (size_t at = 0; at + sizeof(words) <= image->size && at + sizeof(words) <= WITHIN; at += 8) {
		memcpy(words, image->bytes + at, sizeof(words));
		if (words[0] == MAGIC && words[1] == I386 && words[0] + words[1] + words[2] + words[3] == 0)
			return true;
	}
	return false;
}

struct anatomy anatomy_of(const struct image *image)
{
	struct anatomy anatomy = {.pvh = image->notes.pvh, .multiboot2 = has_multiboot2(image)};
	Elf64_Ehdr header;

	memcpy(&header, image->bytes, sizeof(header));
	take_sections(image, &header, &anatomy);
	take_segments(image, &header, &anatomy);
	return anatomy;
}
