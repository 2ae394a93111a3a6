/* SPDX-License-Identifier: Apache-2.0
 *
 * See console.h. The first serial port, and on Xen the ring that dom0 reads.
 */
#include <stdarg.h>
#include <stdbool.h>
#include "console.h"
#include "hypervisor.h"
#include "serial.h"
#include "xen.h"

static bool has_serial;

void console_init(void)
{
	/* Xen's own kind of guest has none. Elsewhere it is not asked for: that costs what a line of text
	 * does. */
	has_serial = !hypervisor_is_xen() || serial_is_there();
	if (has_serial)
		serial_init();
}

void console_write(const char *text, size_t bytes)
{
	if (has_serial)
		serial_write(text, bytes);
	xen_console_write(text, bytes);
}

static void print_string(const char *s)
{
	size_t bytes = 0;

	while (s[bytes])
		bytes++;
	console_write(s, bytes);
}

static void print_number(uint64_t value, unsigned int base, unsigned int digits)
{
	char text[20];
	unsigned int at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (at > 0 && (value || sizeof(text) - at < digits));
	console_write(text + at, sizeof(text) - at);
}

static void print_conversion(char conversion, va_list *arguments)
{
	switch (conversion) {
	case 's':
		print_string(va_arg(*arguments, const char *));
		break;
	case 'u':
		print_number(va_arg(*arguments, uint64_t), 10, 1);
		break;
	case 'x':
		print_number(va_arg(*arguments, uint64_t), 16, 1);
		break;
	case 'X':
		print_number(va_arg(*arguments, uint64_t), 16, 16);
		break;
	}
}

void console_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	while (*format) {
		size_t plain = 0;

		while (format[plain] && format[plain] != '%')
			plain++;
		console_write(format, plain);
		format += plain;
		if (*format == '%') {
			print_conversion(format[1], &arguments);
			format += 2;
		}
	}
	va_end(arguments);
}
