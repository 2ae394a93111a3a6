/* SPDX-License-Identifier: Apache-2.0
 *
 * See xen.h; called by clock.c. All of it stands in the shared info page, where ring 3 could write too: it is
 * outside input. Source: Xen, public/xen.h, struct shared_info and struct vcpu_time_info.
 */
#include "xen.h"
#include "xen_hypercall.h"
#include "xen_pages.h"

_Static_assert(sizeof(struct vcpu_time_info) == sizeof(struct pvclock), "one record");

enum { WALL_TRIES = 100 };
#define NS_PER_SECOND UINT64_C(1000000000)

static bool read_wall(const volatile struct shared_info *shared, uint64_t *ns)
{
	for (int i = 0; i < WALL_TRIES; i++) {
		uint32_t version = shared->wc_version;

		asm volatile("" ::: "memory"); /* as in pvclock_read */
		*ns = ((uint64_t)shared->wc_sec_hi << 32 | shared->wc_sec) * NS_PER_SECOND + shared->wc_nsec;
		asm volatile("" ::: "memory");
		if (!(version & 1) && version == shared->wc_version)
			return true;
	}
	return false;
}

bool xen_clock_read(struct pvclock *time, uint64_t *wall_at_zero)
{
	const volatile struct shared_info *shared = xen_shared_info();

	return xen_is_here() &&
	       pvclock_read((const volatile struct pvclock *)&shared->vcpu_info[0].time, time) &&
	       read_wall(shared, wall_at_zero);
}
