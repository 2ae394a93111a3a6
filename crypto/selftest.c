#include "internal.h"
const char *selftest(void){return NULL;}
