/* SPDX-License-Identifier: Apache-2.0
 *
 * One line on the console about a device, and the error to return. Called by what opens devices.
 */
#ifndef PKTIO_COMPLAIN_H
#define PKTIO_COMPLAIN_H

/* Formats a line of up to 255 bytes for host_log. Returns `error` as it is. */
__attribute__((format(printf, 2, 3))) int complain(int error, const char *format, ...);

#endif
