/* Virtual timer interrupts through the GIC. Arguments: ticks=N (10), period-us=N (10000), again=N (0): times that the
 * handler arms the timer for a moment already past, so that its line is high when the interrupt is ended. */
#include "guest.h"

static volatile unsigned fired;
static uint64_t deadline, late, latest;
static volatile uint64_t again;

static void on_interrupt(struct exception_frame *frame, uint32_t intid)
{
    if (intid != INTERRUPT_VIRTUAL_TIMER) {
        print("timer: unexpected interrupt %u\n", intid);
        return;
    }
    timer_stop();
    late = frame->entered - deadline;
    latest = late > latest ? late : latest;
    if (again > 0) {
        again--;
        timer_arm(counter());
        return;
    }
    fired++;
}

void guest_main(void)
{
    uint64_t frequency = READ_SYSREG(cntfrq_el0);
    uint64_t period = frequency / 1000000 * argument("period-us", 10000);
    unsigned ticks = (unsigned)argument("ticks", 10);

    interrupt_handler = on_interrupt;
    gic_init();
    gic_enable(INTERRUPT_VIRTUAL_TIMER);
    for (unsigned i = 0; i < ticks; i++) {
        again = argument("again", 0);
        deadline = counter() + period;
        timer_arm(deadline);
        /* Masked up to the WFI, so that the interrupt cannot come between the test and the wait. */
        while (fired == i) {
            wait_for_interrupt();
            interrupts_on();
            barrier_isb();
            interrupts_off();
        }
        print("timer: tick %u, %lu ticks late\n", i + 1, late);
    }
    print("timer: done, %u ticks, worst %lu of %lu Hz\n", fired, latest, frequency);
}
