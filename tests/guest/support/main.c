// SPDX-License-Identifier: Apache-2.0
/* Ties a payload to its one program: compiled with PROGRAM=hello for hello. */
#include "native.h"

#define QUOTE(name) #name
#define NAME_OF(name) QUOTE(name)
#define JOIN(prefix, name) prefix##name
#define FUNCTION_OF(name) JOIN(program_, name)

const char native_name[] = NAME_OF(PROGRAM);
void FUNCTION_OF(PROGRAM)(struct platform *platform);

void native_program(struct platform *of)
{
    FUNCTION_OF(PROGRAM)(of);
}
