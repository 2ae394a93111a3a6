/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls about memory; called through the table in calls.c. Memory that is given is cleared on the way
 * back to ring 3 (gate.S), because it may have been used before, by ring 3 or by the firmware; unless ring 3
 * says that it does not mind.
 */
#include <linux/errno.h>
#include "call.h"
#include "memory.h"
#include "paging.h"

enum { /* asm-generic/mman-common.h */
       PROT_EXEC = 4,
       MAP_FIXED = 0x10,
       MAP_ANONYMOUS = 0x20,
       MAP_FIXED_NOREPLACE = 0x100000,
       MAP_UNINITIALIZED = 0x4000000,
};

extern char ring3_clear[], ring3_clear_below[];

int64_t call_brk(struct frame *frame, uint64_t wanted, uint64_t b, uint64_t c)
{
	uint64_t old = memory_break(0), new = memory_break(wanted);

	(void)b, (void)c;
	if (new > old)
		go_by(frame, ring3_clear_below, new - old);
	return (int64_t) new;
}

/* Anonymous memory, readable and writable whatever was asked, never executable: a hint is ignored. */
int64_t call_mmap(struct frame *frame, uint64_t hint, uint64_t bytes, uint64_t protection)
{
	uint64_t flags = frame->r10, start;

	(void)hint;
	if (protection & PROT_EXEC)
		return -EACCES;
	if (!(flags & MAP_ANONYMOUS))
		return -EBADF;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) || bytes == 0 || bytes > INT64_MAX)
		return -EINVAL;
	bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	start = memory_take(bytes);
	if (!start)
		return -ENOMEM;
	if (!(flags & MAP_UNINITIALIZED))
		go_by(frame, ring3_clear, bytes);
	return (int64_t)start;
}

int64_t call_munmap(struct frame *frame, uint64_t start, uint64_t bytes, uint64_t c)
{
	(void)frame, (void)c;
	if (start % PAGE_BYTES || bytes == 0 || bytes > INT64_MAX)
		return -EINVAL;
	return memory_give(start, (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1)) ? 0 : -EINVAL;
}

/* Shrinks; who wants more gets -ENOMEM, and copies faster than ring 0 can. */
int64_t call_mremap(struct frame *frame, uint64_t start, uint64_t old_bytes, uint64_t new_bytes)
{
	uint64_t mask = PAGE_BYTES - 1, old_end, new_end;

	(void)frame;
	if (start % PAGE_BYTES || new_bytes == 0 || old_bytes > INT64_MAX || new_bytes > old_bytes)
		return new_bytes > old_bytes ? -ENOMEM : -EINVAL;
	old_end = (start + old_bytes + mask) & ~mask;
	new_end = (start + new_bytes + mask) & ~mask;
	if (new_end < old_end && !memory_give(new_end, old_end - new_end))
		return -EFAULT;
	return (int64_t)start;
}

/* Nothing ever becomes executable. What is more than that, read-only memory and guard pages, is not offered.
 */
int64_t call_mprotect(struct frame *frame, uint64_t start, uint64_t bytes, uint64_t protection)
{
	(void)frame;
	if (protection & PROT_EXEC)
		return -EACCES;
	return memory_is_ring3(start, bytes, true) ? 0 : -ENOMEM;
}
