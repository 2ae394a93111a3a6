/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with text that is not YAML, in words for a person; yaml.c calls it.
 */
#ifndef CONFIG_SYNTAX_H
#define CONFIG_SYNTAX_H

#include "diagnostics.h"

/* Reports the fault at `place` of the text. `complaint` is libfyaml's own message, which chooses ours. */
void syntax_report(struct diagnostics *d, struct config_place place, const char *complaint, const char *text,
		   size_t length);

#endif
