/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the table that images/tables.awk describes and writes. Called by crash.c, so it must not fault: the
 * table is the link's, and read-only.
 */
#include <stddef.h>
#include "symbols.h"
#include "string.h"

enum { NAMES_PER_BLOCK = 16 };

struct block {
	uint32_t address, names;
};

extern const struct block symbol_index[], symbol_index_end[];
extern const uint8_t symbol_names[];
extern char __text_start[], __data_start[], __ring0_text_start[], __ring0_rodata_start[];

static bool in_code(uint64_t address)
{
	return (address >= (uintptr_t)__text_start && address < (uintptr_t)__data_start) ||
	       (address >= (uintptr_t)__ring0_text_start && address < (uintptr_t)__ring0_rodata_start);
}

static const struct block *find_block(uint64_t address)
{
	size_t low = 0, high = symbol_index_end - symbol_index;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (symbol_index[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbol_index[low - 1] : NULL;
}

static uint64_t read_uleb128(const uint8_t **at)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	do {
		value |= (uint64_t)(**at & 0x7f) << shift;
		shift += 7;
	} while (*(*at)++ & 0x80);
	return value;
}

/* Replaces what follows the first `shared` characters of `name`. */
static const uint8_t *read_suffix(const uint8_t *at, char *name, unsigned int shared)
{
	for (; *at; at++, shared++)
		if (shared < SYMBOL_NAME_BYTES - 1)
			name[shared] = (char)*at;
	name[shared < SYMBOL_NAME_BYTES - 1 ? shared : SYMBOL_NAME_BYTES - 1] = '\0';
	return at + 1;
}

bool symbol_find(uint64_t address, struct symbol *symbol)
{
	const struct block *block = in_code(address) ? find_block(address) : NULL;

	if (!block)
		return false;
	const uint8_t *at = symbol_names + block->names;
	const uint8_t *end =
	    block + 1 < symbol_index_end ? symbol_names + block[1].names : (const uint8_t *)symbol_index;
	uint64_t function = block->address;

	for (int i = 0; i < NAMES_PER_BLOCK && at < end; i++) {
		function += read_uleb128(&at);
		if (function > address)
			break;
		symbol->offset = address - function;
		at = read_suffix(at + 1, symbol->name, *at);
	}
	return true;
}
