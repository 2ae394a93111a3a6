/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a guest's memory from dom0, as it stands: peek DOMAIN ADDRESS BYTES writes the bytes to standard
 * output.
 *
 * This is how an appliance's counters are read on Xen: as under QEMU, its host maps its memory, which takes
 * nothing of the guest's help. An image is linked at fixed addresses, and its ELF note says where they are
 * (nf/stats.h). Works on a guest that is paused, or that has ended and is preserved, too.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xenforeignmemory.h>

enum { PAGE = 4096 };

int main(int count, char **words)
{
	if (count != 4)
		errx(2, "peek DOMAIN ADDRESS BYTES");
	uint32_t domain = (uint32_t)strtoul(words[1], NULL, 0);
	uint64_t address = strtoull(words[2], NULL, 0), bytes = strtoull(words[3], NULL, 0);
	uint64_t first = address / PAGE, pages = (address + bytes + PAGE - 1) / PAGE - first;
	xen_pfn_t *frames = calloc(pages, sizeof(*frames));
	int *errors = calloc(pages, sizeof(*errors));
	xenforeignmemory_handle *handle = xenforeignmemory_open(NULL, 0);

	if (!frames || !errors || !handle)
		err(1, "no way to map memory");
	for (uint64_t i = 0; i < pages; i++)
		frames[i] = first + i;
	const char *memory = xenforeignmemory_map(handle, domain, PROT_READ, pages, frames, errors);
	if (!memory)
		err(1, "map %lu pages of domain %u", pages, domain);
	for (uint64_t i = 0; i < pages; i++)
		if (errors[i])
			errx(1, "frame %#lx of domain %u: error %d", frames[i], domain, errors[i]);
	return fwrite(memory + address % PAGE, 1, bytes, stdout) == bytes && fflush(stdout) == 0 ? 0 : 1;
}
