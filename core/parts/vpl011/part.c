// SPDX-License-Identifier: Apache-2.0
/* The UART as a part of a domain. */
#include "config/part.h"
#include "domain/domain.h"
#include "dt/dt_writer.h"
#include "parts/vpl011/vpl011.h"
#include "plan/claims.h"

#define STATE_BYTES 512
#define BAUD 115200
#define NODE_NAME "sbsa-uart"

_Static_assert(1 + DT_NODE_NAME_MAX <= PART_PATH_MAX, "a path of one node has no room");
_Static_assert(sizeof(struct vpl011) <= STATE_BYTES, "struct vpl011 outgrew its place in the plan");

static uint32_t intid(const struct guest_map *map)
{
    return map->uart_intid;
}

static void path(const struct guest_map *map, char text[PART_PATH_MAX])
{
    text[0] = '/';
    dt_node_name(text + 1, NODE_NAME, map->uart.base);
}

static void claim(struct claimant *claimant)
{
    const struct guest_map *map = claimant->domain->map;

    claim_for(claimant, CLAIM_GUEST_ADDRESS, CLAIM_EXCLUSIVE, range_of(map->uart.base, map->uart.size), "vpl011");
    claim_for(claimant, CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, range_of(map->uart_intid, 1), "vpl011");
}

static void create(struct domain *domain, void *state)
{
    const struct guest_map *map = domain->plan->map;

    vpl011_init(state, &domain->vgic, map->uart_intid, &domain->console);
    domain_add_device(domain, ipa(map->uart.base), (uint32_t)map->uart.size, state, vpl011_access);
}

static void reset(struct domain *domain, void *state)
{
    (void)domain;
    vpl011_reset(state);
}

static void describe(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine)
{
    const struct guest_map *map = plan->map;
    const struct dt_range frame = {map->uart.base, map->uart.size};
    const uint32_t interrupt[] = {DT_GIC_SPI, DT_SPI(map->uart_intid), DT_LEVEL_HIGH};

    (void)machine;
    dt_begin_node_at(tree, NODE_NAME, frame.base);
    dt_put_string(tree, "compatible", "arm,sbsa-uart");
    dt_put_reg(tree, &frame, 1);
    dt_put_cells(tree, "interrupts", interrupt, ARRAY_SIZE(interrupt));
    dt_put_u32(tree, "interrupt-parent", map->gic_phandle);
    dt_put_u32(tree, "current-speed", BAUD);
    dt_end_node(tree);
}

static void quiesce(struct domain *domain, void *state)
{
    (void)domain;
    vpl011_quiesce(state);
}

const struct part vpl011_part = {
    .name = "vpl011",
    .property = "vpl011",
    .state_bytes = STATE_BYTES,
    .console = "ttyAMA0",
    .intid = intid,
    .path = path,
    .claim = claim,
    .create = create,
    .reset = reset,
    .describe = describe,
    .quiesce = quiesce,
};
