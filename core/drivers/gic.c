// SPDX-License-Identifier: Apache-2.0
#include "drivers/gic.h"

struct gic host_gic;

hv_status gic_open(struct gic *gic, const struct machine_gic *description)
{
    if (BUILD_GICV2 && description->version == GIC_V2)
        return gicv2_open(gic, description);
    if (BUILD_GICV3 && description->version == GIC_V3)
        return gicv3_open(gic, description);
    return HV_E_UNSUPPORTED;
}
