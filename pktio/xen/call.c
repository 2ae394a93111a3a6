/* SPDX-License-Identifier: Apache-2.0
 *
 * See call.h. Alone in its file, so that a test's own is linked in its place.
 */
#include <errno.h>
#include <unistd.h>
#include "call.h"

long xen_call(enum weir_call number, uint64_t argument)
{
	long result = syscall(number, argument);

	return result == -1 ? -errno : result;
}
