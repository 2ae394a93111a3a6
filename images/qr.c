/* SPDX-License-Identifier: Apache-2.0
 *
 * QR codes; see qr.h. libqrencode makes the modules (ISO/IEC 18004), here they become characters.
 */
#include "qr.h"

#include <qrencode.h>
#include <string.h>
#include <unistd.h>

enum { QUIET_MODULES = 4 /* ISO/IEC 18004, 7.1: the margin that readers need */ };

static bool is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width && code->data[y * code->width + x] & 1;
}

/* Two rows of modules, one above the other. */
static const char *both(bool upper, bool lower)
{
	if (upper)
		return lower ? "█" : "▀";
	return lower ? "▄" : " ";
}

static void draw_row(const QRcode *code, int y, FILE *out, bool utf8)
{
	for (int x = -QUIET_MODULES; x < code->width + QUIET_MODULES; x++)
		if (utf8)
			fputs(both(is_dark(code, x, y), is_dark(code, x, y + 1)), out);
		else
			fputs(is_dark(code, x, y) ? "##" : "  ", out);
}

bool qr_draw(const char *text, FILE *out, bool utf8)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	bool terminal = isatty(fileno(out));
	int step = utf8 ? 2 : 1;

	if (!code)
		return false;
	for (int y = -QUIET_MODULES; y < code->width + QUIET_MODULES; y += step) {
		fputs(terminal ? "\033[30;107m" : "", out);
		draw_row(code, y, out, utf8);
		fputs(terminal ? "\033[0m\n" : "\n", out);
	}
	memset(code->data, 0, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return true;
}
