// SPDX-License-Identifier: Apache-2.0
/* KVM's own GICv2 (Documentation/virt/kvm/devices/arm-vgic.rst of Linux), fed with the lines that core raises. */
#if defined(__aarch64__)
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hostsim/gic/gic.h"
#include "hostsim/kvm/kvm_gic.h"
#include "hostsim/memory/mmu.h"

#define GICD_CTLR 0x000
#define GICD_ISENABLER 0x100
#define LARGEST_TREE MIB(2)

/* ---- Where it goes */

static void copy_out(struct sim_cpu *cpu, uint64_t ipa, void *to, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        uint64_t part = min_u64(size - done, PAGE_SIZE - (ipa + done) % PAGE_SIZE);
        struct sim_translation translation = sim_translate(cpu, ipa + done, SIM_ACCESS_READ);
        if (translation.fault || sim_bank_find(cpu->machine, translation.pa, part) == NULL)
            sim_fail("the guest's device tree ends at IPA %#llx: not mapped", (unsigned long long)(ipa + done));
        memcpy((char *)to + done, sim_memory_read(cpu->machine, translation.pa, part), part);
        done += part;
    }
}

static struct kvm_gic_frames find_frames(struct sim_cpu *cpu, uint64_t device_tree)
{
    struct kvm_gic_frames frames;
    struct fdt_header header;
    copy_out(cpu, device_tree, &header, sizeof(header));
    if (fdt_check_header(&header) != 0 || fdt_totalsize(&header) > LARGEST_TREE)
        sim_fail("no device tree lies at IPA %#llx", (unsigned long long)device_tree);
    void *tree = malloc(fdt_totalsize(&header));
    if (tree == NULL)
        abort();
    copy_out(cpu, device_tree, tree, fdt_totalsize(&header));
    bool found = kvm_gic_find(tree, &frames);
    free(tree);
    if (!found)
        sim_fail("a guest without a GICv2 in its device tree cannot have KVM's");
    return frames;
}

static void set_attribute(const struct kvm_domain *domain, uint32_t group, uint64_t attribute, void *value)
{
    struct kvm_device_attr attr = {.group = group, .attr = attribute, .addr = (uintptr_t)value};
    KVM_CALL(domain->gic, KVM_SET_DEVICE_ATTR, &attr);
}

void kvm_gic_create(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct kvm_domain *domain = guest->kvm->domain;
    struct kvm_create_device device = {.type = KVM_DEV_TYPE_ARM_VGIC_V2};
    struct kvm_gic_frames frames = find_frames(cpu, guest->x[0]);
    KVM_CALL(domain->fd, KVM_CREATE_DEVICE, &device);
    domain->gic = (int)device.fd;
    set_attribute(domain, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &frames.distributor);
    set_attribute(domain, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &frames.cpu_interface);
    set_attribute(domain, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
    domain->distributor = frames.distributor;
    domain->enabled_words = 0;
    memset(domain->lines, 0, sizeof(domain->lines));
}

/* ---- The lines */

/* First all SPIs, then the distributor. */
bool kvm_gic_enable_next(struct sim_guest *guest, struct guest_operation *operation)
{
    struct kvm_domain *domain = guest->kvm->domain;
    if (domain->enabled_words == KVM_GIC_WORDS)
        return false;
    unsigned word = ++domain->enabled_words;
    bool last = word == KVM_GIC_WORDS;
    *operation = (struct guest_operation){
        .kind = GUEST_WRITE,
        .state = GUEST_POSTED,
        .address = domain->distributor + (last ? GICD_CTLR : GICD_ISENABLER + 4 * word),
        .value = last ? 1 : UINT32_MAX,
        .size = 4,
        .in_kvm = true,
    };
    return true;
}

static void set_line(const struct kvm_domain *domain, unsigned intid, bool asserted)
{
    struct kvm_irq_level level = {
        .irq = (uint32_t)KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | intid,
        .level = asserted,
    };
    KVM_CALL(domain->fd, KVM_IRQ_LINE, &level);
}

void kvm_gic_set_lines(struct sim_cpu *cpu, struct kvm_domain *domain)
{
    uint32_t lines[KVM_GIC_WORDS] = {0};
    struct sim_list_register lr;
    for (unsigned i = 0; sim_gic_list_register(cpu, i, &lr); i++)
        if (lr.used && lr.intid >= 32 && lr.intid < KVM_GIC_WORDS * 32)
            lines[lr.intid / 32] |= 1u << lr.intid % 32;
    for (unsigned word = 1; word < KVM_GIC_WORDS; word++)
        for (uint32_t changed = lines[word] ^ domain->lines[word]; changed != 0; changed &= changed - 1) {
            unsigned bit = (unsigned)__builtin_ctz(changed);
            set_line(domain, word * 32 + bit, (lines[word] >> bit & 1) != 0);
        }
    memcpy(domain->lines, lines, sizeof(lines));
}

#endif
