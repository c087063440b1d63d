// SPDX-License-Identifier: Apache-2.0
/* A PL031 (DDI 0224) that the domain was given: its clock, and its alarm, by the host's interrupt. Arguments: alarms=N
 * (2). The last alarm rings while its interrupt is off, and comes when that is turned on. */
#include "programs.h"

#define RTC_DR 0x00
#define RTC_MR 0x04
#define RTC_IMSC 0x10
#define RTC_RIS 0x14
#define RTC_ICR 0x1c

struct rtc {
    const struct platform *platform;
    uint32_t match;
    unsigned rung;
    bool silent; /* it does not answer */
};

static uint32_t read_rtc(struct rtc *rtc, uint32_t offset)
{
    uint32_t value = (uint32_t)try_read(rtc->platform->rtc + offset, 4);

    rtc->silent = rtc->silent || exception_taken(NULL);
    return value;
}

static void write_rtc(struct rtc *rtc, uint32_t offset, uint32_t value)
{
    try_write(rtc->platform->rtc + offset, 4, value);
    rtc->silent = rtc->silent || exception_taken(NULL);
}

static void on_alarm(void *context, uint32_t intid, uint64_t entered)
{
    struct rtc *rtc = context;

    (void)entered;
    if (intid != rtc->platform->rtc_interrupt)
        program_fail(rtc->platform, "another interrupt than the clock's", intid);
    if (read_rtc(rtc, RTC_RIS) != 1 && !rtc->silent)
        program_fail(rtc->platform, "the alarm's interrupt comes without an alarm, after so many", rtc->rung);
    uint32_t now = read_rtc(rtc, RTC_DR);
    if ((int32_t)(now - rtc->match) < 0 && !rtc->silent)
        program_fail(rtc->platform, "the alarm rings early, at", now);
    write_rtc(rtc, RTC_ICR, 1);
    rtc->rung++;
}

static void set_alarm(struct rtc *rtc)
{
    rtc->match = read_rtc(rtc, RTC_DR) + 1;
    write_rtc(rtc, RTC_MR, rtc->match);
}

static void await_alarm(struct rtc *rtc, unsigned number)
{
    while (rtc->rung < number && !rtc->silent)
        await_interrupt();
}

/** What rings while nobody wants to know waits. */
static void ring_unheard(struct rtc *rtc, unsigned number)
{
    const struct platform *platform = rtc->platform;

    gic_disable(platform, platform->rtc_interrupt);
    set_alarm(rtc);
    interrupts_on();
    while (read_rtc(rtc, RTC_RIS) == 0 && !rtc->silent)
        compute();
    interrupts_off();
    if (rtc->rung != number - 1)
        program_fail(platform, "an interrupt comes that is off", platform->rtc_interrupt);
    gic_enable(platform, platform->rtc_interrupt);
    await_alarm(rtc, number);
}

void program_rtc(struct platform *platform)
{
    const unsigned alarms = (unsigned)argument(platform, "alarms", 2);
    struct rtc rtc = {.platform = platform};

    if (platform->rtc == 0 || platform->rtc_interrupt == 0)
        program_fail(platform, "no clock in the device tree", platform->rtc);
    exceptions_allow(platform, true);
    on_interrupt(platform, on_alarm, &rtc);
    gic_init(platform);
    gic_enable(platform, platform->rtc_interrupt);
    write_rtc(&rtc, RTC_ICR, 1);
    write_rtc(&rtc, RTC_IMSC, 1);
    for (unsigned i = 1; i <= alarms && !rtc.silent; i++) {
        if (i == alarms) {
            ring_unheard(&rtc, i);
        } else {
            set_alarm(&rtc);
            await_alarm(&rtc, i);
        }
        if (!rtc.silent)
            print(platform, "rtc: alarm %u\n", i);
    }
    write_rtc(&rtc, RTC_IMSC, 0);
    if (rtc.silent)
        print(platform, "rtc: the clock does not answer\n");
    print(platform, "rtc: done\n");
}
