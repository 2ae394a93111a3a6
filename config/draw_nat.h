/* SPDX-License-Identifier: Apache-2.0
 *
 * Translations in words, for draw.c: a row of two cells each.
 */
#ifndef CONFIG_DRAW_NAT_H
#define CONFIG_DRAW_NAT_H

#include "config.h"

void draw_source(const struct config *config, const struct config_nat_source *source, FILE *row);
void draw_forward(const struct config *config, const struct config_nat_forward *forward, FILE *row);
void draw_static(const struct config *config, const struct config_nat_static *rule, FILE *row);

#endif
