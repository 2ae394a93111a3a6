/* SPDX-License-Identifier: Apache-2.0
 *
 * Who and where the libraries are: one process, one core with number 0, on node 0; and small things of
 * librte_eal that have no better place there either.
 */
#include <errno.h>
#include <string.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_per_lcore.h>
#include <rte_string_fns.h>
#include "eal.h"

#undef strlcpy /* a macro for DPDK's inline one */
size_t strlcpy(char *destination, const char *source, size_t size);

RTE_DEFINE_PER_LCORE(int, _rte_errno);
RTE_DEFINE_PER_LCORE(unsigned int, _lcore_id) = 0;

uint64_t eal_tsc_hz = 1000000000;

uint64_t rte_get_tsc_hz(void)
{
	return eal_tsc_hz;
}

enum rte_proc_type_t rte_eal_process_type(void)
{
	return RTE_PROC_PRIMARY;
}

const char *rte_eal_mbuf_user_pool_ops(void)
{
	return NULL;
}

const char *rte_strerror(int number)
{
	return strerror(number);
}

ssize_t rte_strscpy(char *destination, const char *source, size_t size)
{
	size_t length = strnlen(source, size);

	if (length < size) {
		memcpy(destination, source, length + 1);
		return (ssize_t)length;
	}
	if (size != 0) {
		memcpy(destination, source, size - 1);
		destination[size - 1] = '\0';
	}
	rte_errno = E2BIG;
	return -E2BIG;
}

/* OpenBSD's, which glibc 2.36 lacks and Debian's DPDK takes from libbsd. */
size_t strlcpy(char *destination, const char *source, size_t size)
{
	rte_strscpy(destination, source, size);
	return strlen(source);
}
