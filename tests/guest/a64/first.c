// SPDX-License-Identifier: Apache-2.0
/* The boot stop-watch: what the counter read when the domain's first instruction ran. Under `-icount shift=0` virtual
 * nanoseconds since reset are instructions executed. */
#include "programs.h"

void program_first(struct platform *platform)
{
    print(platform, "first: %lu ticks, %lu ns\n", platform->first_ticks,
          platform->first_ticks * 1000 / (counter_frequency() / 1000000));
    print(platform, "first: done\n");
}
