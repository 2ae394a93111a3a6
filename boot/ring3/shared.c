/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that the host reads along with the counters; implements host_shared_memory of nf/host.h. In a VM the
 * host sees all memory anyway.
 */
#include "boot/eal/eal.h"
#include "nf/host.h"

void *host_shared_memory(size_t bytes)
{
	return eal_pages_map(bytes);
}
