/* SPDX-License-Identifier: Apache-2.0
 *
 * A trial's result as a line of JSON; README.md says what is in it.
 */
#ifndef GENERATOR_REPORT_H
#define GENERATOR_REPORT_H

#include <stdio.h>
#include "trial.h"

void report_result(FILE *out, const struct trial *trial);
void report_error(FILE *out, const char *error);

#endif
