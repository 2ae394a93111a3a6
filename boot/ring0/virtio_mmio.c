/* SPDX-License-Identifier: Apache-2.0
 *
 * See devices.h. Called by start.c. A word that makes no sense, or names what is no device, is passed over:
 * hypervisors name empty slots too. Source: virtio 1.2, section 4.2.2.
 */
#include <stddef.h>
#include "devices.h"
#include "apic.h"
#include "memory.h"
#include "paging.h"
#include "string.h"

enum {
	REGISTER_BYTES = 0x200,
	REGISTER_MAGIC = 0x000,
	REGISTER_VERSION = 0x004,
	REGISTER_DEVICE_ID = 0x008,
	MAGIC = 0x74726976, /* "virt" */
	VERSION_MODERN = 2,
};

struct slot {
	uint64_t bytes, base, line;
};

static unsigned int digit_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' ? (c | 0x20) - 'a' + 10u : UINT32_MAX;
}

/* A number as the C language writes them. Returns what is behind it, or NULL. */
static const char *parse_number(const char *s, uint64_t *value)
{
	unsigned int base = 10, digits = 0;
	uint64_t v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	for (;; s++, digits++) {
		unsigned int digit = digit_value(*s);

		if (digit >= base)
			break;
		if (v > (UINT64_MAX - digit) / base)
			return NULL;
		v = v * base + digit;
	}
	*value = v;
	return digits ? s : NULL;
}

static const char *parse_size(const char *s, uint64_t *value)
{
	s = parse_number(s, value);
	if (s && (*s == 'K' || *s == 'k') && *value < UINT32_MAX) {
		*value <<= 10;
		s++;
	}
	return s;
}

static bool parse_slot(const char *s, struct slot *slot)
{
	s = parse_size(s, &slot->bytes);
	if (!s || *s != '@')
		return false;
	s = parse_number(s + 1, &slot->base);
	if (!s || *s != ':')
		return false;
	s = parse_number(s + 1, &slot->line);
	return s && (*s == '\0' || *s == ' ' || *s == ':');
}

static bool is_plausible(const struct slot *slot)
{
	uint64_t page = slot->base & ~(uint64_t)(PAGE_BYTES - 1);

	return slot->bytes >= REGISTER_BYTES && slot->base % 4 == 0 &&
	       slot->base + REGISTER_BYTES <= page + PAGE_BYTES && slot->line <= UINT32_MAX &&
	       page < UINT32_MAX && !memory_overlaps(page, page + PAGE_BYTES);
}

static bool is_known(const struct handover *handover, uint64_t base)
{
	for (uint32_t i = 0; i < handover->devices; i++)
		if (handover->device[i].mmio.registers == base)
			return true;
	return false;
}

/* Pages are shared by neighbouring slots: one that a found device needs keeps its mapping. */
static bool page_is_used(const struct handover *handover, uint64_t page)
{
	for (uint32_t i = 0; i < handover->devices; i++)
		if ((handover->device[i].mmio.registers & ~(uintptr_t)(PAGE_BYTES - 1)) == page)
			return true;
	return false;
}

static uint32_t register_read(const struct slot *slot, unsigned int offset)
{
	return *(volatile uint32_t *)(slot->base + offset);
}

static void insert_sorted(struct handover *handover, struct handover_device device)
{
	uint32_t at = handover->devices++;

	for (; at > 0 && handover->device[at - 1].location > device.location; at--)
		handover->device[at] = handover->device[at - 1];
	handover->device[at] = device;
}

static void probe(const struct slot *slot, struct handover *handover)
{
	uint64_t page = slot->base & ~(uint64_t)(PAGE_BYTES - 1);
	uint32_t id = 0;

	if (!paging_map_device(page, true))
		return;
	if (register_read(slot, REGISTER_MAGIC) == MAGIC &&
	    register_read(slot, REGISTER_VERSION) == VERSION_MODERN)
		id = register_read(slot, REGISTER_DEVICE_ID);
	if (id)
		insert_sorted(handover, (struct handover_device){
					    .virtio_id = (uint16_t)id,
					    .transport = TRANSPORT_VIRTIO_MMIO,
					    .interrupt = apic_route((uint32_t)slot->line),
					    .location = (uint32_t)slot->base,
					    .mmio.registers = slot->base,
					});
	else if (!page_is_used(handover, page))
		paging_unmap_device(page);
}

void virtio_mmio_find(const char *command_line, struct handover *handover)
{
	for (const char *s = command_line; *s && handover->devices < HANDOVER_DEVICES_MAX;) {
		const char *value = after_prefix(s, "virtio_mmio.device=");
		struct slot slot;

		if (value && parse_slot(value, &slot) && is_plausible(&slot) &&
		    !is_known(handover, slot.base))
			probe(&slot, handover);
		while (*s && *s != ' ')
			s++;
		while (*s == ' ')
			s++;
	}
}
