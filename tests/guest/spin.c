/* Never waits and never exits by itself: what a time slice is for. Says once in a while that it still runs. Arguments:
 * lines=N (5), period-ms=N (100). Progress of two of them on one CPU shows that both get their share. */
#include "guest.h"

void guest_main(void)
{
    uint64_t period = READ_SYSREG(cntfrq_el0) / 1000 * argument("period-ms", 100);
    uint64_t lines = argument("lines", 5), rounds = 0, next = counter() + period;

    for (uint64_t line = 0; line < lines;) {
        rounds++;
        if (counter() < next)
            continue;
        line++;
        print("spin: %lu of %lu, %lu rounds\n", line, lines, rounds);
        next += period;
    }
    print("spin: done\n");
}
