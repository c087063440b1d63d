/* SPDX-License-Identifier: Apache-2.0 */
/* One domain, planned by hand, on a hostsim machine whose RAM is full of what no guest may ever see. */
#ifndef BULKHEAD_TESTS_UNIT_DOMAIN_FIXTURE_H
#define BULKHEAD_TESTS_UNIT_DOMAIN_FIXTURE_H

#include <check.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "arch/timer.h"
#include "console/console.h"
#include "domain/build.h"
#include "domain/domain.h"
#include "hostsim/sim.h"
#include "support/allocate.h"
#include "support/core_state.h"
#include "support/parts.h"

#define HOST_RAM 0x40000000ULL
#define HOST_RAM_SIZE MIB(96)
#define CONTROL 0x41000000ULL
#define MODULES 0x42000000ULL /* the kernel; the ramdisk 16 MiB behind it */
#define EXTENT0 0x44000000ULL
#define EXTENT0_SIZE MIB(10)
#define EXTENT1 0x45000000ULL /* not a multiple of 2 MiB */
#define EXTENT1_SIZE (MIB(3) + KIB(12))
#define GICV_FRAME 0x08040000ULL
#define UART_FRAME 0x09000000ULL
#define KERNEL 0x40000000ULL /* where the domain finds things */
#define DTB 0x40400000ULL
#define RAMDISK 0x40600000ULL
#define GUEST_END (KERNEL + EXTENT0_SIZE + EXTENT1_SIZE)
#define STALE 0xd5 /* what lies in the domain's RAM before it is built */
#define TABLE_PAGES 16

struct fixture {
    struct sim_machine *machine;
    struct domain_config config;
    struct plan_domain plan;
    struct domain *domain;
};

static struct fixture fixture;

static inline void put_reg(void *fdt, uint64_t base, uint64_t size)
{
    fdt64_t cells[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size)};
    fdt_property(fdt, "reg", cells, sizeof(cells));
}

/** The least that hostsim makes a machine of: RAM, two CPUs, a GICv2, a UART; and a domain to complain about. */
static inline void write_host_tree(void *fdt, int size)
{
    static const char gic[] = "arm,cortex-a15-gic", uart[] = "arm,pl011\0arm,primecell";
    const fdt32_t interrupt[] = {cpu_to_fdt32(0), cpu_to_fdt32(1), cpu_to_fdt32(4)};
    fdt64_t frames[8];
    const uint64_t gic_frames[8] = {0x08000000, 0x10000, 0x08010000, 0x10000, 0x08030000, 0x10000, GICV_FRAME, 0x10000};

    for (unsigned i = 0; i < 8; i++)
        frames[i] = cpu_to_fdt64(gic_frames[i]);
    fdt_create(fdt, size);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property_u32(fdt, "#address-cells", 2);
    fdt_property_u32(fdt, "#size-cells", 2);
    fdt_property_u32(fdt, "interrupt-parent", 1);
    fdt_begin_node(fdt, "memory@40000000");
    fdt_property_string(fdt, "device_type", "memory");
    put_reg(fdt, HOST_RAM, HOST_RAM_SIZE);
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "cpus");
    fdt_property_u32(fdt, "#address-cells", 1);
    fdt_property_u32(fdt, "#size-cells", 0);
    for (uint32_t i = 0; i < 2; i++) {
        fdt_begin_node(fdt, i == 0 ? "cpu@0" : "cpu@1");
        fdt_property_string(fdt, "device_type", "cpu");
        fdt_property_string(fdt, "compatible", "arm,cortex-a57");
        fdt_property_string(fdt, "enable-method", "psci");
        fdt_property_u32(fdt, "reg", i);
        fdt_end_node(fdt);
    }
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "intc@8000000");
    fdt_property(fdt, "compatible", gic, sizeof(gic));
    fdt_property_u32(fdt, "#interrupt-cells", 3);
    fdt_property(fdt, "interrupt-controller", NULL, 0);
    fdt_property_u32(fdt, "phandle", 1);
    fdt_property(fdt, "reg", frames, sizeof(frames));
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "pl011@9000000");
    fdt_property(fdt, "compatible", uart, sizeof(uart));
    put_reg(fdt, UART_FRAME, 0x1000);
    fdt_property(fdt, "interrupts", interrupt, sizeof(interrupt));
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "chosen");
    fdt_property_string(fdt, "stdout-path", "/pl011@9000000");
    fdt_begin_node(fdt, "domU1");
    fdt_begin_node(fdt, "module@42000000");
    put_reg(fdt, MODULES, KIB(4));
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "module@43000000");
    put_reg(fdt, MODULES + MIB(16), KIB(4));
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "psci");
    fdt_property_string(fdt, "compatible", "arm,psci-1.0");
    fdt_property_string(fdt, "method", "smc");
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    ck_assert_int_eq(fdt_finish(fdt), 0);
}

/** Fills host RAM with one byte, as the one who had it before may have left it. */
static inline void fill_host(uint64_t base, uint64_t size, uint8_t byte)
{
    static uint8_t bytes[KIB(64)];

    memset(bytes, byte, sizeof(bytes));
    for (uint64_t done = 0; done < size; done += sizeof(bytes))
        ck_assert(sim_load(fixture.machine, base + done, bytes, min_u64(size - done, sizeof(bytes))));
}

/** A byte pattern that differs from place to place, so that nothing can be moved without being noticed. */
static inline uint8_t *make_pattern(uint64_t size, uint32_t seed)
{
    uint8_t *bytes = allocate_pages(size + 1);
    uint32_t value = seed;

    for (uint64_t i = 0; i < size; i++) {
        value = value * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(value >> 24);
    }
    return bytes;
}

static inline void plan_by_hand(void)
{
    struct plan_domain *plan = &fixture.plan;
    uint64_t tables = CONTROL + KIB(256);

    fixture.config = (struct domain_config){.name = "domU1", .valid = true, .parts = part_bits("vpl011"), .cpus = 1};
    *plan = (struct plan_domain){
        .config = &fixture.config,
        .valid = true,
        .name = "domU1",
        .domid = 1,
        .vmid = 1,
        .map = &guest_map_xen,
        .vcpu_count = 1,
        .extents = {{{KERNEL}, {EXTENT0}, EXTENT0_SIZE}, {{KERNEL + EXTENT0_SIZE}, {EXTENT1}, EXTENT1_SIZE}},
        .extent_count = 2,
        .guest_ram = {{KERNEL, GUEST_END}, {0, 0}},
        .kernel = {.present = true, .source = {MODULES}, .load = {KERNEL}},
        .ramdisk = {.source = {MODULES + MIB(16)}, .load = {RAMDISK}},
        .dtb = {DTB},
        .dtb_size = KIB(64),
        .entry = {KERNEL},
        .spi_count = 32,
        .control = {CONTROL, tables + TABLE_PAGES * PAGE_SIZE},
        .tree = {CONTROL + KIB(64), CONTROL + KIB(64 + 8)},
        .scratch = {CONTROL + KIB(128), CONTROL + KIB(128) + PLAN_SCRATCH_BYTES},
        .stage2_base = {tables},
        .stage2_pages = TABLE_PAGES,
        .ipa_bits = 40,
    };
}

/** Puts a kernel of @p size bytes where the plan looks for it. @return its bytes, to be freed */
static inline uint8_t *load_kernel(uint64_t size)
{
    uint8_t *bytes = make_pattern(size, 1);
    struct plan_image *kernel = &fixture.plan.kernel;

    ck_assert(sim_load(fixture.machine, kernel->source.raw, bytes, size));
    kernel->source_size = kernel->file_size = kernel->memory_size = size;
    return bytes;
}

static inline uint8_t *load_ramdisk(uint64_t size)
{
    uint8_t *bytes = make_pattern(size, 2);
    struct plan_image *ramdisk = &fixture.plan.ramdisk;

    ck_assert(sim_load(fixture.machine, ramdisk->source.raw, bytes, size));
    ramdisk->present = true;
    ramdisk->source_size = ramdisk->file_size = ramdisk->memory_size = size;
    return bytes;
}

static inline void fixture_options(const struct sim_options *options)
{
    static _Alignas(8) uint8_t tree[4096];
    static struct dt host;
    static const struct domain_host handed = {&hv_boot.machine, &host_gic, &hv_boot.plan, hv_domain_stopped};

    write_host_tree(tree, sizeof(tree));
    fixture.machine = sim_create(tree, sizeof(tree), options);
    ck_assert_msg(fixture.machine != NULL, "%s", sim_create_error());
    core_reset();
    domain_init(&handed);
    hv_boot.machine.gic.version = GIC_V2;
    hv_boot.machine.cpu_count = 2;
    host_gic.version = GIC_V2;
    host_gic.virtual_interface = pa(GICV_FRAME);
    cpu_table[1].id = 1;
    const struct machine_uart uart = {.type = UART_PL011, .frame = {UART_FRAME, 0x1000}};
    console_init();
    ck_assert_int_eq(uart_open(&hv_boot.uart, &uart), HV_OK);
    console_attach(&hv_boot.uart);
    ck_assert_int_eq(dt_open(&host, tree, sizeof(tree), NULL), HV_OK);
    plan_by_hand();
    fixture.config.kernel.node = dt_find(&host, "/chosen/domU1/module@42000000");
    fixture.config.ramdisk.node = dt_find(&host, "/chosen/domU1/module@43000000");
    fill_host(EXTENT0, EXTENT0_SIZE, STALE);
    fill_host(EXTENT1, EXTENT1_SIZE, STALE);
    fill_host(CONTROL, region_size(fixture.plan.control), STALE);
}

static inline void setup(void)
{
    const struct sim_options options = {0};

    fixture_options(&options);
}

static inline void teardown(void)
{
    sim_destroy(fixture.machine);
}

/** Makes the domain and builds it to its end. @return how the last step ended */
static inline enum build_result build_to_end(void)
{
    enum build_result result;

    while ((result = build_step(fixture.domain)) == BUILD_MORE)
        ;
    return result;
}

static inline enum build_result create_and_build(void)
{
    fixture.domain = domain_create(&fixture.plan);
    ck_assert_ptr_nonnull(fixture.domain);
    domain_table[0] = fixture.domain;
    return build_to_end();
}

/** @return the host address behind an IPA, through the tables that the guest would use; 0: not mapped */
static inline uint64_t translate(uint64_t address)
{
    struct stage2_mapping mapping;

    return stage2_lookup(&fixture.domain->stage2, ipa(address), &mapping) == HV_OK ? mapping.pa.raw : 0;
}

/** Reads guest memory as the guest does with its caches off: what lies in RAM, not what lies in EL2's caches. */
static inline void guest_read(uint64_t address, uint8_t *bytes, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        uint64_t at = address + done;
        uint64_t part = min_u64(size - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
        uint64_t host = translate(at);
        if (host == 0 || !sim_peek(fixture.machine, host, bytes + done, part))
            ck_abort_msg("0x%llx is not mapped, or to no RAM", (unsigned long long)at);
        done += part;
    }
}

/** @param expected  its bytes, or NULL: zeros */
static inline void assert_guest_bytes(uint64_t address, const uint8_t *expected, uint64_t size)
{
    static uint8_t bytes[KIB(64)], zeros[KIB(64)];

    for (uint64_t done = 0, part; done < size; done += part) {
        const uint8_t *wanted = expected != NULL ? expected + done : zeros;
        uint64_t same = 0;
        part = min_u64(size - done, sizeof(bytes));
        guest_read(address + done, bytes, part);
        if (memcmp(bytes, wanted, part) == 0)
            continue;
        while (bytes[same] == wanted[same])
            same++;
        ck_abort_msg("0x%llx holds 0x%02x, not 0x%02x", (unsigned long long)(address + done + same), bytes[same],
                     wanted[same]);
    }
}

static inline void assert_guest_holds(uint64_t address, const uint8_t *expected, uint64_t size)
{
    assert_guest_bytes(address, expected, size);
}

static inline void assert_guest_zero(uint64_t address, uint64_t end)
{
    assert_guest_bytes(address, NULL, end - address);
}

/** The guest looks at each page of a block. */
static inline void touch_block(uint64_t address)
{
    for (uint64_t at = align_down(address, BLOCK_SIZE); at < align_up(address, BLOCK_SIZE); at += PAGE_SIZE)
        if (domain_touch(fixture.domain, ipa(at)) != HV_OK)
            ck_abort_msg("0x%llx is not there", (unsigned long long)at);
}

static inline uint32_t guest_tree_size(void)
{
    _Alignas(8) uint8_t header[sizeof(struct fdt_header)];

    guest_read(fixture.plan.dtb.raw, header, sizeof(header));
    ck_assert_int_eq(fdt_check_header(header), 0);
    return fdt_totalsize(header);
}

#endif
