// SPDX-License-Identifier: Apache-2.0
#include "drivers/gic.h"

struct gic host_gic;

hv_status gic_open(struct gic *gic, const struct machine_gic *description)
{
    static const struct {
        enum gic_version version;
        hv_status (*open)(struct gic *gic, const struct machine_gic *description);
    } drivers[] = {
        {GIC_V2, gicv2_open},
        {GIC_V3, gicv3_open},
    };

    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
        if (drivers[i].version == description->version)
            return drivers[i].open(gic, description);
    return HV_E_UNSUPPORTED;
}
