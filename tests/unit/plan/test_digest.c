// SPDX-License-Identifier: Apache-2.0
/* The digest changes with each field of the machine, of the configuration and of the plan. */
#include <check.h>
#include <string.h>

#include "support/parts.h"
#include "support/suite.h"
#include "unit/plan/fixture.h"

/** A field that the digest must cover. */
struct field {
    const char *name;
    void *at;
    size_t size;
};

#define FIELD(place)                                                                                                   \
    {                                                                                                                  \
#place, &(place), sizeof(place)                                                                                \
    }

static void assert_covered(const struct field *field)
{
    uint64_t digest = plan_digest(&world.plan);
    uint8_t *byte = field->at;

    *byte ^= 1;
    ck_assert_msg(plan_digest(&world.plan) != digest, "%s is not in the digest", field->name);
    *byte ^= 1;
    ck_assert_uint_eq(plan_digest(&world.plan), digest);
    if (field->size < sizeof(uint32_t))
        return;
    byte[field->size - 1 - field->size % 2] ^= 0x20;
    ck_assert_msg(plan_digest(&world.plan) != digest, "the upper half of %s is not in the digest", field->name);
    byte[field->size - 1 - field->size % 2] ^= 0x20;
}

static void assert_all_covered(const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_covered(&fields[i]);
}

static void full_system(void)
{
    struct machine *machine = &world.machine;

    add_reservation(RAM + GIB(2) - MIB(1), MIB(1), "firmware");
    machine->cpus[0].compatible = "arm,cortex-a53";
    machine->cpus[0].compatible_length = 15;
    machine->uart = (struct machine_uart){.type = UART_PL011, .frame = {0x9000000, 0x1000}, .intid = 33};
    machine->gic.version = GIC_V2;
    machine->gic.redistributor_count = 1;
    machine->gic.virtual_interface = (struct dt_range){0x8040000, 0x10000};
    add_simple(MIB(256), RAM + MIB(64), MIB(32))->bootargs = "quiet";
    add_module(MODULE_RAMDISK, RAM + MIB(96), 0x14bc5c);
    ck_assert_int_eq(make_plan(), HV_OK);
}

START_TEST(the_digest_covers_the_machine)
{
    struct machine *machine = &world.machine;
    struct machine_gic *gic = &machine->gic;
    struct machine_cpu *cpu = &machine->cpus[1];
    const struct field fields[] = {
        FIELD(machine->memory.list[0].base),
        FIELD(machine->memory.list[0].end),
        FIELD(machine->reservations[0].range.base),
        FIELD(machine->reservations[0].range.end),
        FIELD(cpu->mpidr),
        FIELD(cpu->clock_frequency),
        FIELD(gic->version),
        FIELD(gic->distributor.base),
        FIELD(gic->distributor.size),
        FIELD(gic->redistributors[0].base),
        FIELD(gic->redistributors[0].size),
        FIELD(gic->redistributor_stride),
        FIELD(gic->cpu_interface.base),
        FIELD(gic->cpu_interface.size),
        FIELD(gic->hyp_interface.base),
        FIELD(gic->hyp_interface.size),
        FIELD(gic->virtual_interface.base),
        FIELD(gic->virtual_interface.size),
        FIELD(gic->maintenance_intid),
        FIELD(machine->uart.type),
        FIELD(machine->uart.frame.base),
        FIELD(machine->uart.frame.size),
        FIELD(machine->uart.intid),
        FIELD(machine->uart.flags),
        FIELD(machine->timer_virtual_intid),
        FIELD(machine->timer_physical_intid),
        FIELD(machine->timer_hypervisor_intid),
        FIELD(machine->timer_frequency),
        FIELD(machine->psci),
        FIELD(cpu->psci),
        FIELD(cpu->online),
    };

    full_system();
    assert_all_covered(fields, ARRAY_SIZE(fields));
    uint64_t digest = plan_digest(&world.plan);
    machine->cpus[0].compatible = "arm,cortex-a57";
    ck_assert_uint_ne(plan_digest(&world.plan), digest);
}
END_TEST

START_TEST(the_digest_covers_each_domain)
{
    struct plan_domain *domain = &world.plan.domains[0];
    struct domain_config *config = &world.config.domains[0];

    full_system();
    const struct field fields[] = {
        FIELD(world.config.all_off),
        FIELD(config->memory),
        FIELD(config->part_values[part_index("vpl011")]),
        FIELD(config->eager_memory),
        FIELD(domain->domid),
        FIELD(domain->vmid),
        FIELD(domain->vcpu_cpu[0]),
        FIELD(domain->extents[0].base),
        FIELD(domain->extents[0].target),
        FIELD(domain->extents[0].size),
        FIELD(domain->guest_ram[0].end),
        FIELD(domain->guest_ram[1].end),
        FIELD(domain->control.base),
        FIELD(domain->tree.end),
        FIELD(domain->scratch.end),
        FIELD(domain->stage2_base),
        FIELD(domain->stage2_pages),
        FIELD(domain->ipa_bits),
        FIELD(domain->kernel.source),
        FIELD(domain->kernel.source_size),
        FIELD(domain->kernel.load),
        FIELD(domain->kernel.file_size),
        FIELD(domain->kernel.memory_size),
        FIELD(domain->kernel.format),
        FIELD(domain->ramdisk.present),
        FIELD(domain->ramdisk.source),
        FIELD(domain->ramdisk.source_size),
        FIELD(domain->ramdisk.load),
        FIELD(domain->ramdisk.file_size),
        FIELD(domain->dtb),
        FIELD(domain->dtb_size),
        FIELD(domain->entry),
        FIELD(domain->spi_count),
        FIELD(world.plan.ledger.list[2].base),
        FIELD(world.plan.free.list[0].base),
    };
    assert_all_covered(fields, ARRAY_SIZE(fields));
    uint64_t digest = plan_digest(&world.plan);
    config->bootargs = "debug";
    ck_assert_uint_ne(plan_digest(&world.plan), digest);
    config->bootargs = "quiet";
    config->name = "domU2";
    ck_assert_uint_ne(plan_digest(&world.plan), digest);
    config->name = "domU1";
    ck_assert_uint_eq(plan_digest(&world.plan), digest);
    world.plan.ledger.list[world.plan.ledger.count - 1].size++;
    ck_assert_uint_ne(plan_digest(&world.plan), digest);
}
END_TEST

/* The last bit of one word and the first of the next do not cancel out. */
START_TEST(the_digest_is_of_the_order)
{
    struct plan_domain *domain = &world.plan.domains[0];

    full_system();
    uint64_t digest = plan_digest(&world.plan);
    domain->kernel.file_size ^= 1ULL << 63;
    uint64_t upper = plan_digest(&world.plan);
    ck_assert_uint_ne(upper, digest);
    domain->ramdisk.file_size ^= 1ULL << 63;
    ck_assert_uint_ne(plan_digest(&world.plan), digest);
    ck_assert_uint_ne(plan_digest(&world.plan), upper);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, world_teardown);
    tcase_add_test(tests, the_digest_covers_the_machine);
    tcase_add_test(tests, the_digest_covers_each_domain);
    tcase_add_test(tests, the_digest_is_of_the_order);
}

int main(void)
{
    return suite_run("digest", add_tests, world_setup);
}
