// SPDX-License-Identifier: Apache-2.0
/* Never waits and never exits by itself: what a time slice is for. Says once in a while that it still runs. Arguments:
 * lines=N (5), period-us=N (100000). The rounds of two of them on one CPU show whether both get their share. */
#include "programs.h"

void program_spin(struct platform *platform)
{
    uint64_t period = counter_frequency() * argument(platform, "period-us", 100000) / 1000000;
    uint64_t lines = argument(platform, "lines", 5), rounds = 0, next = counter() + period;

    for (uint64_t line = 0; line < lines;) {
        rounds++;
        compute();
        if (counter() < next)
            continue;
        line++;
        print(platform, "spin: %lu of %lu, %lu rounds\n", line, lines, rounds);
        next += period;
    }
    print(platform, "spin: done\n");
}
