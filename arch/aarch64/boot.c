// SPDX-License-Identifier: Apache-2.0
/* From head.S to core, on the boot CPU, and the start of the others. */
#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/smc.h"
#include "boot/hv_main.h"
#include "dt/dt.h"
#include "early.h"
#include "feature.h"
#include "mmu.h"
#include "sysreg.h"

HV_DOOR void boot_main(uint64_t dtb, uint64_t image, uint64_t ticks, unsigned level);

/** Maps no more than the tree claims to have, so that nothing outside RAM is mapped; of what is no tree, one page at
 * most.
 */
static struct boot_tree map_tree(pa_t base)
{
    static const uint64_t nothing[5]; /* an x0 that cannot be a tree's address: core refuses these zeros and says why */
    struct boot_tree tree = {nothing, sizeof(nothing)};
    uint64_t size;

    if (base.raw == 0 || base.raw >> arch_pa_bits() != 0 || !is_aligned(base.raw, 8))
        return tree;
    /* Magic and size are in the first 8 bytes, hence in one page. */
    tree.space = PAGE_SIZE - base.raw % PAGE_SIZE;
    tree.blob = arch_map(base, tree.space, ARCH_MAP_READ);
    size = min_u64(early_tree_size(&tree), DT_MAX_SIZE);
    if (size > tree.space) {
        tree.blob = arch_map(base, size, ARCH_MAP_READ);
        tree.space = size;
    }
    return tree;
}

/** Bulkhead was not entered where it can work. */
static void refuse_level(const struct boot_tree *tree, unsigned level)
{
    struct uart storage;
    struct uart *uart = early_open(&storage, tree);

    early_printf(uart, "Bulkhead must be entered at EL2, but was entered at EL%u: %s\n", level,
                 level == 3
                     ? "the firmware or boot loader must drop to EL2 first. QEMU: leave out secure=on, or start it "
                       "with -kernel"
                     : "this machine has no EL2, or the boot loader left it. QEMU: add virtualization=on");
    arch_cpu_halt();
}

void boot_main(uint64_t dtb, uint64_t image, uint64_t ticks, unsigned level)
{
    struct boot_tree tree;

    mmu_init(pa(image));
    tree = map_tree(pa(dtb));
    if (level != 2)
        refuse_level(&tree, level);
    feature_init();
    feature_init_cpu();
    hv_main(tree.blob, tree.space, pa(dtb), ticks);
}

hv_status arch_cpu_start(unsigned cpu, uint64_t mpidr)
{
    extern char secondary_entry[];

    if (cpu == 0 || cpu >= HV_MAX_CPUS)
        return HV_E_INVALID;
    mmu_prepare_cpu(cpu);
    barrier_dsb(sy);
    return smc_psci_status(arch_smc(PSCI_CPU_ON, mpidr, mmu_image_pa(secondary_entry).raw, cpu));
}
