/* SPDX-License-Identifier: Apache-2.0
 *
 * COM1, a 16550A. Never waits long: without a listener, or without the port, text is lost.
 * Source: National Semiconductor PC16550D data sheet, section 8.
 */
#include <stdarg.h>
#include "console.h"
#include "cpu.h"

enum {
	COM1 = 0x3f8,
	TRANSMIT = COM1 + 0,
	INTERRUPT_ENABLE = COM1 + 1,
	FIFO_CONTROL = COM1 + 2,
	LINE_CONTROL = COM1 + 3,
	MODEM_CONTROL = COM1 + 4,
	LINE_STATUS = COM1 + 5,
	FIFO_ENABLE = 1 << 0,
	LINE_8N1 = 3,
	MODEM_READY = 3, /* DTR, RTS */
	STATUS_TRANSMIT_EMPTY = 1 << 5,
	FIFO_BYTES = 16,
	PATIENCE = 20000, /* looks at the status before text is given up */
};

void console_init(void)
{
	out8(INTERRUPT_ENABLE, 0);
	out8(LINE_CONTROL, LINE_8N1);
	out8(FIFO_CONTROL, FIFO_ENABLE);
	out8(MODEM_CONTROL, MODEM_READY);
}

void console_write(const char *text, size_t bytes)
{
	static bool deaf; /* the last write waited in vain: do not wait again until it is empty */

	for (size_t i = 0; i < bytes; i++) {
		if (i % FIFO_BYTES == 0) {
			unsigned int patience = deaf ? 1 : PATIENCE;
			while (!(in8(LINE_STATUS) & STATUS_TRANSMIT_EMPTY) && --patience)
				;
			deaf = patience == 0;
			if (deaf)
				return;
		}
		out8(TRANSMIT, (uint8_t)text[i]);
	}
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
