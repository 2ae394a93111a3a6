/* SPDX-License-Identifier: Apache-2.0
 *
 * Xen's public headers, for the files xen*.c: they want types and a version of the interface first.
 */
#ifndef RING0_XEN_ABI_H
#define RING0_XEN_ABI_H

#include <stddef.h>
#include <stdint.h>
#define __XEN_INTERFACE_VERSION__ 0x00040700 /* what the headers declare: Xen itself does not ask */

#include <xen/xen.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/memory.h>
#include <xen/sched.h>

#endif
