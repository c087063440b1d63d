// SPDX-License-Identifier: Apache-2.0
/* A PL031 (DDI 0224): counts seconds, compares them with its match register, interrupts. */
#include "hostsim/devices/given.h"

#define RTC_DR 0x000
#define RTC_MR 0x004
#define RTC_LR 0x008
#define RTC_CR 0x00c
#define RTC_IMSC 0x010
#define RTC_RIS 0x014
#define RTC_MIS 0x018
#define RTC_ICR 0x01c
#define RTC_ID 0xfe0

#define SECOND 1000000000ULL
#define AT_POWER_ON 1700000000u /* as the battery kept it */

struct pl031 {
    struct sim_given device;
    uint32_t offset; /* what the clock is ahead of the machine's seconds */
    uint32_t match, mask, raw;
    struct sim_event alarm;
};

static uint32_t seconds(const struct pl031 *rtc)
{
    return rtc->offset + (uint32_t)(rtc->device.machine->now / SECOND);
}

static void update_line(struct pl031 *rtc)
{
    sim_given_set_line(&rtc->device, 0, (rtc->raw & rtc->mask) != 0);
}

static void ring(struct sim_machine *machine, struct sim_event *event)
{
    struct pl031 *rtc = event->context;
    (void)machine;
    rtc->raw = 1;
    update_line(rtc);
}

/* When the counter comes to be what the match register says: never at the moment in which it is. */
static void expect_alarm(struct pl031 *rtc)
{
    struct sim_machine *machine = rtc->device.machine;
    uint64_t ahead = (uint32_t)(rtc->match - seconds(rtc));
    if (ahead == 0)
        sim_event_cancel(machine, &rtc->alarm);
    else
        sim_event_schedule(machine, &rtc->alarm, (machine->now / SECOND + ahead) * SECOND);
}

static bool read(struct sim_given *device, uint64_t offset, uint32_t *value)
{
    static const uint8_t identification[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    const struct pl031 *rtc = (const struct pl031 *)device;
    switch (offset) {
    case RTC_DR:
        *value = seconds(rtc);
        return true;
    case RTC_MR:
        *value = rtc->match;
        return true;
    case RTC_LR:
        *value = rtc->offset;
        return true;
    case RTC_CR:
        *value = 1;
        return true;
    case RTC_IMSC:
        *value = rtc->mask;
        return true;
    case RTC_RIS:
        *value = rtc->raw;
        return true;
    case RTC_MIS:
        *value = rtc->raw & rtc->mask;
        return true;
    default:
        if (offset >= RTC_ID)
            *value = identification[(offset - RTC_ID) / 4 % sizeof(identification)];
        return true;
    }
}

static bool write(struct sim_given *device, uint64_t offset, uint32_t value)
{
    struct pl031 *rtc = (struct pl031 *)device;
    switch (offset) {
    case RTC_MR:
        rtc->match = value;
        expect_alarm(rtc);
        break;
    case RTC_LR:
        rtc->offset += value - seconds(rtc);
        expect_alarm(rtc);
        break;
    case RTC_IMSC:
        rtc->mask = value & 1;
        break;
    case RTC_ICR:
        rtc->raw &= ~value;
        break;
    default: /* once it counts, it counts */
        break;
    }
    update_line(rtc);
    return true;
}

void sim_pl031_create(struct sim_machine *machine, const struct sim_place *place)
{
    struct pl031 *rtc = sim_given_create(machine, place, sizeof(*rtc), read, write);
    rtc->offset = AT_POWER_ON;
    rtc->alarm.happen = ring;
    rtc->alarm.context = rtc;
}
