/* SPDX-License-Identifier: Apache-2.0
 *
 * See serial.h; called by console.c. Source: National Semiconductor PC16550D data sheet, section 8.
 */
#include "serial.h"
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
	NOTHING = 0xff,	  /* what is read where there is no port */
	PATIENCE = 20000, /* looks at the status before text is given up */
};

bool serial_is_there(void)
{
	return in8(LINE_STATUS) != NOTHING;
}

void serial_init(void)
{
	out8(INTERRUPT_ENABLE, 0);
	out8(LINE_CONTROL, LINE_8N1);
	out8(FIFO_CONTROL, FIFO_ENABLE);
	out8(MODEM_CONTROL, MODEM_READY);
}

void serial_write(const char *text, size_t bytes)
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
