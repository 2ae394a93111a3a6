/* SPDX-License-Identifier: Apache-2.0
 *
 * QR codes on a terminal.
 */
#ifndef IMAGES_QR_H
#define IMAGES_QR_H

#include <stdbool.h>
#include <stdio.h>

/* Draws a text that a camera can read, two modules in a character where `utf8`. On a terminal it is black on
 * white whatever its colours are. Returns false where the text is too long. */
bool qr_draw(const char *text, FILE *out, bool utf8);

#endif
