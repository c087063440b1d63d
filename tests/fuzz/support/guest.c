// SPDX-License-Identifier: Apache-2.0
#include "support/guest.h"

#include "domain/build_state.h"
#include "support/guest_abi.h"
#include "trap/psci.h"
#include "trap/trap.h"
#include "unit/domain/fixture.h"

#define KERNEL_SIZE PAGE_SIZE
#define MAX_RESTARTS 2 /* a build costs as much as a hundred exits */
#define MESSAGES_BOUND (DOMAIN_MAX_MESSAGES + 1)

static struct {
    bool touched; /* more is mapped than after the build */
    unsigned lines;
} guest;

static size_t screen_write(struct uart *uart, const uint8_t *bytes, size_t count)
{
    (void)uart;
    for (size_t i = 0; i < count; i++)
        guest.lines += bytes[i] == '\n';
    return count;
}

static bool screen_get(struct uart *uart, uint8_t *byte)
{
    (void)uart;
    (void)byte;
    return false;
}

static const struct uart_ops screen_ops = {.write = screen_write, .try_get = screen_get};
static struct uart screen = {.ops = &screen_ops};

static void plan_guest(void)
{
    struct plan_domain *plan = &fixture.plan;

    plan->extents[0] = (struct plan_extent){{KERNEL}, {EXTENT0}, GUEST_BANK0_SIZE};
    plan->extents[1] = (struct plan_extent){{GUEST_RAM1_BASE}, {EXTENT0 + MIB(4)}, GUEST_BANK1_SIZE};
    plan->guest_ram[0] = (struct region){KERNEL, KERNEL + GUEST_BANK0_SIZE};
    plan->guest_ram[1] = (struct region){GUEST_RAM1_BASE, GUEST_RAM1_BASE + GUEST_BANK1_SIZE};
    plan->dtb = ipa(KERNEL + KIB(128));
    plan->map = &guest_map_xen;
    plan->vcpu_count = GUEST_VCPUS;
    plan->ipa_bits = GUEST_IPA_BITS_MIN;
    fixture.config.cpus = GUEST_VCPUS;
}

static void open_gic(void)
{
    const struct machine_gic gic = {.version = GIC_V2,
                                    .distributor = {0x08000000, 0x10000},
                                    .cpu_interface = {0x08010000, 0x10000},
                                    .hyp_interface = {0x08030000, 0x10000},
                                    .virtual_interface = {GICV_FRAME, 0x10000},
                                    .maintenance_intid = 25};

    FUZZ_REQUIRE(gic_open(&host_gic, &gic) == HV_OK);
    host_gic.ops->init_distributor(&host_gic);
    host_gic.ops->init_cpu(&host_gic);
}

static void check_mapping(void *context, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind)
{
    const struct plan_domain *plan = context;

    if (kind == STAGE2_DEVICE) {
        FUZZ_REQUIRE(base.raw == GUEST_GICC_BASE && target.raw == GICV_FRAME && size == GUEST_GICC_SIZE);
        return;
    }
    for (unsigned i = 0; i < plan->extent_count; i++) {
        const struct plan_extent *extent = &plan->extents[i];
        if (base.raw >= extent->base.raw && base.raw + size <= extent->base.raw + extent->size) {
            FUZZ_REQUIRE(target.raw - extent->target.raw == base.raw - extent->base.raw);
            return;
        }
    }
    FUZZ_REQUIRE(!"a guest has what is not its own");
}

static void build(void)
{
    fixture.domain->state = DOMAIN_PLANNED;
    FUZZ_REQUIRE(build_to_end() == BUILD_DONE);
    stage2_walk(&fixture.domain->stage2, check_mapping, &fixture.plan);
    guest.touched = false;
}

static void create(void)
{
    const struct sim_options options = {.pa_bits = 40, .list_registers = 4};

    fixture_options(&options);
    open_gic();
    console_attach(&screen);
    plan_guest();
    free(load_kernel(KERNEL_SIZE));
    FUZZ_REQUIRE(create_and_build() == BUILD_DONE);
}

struct domain *guest_start(void)
{
    if (fixture.machine == NULL)
        create();
    struct domain *domain = fixture.domain;
    if (guest.touched)
        build();
    domain->state = DOMAIN_RUNNING;
    domain_reset_vcpus(domain);
    domain_reset_devices(domain);
    domain->restarts = 0;
    domain->messages = 0;
    domain->vcpus[0]->arch.regs.pc = KERNEL;
    domain->vcpus[0]->state = VCPU_READY;
    hv_domains_created();
    guest.lines = 0;
    return domain;
}

void guest_exit(struct vcpu *vcpu, const struct arch_exit *exit)
{
    uint32_t used = vcpu->domain->stage2.pool_used;
    uint64_t aborts = vcpu->statistics.aborts;

    arch_vcpu_load(&vcpu->arch);
    vgic_load(&vcpu->vgic);
    vgic_flush(&vcpu->vgic);
    vgic_sync(&vcpu->vgic);
    trap_handle(vcpu, exit);
    vgic_flush(&vcpu->vgic);
    vgic_sync(&vcpu->vgic);
    vgic_put(&vcpu->vgic);
    arch_vcpu_put(&vcpu->arch);
    guest.touched |= used != vcpu->domain->stage2.pool_used || aborts != vcpu->statistics.aborts;
}

bool guest_schedule(struct domain *domain)
{
    FUZZ_REQUIRE(domain->state == DOMAIN_RUNNING || domain->state == DOMAIN_OFF || domain->state == DOMAIN_FAILED ||
                 (domain->state == DOMAIN_PLANNED && domain->restarts != 0));
    if (domain->state == DOMAIN_PLANNED) {
        FUZZ_REQUIRE(domain->build_at != 0 && domain->build_at != UINT64_MAX);
        build();
    }
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        if (vcpu_power_requested(domain->vcpus[i]))
            vcpu_power_take_up(domain->vcpus[i]);
    return domain->state == DOMAIN_RUNNING && domain->restarts < MAX_RESTARTS;
}

void guest_check(struct domain *domain)
{
    FUZZ_REQUIRE(domain->messages <= MESSAGES_BOUND);
    for (unsigned i = 0; i < domain->vcpu_count; i++) {
        FUZZ_REQUIRE(domain->vcpus[i]->state <= VCPU_WAITING);
        FUZZ_REQUIRE(domain->vcpus[i]->on_request.state == VCPU_NO_REQUEST ||
                     domain->vcpus[i]->on_request.state == VCPU_REQUESTED);
    }
    if (guest.touched) /* else it is what the build mapped, which was looked at then */
        stage2_walk(&domain->stage2, check_mapping, &fixture.plan);
}

unsigned guest_lines(void)
{
    return guest.lines;
}
