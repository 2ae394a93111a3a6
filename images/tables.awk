# SPDX-License-Identifier: Apache-2.0
#
# From `nm -n -t d` of an image's first link to the assembler source of what ring 0 wants ready-made, because
# it may run very slowly: the page tables of the image, and the names of its functions for crash reports.
# Called by images/link; boot/weir.ld places the result; boot/ring0/{paging,symbols}.c read it.

BEGIN {
	PAGE = 4096; LARGE = 2097152; PER_TABLE = 512; NAMES_PER_BLOCK = 16
	# Intel SDM volume 3, section 4.5. Accessed and dirty are set from the start: nobody reads them.
	PRESENT = 1; WRITABLE = 2; USER = 4; ACCESSED = 32; DIRTY = 64; LARGE_PAGE = 128
	READ = PRESENT + ACCESSED; WRITE = READ + WRITABLE + DIRTY
	NO_EXECUTE = "0x8000000000000000 + "
}

$2 ~ /^[tTwWiu]$/ && !($1 in seen) && $3 !~ /^__(text|data|rodata|ring0)_/ {
	seen[$1] = 1
	address[functions] = $1 + 0
	name[functions++] = $3
}

$3 ~ /^__/ { symbol[$3] = $1 + 0 }
$3 ~ /^__guard_/ { guard[$1 + 0] = 1 }

END {
	emit_symbols()
	emit_page_tables()
	print "\t.section .note.GNU-stack, \"\", @progbits"
}

function in_code(at)
{
	return (at >= symbol["__text_start"] && at < symbol["__data_start"]) || \
		(at >= symbol["__ring0_text_start"] && at < symbol["__ring0_rodata_start"])
}

function shared_prefix(a, b,    n)
{
	while (n < 255 && n < length(a) && n < length(b) && substr(a, n + 1, 1) == substr(b, n + 1, 1))
		n++
	return n + 0
}

# An index of blocks {address, offset of the block's names}; each name is the distance to the function before it,
# the number of characters it shares with that one's name, and the others. A block's first shares none.
function emit_symbols(    i, n, previous, before, index_text, shared)
{
	symbol_bytes = 0
	print "\t.section .image.symbols, \"a\"\n\t.globl symbol_names\nsymbol_names:"
	for (i = 0; i < functions; i++) {
		if (!in_code(address[i]))
			continue
		if (n % NAMES_PER_BLOCK == 0) {
			index_text = index_text sprintf("\t.long %d, %d\n", address[i], symbol_bytes)
			previous = ""
			before = address[i]
		}
		shared = shared_prefix(previous, name[i])
		printf "\t.uleb128 %d\n\t.byte %d\n\t.asciz \"%s\"\n", address[i] - before, shared, substr(name[i], shared + 1)
		symbol_bytes += uleb128_bytes(address[i] - before) + 2 + length(name[i]) - shared
		previous = name[i]
		before = address[i]
		n++
	}
	symbol_bytes += (4 - symbol_bytes % 4) % 4 + int((n + NAMES_PER_BLOCK - 1) / NAMES_PER_BLOCK) * 8
	printf "\t.balign 4\n\t.globl symbol_index, symbol_index_end\nsymbol_index:\n%ssymbol_index_end:\n", index_text
}

function uleb128_bytes(value,    n)
{
	for (n = 1; value >= 128; n++)
		value = int(value / 128)
	return n
}

function protection(page)
{
	if (page in guard)
		return "0 *"
	if (page < symbol["__text_start"])
		return NO_EXECUTE (READ + USER) " +"
	if (page < symbol["__data_start"])
		return (READ + USER) " +"
	if (page < symbol["__ring0_text_start"])
		return NO_EXECUTE (WRITE + USER) " +"
	if (page < symbol["__ring0_rodata_start"])
		return READ " +"
	if (page < symbol["__ring0_data_start"])
		return NO_EXECUTE READ " +"
	if (page < symbol["__symbols_start"])
		return NO_EXECUTE WRITE " +"
	if (page < tables_start)
		return NO_EXECUTE READ " +"
	if (page < image_end)
		return NO_EXECUTE WRITE " +"
	return NO_EXECUTE (WRITE + USER) " +" # up to the next large page: ring 3's heap
}

# Levels as in Intel SDM volume 3, section 4.5: page map (level 4), directory pointers, directory, tables. The first large
# page is ring 0's (boot information); tables with small pages follow for the image.
function emit_page_tables(    tables, page, i)
{
	tables_start = symbol["__symbols_start"] + PAGE * int((symbol_bytes + PAGE - 1) / PAGE)
	do
		image_end = tables_start + PAGE * (3 + ++tables)
	while ((tables + 1) * LARGE < image_end)

	print "\t.section .image.tables, \"aw\""
	print "\t.globl page_map, page_directory_pointers, page_directory"
	printf "page_map:\n\t.quad page_directory_pointers + %d\n\t.balign %d\n", WRITE + USER - DIRTY, PAGE
	printf "page_directory_pointers:\n\t.quad page_directory + %d\n\t.balign %d\n", WRITE + USER - DIRTY, PAGE
	printf "page_directory:\n\t.quad %s%d\n", NO_EXECUTE, WRITE + LARGE_PAGE
	for (i = 0; i < tables; i++)
		printf "\t.quad image_page_tables + %d\n", i * PAGE + WRITE + USER - DIRTY
	printf "\t.balign %d\nimage_page_tables:\n", PAGE
	for (page = LARGE; page < (tables + 1) * LARGE; page += PAGE)
		printf "\t.quad %s %d\n", protection(page), page
}
