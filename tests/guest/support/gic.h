/* SPDX-License-Identifier: Apache-2.0 */
/* The functions gic_*() of program.h for each interrupt controller. */
#ifndef BULKHEAD_GUEST_GIC_H
#define BULKHEAD_GUEST_GIC_H

#include "program.h"

struct gic_functions {
    void (*init)(const struct platform *platform);
    bool (*is_reset)(const struct platform *platform);
    void (*enable)(const struct platform *platform, uint32_t intid);
    void (*set_priority)(const struct platform *platform, uint32_t intid, uint8_t priority);
    void (*send)(const struct platform *platform, uint32_t sgi, uint32_t targets);
    void (*send_others)(const struct platform *platform, uint32_t sgi);
    void (*send_self)(const struct platform *platform, uint32_t sgi);
    void (*set_target)(const struct platform *platform, uint32_t intid, unsigned target);
    void (*set_pending)(const struct platform *platform, uint32_t intid);
    void (*set_interface)(const struct platform *platform, uint32_t groups, bool separate_ends);
    void (*deactivate)(const struct platform *platform, uint32_t intid);
    void (*end_group)(const struct platform *platform, uint32_t intid, unsigned group);
    uint32_t (*acknowledge)(const struct platform *platform);
    void (*end)(const struct platform *platform, uint32_t acknowledged);
};

extern const struct gic_functions gicv2_functions, gicv3_functions;

#endif
