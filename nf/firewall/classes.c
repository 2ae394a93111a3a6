/* SPDX-License-Identifier: Apache-2.0
 *
 * Classes of addresses; see classes.h.
 */
#include <errno.h>
#include <string.h>
#include <rte_malloc.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "classes.h"

enum { HALVES = 1 << 16 };

/* For each upper half, the last entry that begins at its lowest address or before. */
static uint32_t *ipv4_index;

int classes_init(void)
{
	uint32_t entry = 0;

	rte_free(ipv4_index);
	ipv4_index = NULL;
	if (ipv4_class_count == 0)
		return 0;
	ipv4_index = rte_malloc("classes", (HALVES + 1) * sizeof(*ipv4_index), 0);
	if (ipv4_index == NULL) {
		host_log("firewall: no memory for named sets");
		return -ENOMEM;
	}
	for (uint32_t half = 0; half < HALVES; half++) {
		while (entry + 1 < ipv4_class_count && ipv4_classes[entry + 1].first <= half << 16)
			entry++;
		ipv4_index[half] = entry;
	}
	ipv4_index[HALVES] = ipv4_class_count - 1;
	return 0;
}

uint16_t class_of_ipv4(uint32_t address)
{
	uint32_t low, high;

	if (ipv4_class_count == 0)
		return 0;
	low = ipv4_index[address >> 16];
	high = ipv4_index[(address >> 16) + 1];
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (ipv4_classes[middle].first <= address)
			low = middle;
		else
			high = middle - 1;
	}
	return ipv4_classes[low].number;
}

uint16_t class_of_ipv6(const uint8_t address[16])
{
	uint32_t low = 0, high = ipv6_class_count - 1;

	if (ipv6_class_count == 0)
		return 0;
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (memcmp(ipv6_classes[middle].first, address, 16) <= 0)
			low = middle;
		else
			high = middle - 1;
	}
	return ipv6_classes[low].number;
}
