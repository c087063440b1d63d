/* The boot stop-watch: what the counter read when the domain's first instruction ran. Under `-icount shift=0` virtual
 * nanoseconds since reset are instructions executed. */
#include "guest.h"

void guest_main(void)
{
    uint64_t frequency = READ_SYSREG(cntfrq_el0);

    print("first: %lu ticks, %lu ns\n", platform.first_ticks, platform.first_ticks * 1000 / (frequency / 1000000));
    print("first: done\n");
}
