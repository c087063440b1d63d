// SPDX-License-Identifier: Apache-2.0
/* Plans of random systems, sensible and absurd: whatever is asked for, nothing is owned twice, and the answer is the
 * same each time. A failure prints the seed; TEST_SEED shifts all of them. */
#include "support/suite.h"
#include "unit/plan/invariants.h"

#define SYSTEMS 400

static struct random dice;

static uint64_t between(uint64_t low, uint64_t high)
{
    return low + random_below(&dice, high - low + 1);
}

static bool chance(unsigned percent)
{
    return random_chance(&dice, percent);
}

/** A size of any magnitude, often a round one. */
static uint64_t some_size(uint64_t most)
{
    uint64_t size = 1 + (random_next(&dice) % most >> random_below(&dice, 12));

    if (chance(70))
        size = align_up(size, chance(60) ? MIB(1) : PAGE_SIZE);
    return max_u64(min_u64(size, most), 1);
}

static uint64_t some_address(void)
{
    const struct region_set *memory = &world.machine.memory;
    struct region bank = memory->list[random_below(&dice, memory->count)];
    uint64_t address = bank.base + random_below(&dice, region_size(bank));

    if (chance(85))
        address = align_down(address, chance(70) ? MIB(1) : 64);
    return chance(97) ? address : random_next(&dice) >> random_below(&dice, 40);
}

static void some_machine(void)
{
    unsigned banks = (unsigned)between(1, 4);
    uint64_t base = chance(50) ? 0 : RAM;

    for (unsigned i = 0; i < banks; i++) {
        uint64_t size = align_up(some_size(GIB(6)) + MIB(64), chance(90) ? MIB(2) : PAGE_SIZE);
        add_memory(base, size);
        base += size + (chance(50) ? 0 : align_down(some_size(GIB(16)), PAGE_SIZE));
    }
    uint64_t image = align_down(some_address(), MIB(2));
    uint64_t dtb = align_down(some_address(), 8);
    world.machine.image = (struct region){image, image + KIB(600)};
    world.machine.dtb = (struct region){dtb, dtb + between(1, MIB(2))};
    for (unsigned i = (unsigned)random_below(&dice, chance(90) ? 5 : MACHINE_MAX_RESERVATIONS); i > 0; i--) {
        uint64_t reserved = some_address();
        uint64_t size = chance(95) ? some_size(MIB(64)) : some_size(GIB(2));
        add_reservation(reserved, min_u64(size, UINT64_MAX - reserved), chance(50) ? "/memreserve/" : "buffer");
    }
    world.machine.cpu_count = (unsigned)between(1, HV_MAX_CPUS);
    for (unsigned i = 0; i < world.machine.cpu_count; i++)
        world.machine.cpus[i] = (struct machine_cpu){.mpidr = i, .online = i == 0 || chance(80)};
    world.machine.pa_bits = chance(80) ? 40 : (unsigned)between(32, 48);
}

static void some_kernel_file(uint64_t base, uint64_t size)
{
    if (chance(10))
        return; /* nobody can look at it */
    if (chance(5)) {
        load_file(base, (struct bytes){calloc(1, 128), 128}); /* no kernel */
    } else if (chance(15)) {
        struct bytes image = make_image(20000, align_down(some_size(MIB(2)), PAGE_SIZE), some_size(MIB(64)));
        load_file(base, pack(image.data, image.size, 6, NULL));
        free(image.data);
    } else {
        load_header(base, chance(80) ? 0 : align_down(some_size(MIB(40)), chance(90) ? PAGE_SIZE : 4),
                    chance(90) ? size + some_size(MIB(16)) : some_size(GIB(4)));
    }
}

static void some_domain(uint64_t *next)
{
    struct domain_config *domain = add_domain(chance(90) ? MIB(16) + some_size(GIB(5)) : some_size(GIB(2000)));
    uint64_t spread = chance(90) ? MIB(4) : 0;

    domain->cpus = (uint32_t)between(1, chance(70) ? 1 : HV_MAX_VCPUS);
    domain->valid = chance(95);
    for (unsigned kind = MODULE_KERNEL; kind <= (chance(70) ? MODULE_RAMDISK : MODULE_KERNEL); kind++) {
        uint64_t size = some_size(kind == MODULE_KERNEL ? MIB(40) : MIB(100));
        uint64_t base = chance(80) ? *next : some_address();
        add_module((enum module_kind)kind, base, chance(90) ? size : 0xffffffff);
        if (kind == MODULE_KERNEL)
            some_kernel_file(base, size);
        if (base == *next)
            *next = align_up(*next + size + spread, KIB(64));
    }
}

static void some_system(uint64_t seed)
{
    dice = random_start(seed);
    world_start();
    some_machine();
    uint64_t next = align_down(some_address(), MIB(2));
    for (unsigned i = (unsigned)between(1, chance(90) ? 6 : HV_MAX_DOMAINS); i > 0; i--)
        some_domain(&next);
}

/** Each domain that was all right before and is not in the plan is named in an error. */
static void assert_refusals_explained(void)
{
    char path[64];

    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        if (world.plan.domains[i].valid || !world.config.domains[i].valid)
            continue;
        snprintf(path, sizeof(path), "error: /chosen/domU%u:", i + 1);
        bool explained = strstr(world.log, path) != NULL;
        snprintf(path, sizeof(path), "error: /chosen/domU%u/", i + 1);
        REQUIRE(explained || strstr(world.log, path) != NULL);
    }
}

static bool strike(struct region_set *left, struct region range)
{
    uint64_t base = align_down(range.base, PAGE_SIZE);

    return regions_remove(left, base, align_up(range.end, PAGE_SIZE) - base) == HV_OK;
}

/** What nobody owns and no the module lies in is free: nothing gets lost. */
static void assert_nothing_lost(void)
{
    struct region_set left = world.machine.memory;
    bool countable = true;

    collect_owners();
    for (unsigned i = 0; i < owners.count; i++)
        countable = countable && strike(&left, owners.list[i].range);
    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        for (unsigned kind = 0; kind < PLAN_MODULE_KINDS; kind++)
            countable = countable && strike(&left, world.plan.modules[i][kind].range);
    }
    REQUIRE(!countable || left.count == 0 || strstr(world.log, "too many pieces") != NULL);
}

START_TEST(random_systems)
{
    static unsigned planned_domains, refused_domains;

    for (unsigned i = 0; i < SYSTEMS; i++) {
        uint64_t seed = (uint64_t)_i * SYSTEMS + i;
        char where[32];
        snprintf(where, sizeof(where), "seed %u", (unsigned)seed);
        mark_point();
        some_system(seed);
        hv_status status = make_plan();
        if (getenv("TEST_VERBOSE") != NULL)
            printf("== %s\n%s%s", where, world.log, plan_text());
        REQUIRE(status == (world.plan.valid_count != 0 ? HV_OK : HV_E_MISSING));
        assert_plan_sound();
        assert_refusals_explained();
        assert_nothing_lost();
        planned_domains += world.plan.valid_count;
        refused_domains += world.plan.domain_count - world.plan.valid_count;
        uint64_t digest = world.plan.digest;
        REQUIRE(plan_digest(&world.plan) == digest);
        REQUIRE(make_plan() == status && world.plan.digest == digest);
        world_teardown();
    }
    /* Both kinds, and plenty of them: else nothing was tested. */
    ck_assert_uint_gt(planned_domains, SYSTEMS / 2);
    ck_assert_uint_gt(refused_domains, SYSTEMS / 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan-random");
    TCase *tcase = tcase_create("plan-random");

    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, random_systems, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite_execute(suite);
}
