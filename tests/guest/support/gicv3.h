/* The functions of gic.c for a domain that has a GICv3. */
#ifndef BULKHEAD_GUEST_GICV3_H
#define BULKHEAD_GUEST_GICV3_H

#include "program.h"

void gicv3_init(const struct platform *platform);
void gicv3_enable(const struct platform *platform, uint32_t intid);
void gicv3_set_priority(const struct platform *platform, uint32_t intid, uint8_t priority);
void gicv3_send_self(uint32_t sgi);
uint32_t gicv3_acknowledge(void);
void gicv3_end(uint32_t acknowledged);

#endif
