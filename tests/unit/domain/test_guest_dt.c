// SPDX-License-Identifier: Apache-2.0
/* The guest's device tree, read back with libfdt and compared with what the protocol's reference demands. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/guest_dt.h"
#include "support/parts.h"
#include "support/suite.h"

static const char cortex[] = "arm,cortex-a57\0arm,armv8";
static const char little[] = "arm,cortex-a53";

static struct machine machine;
static struct domain_config config;
static struct plan_domain plan;
static struct guest_seeds seeds;
static struct guest_dt written;
static _Alignas(8) uint8_t tree[GUEST_DT_MAX_SIZE];
static char shown[32768];

/* A domain with everything: two banks, a ramdisk, arguments, a UART, seeds. Tests take away. */
static void setup(void)
{
    memset(&machine, 0, sizeof(machine));
    machine.gic.version = GIC_V2;
    machine.cpu_count = 2;
    machine.cpus[0] = (struct machine_cpu){.mpidr = 0x100, .compatible = cortex, .compatible_length = sizeof(cortex)};
    machine.cpus[1] = (struct machine_cpu){
        .mpidr = 0x101, .compatible = little, .compatible_length = sizeof(little), .clock_frequency = 1200000000};
    machine.timer_frequency = 62500000;
    config = (struct domain_config){
        .name = "domU1", .parts = part_bits("vpl011"), .bootargs = "console=ttyAMA0 root=/dev/ram0"};
    plan = (struct plan_domain){
        .config = &config,
        .map = &guest_map_xen,
        .vcpu_count = 1,
        .guest_ram = {{0x40000000, 0x100000000}, {0x200000000, 0x240000000}},
        .ramdisk = {.present = true, .load = {0x48200000}, .file_size = 0x123457},
    };
    seeds = (struct guest_seeds){.rng_length = 32, .kaslr_length = 8};
    for (unsigned i = 0; i < 32; i++)
        seeds.rng[i] = (uint8_t)(0xa0 + i);
    for (unsigned i = 0; i < 8; i++)
        seeds.kaslr[i] = (uint8_t)(0x80 + i);
    memset(tree, 0xee, sizeof(tree));
}

static bool is_text(const char *value, int length)
{
    if (length < 2 || value[length - 1] != '\0' || value[0] == '\0')
        return false;
    for (int i = 0; i < length; i++)
        if (value[i] == '\0' ? value[i - 1] == '\0' : (value[i] < 0x20 || value[i] > 0x7e))
            return false;
    return true;
}

static int show_value(char *out, const char *value, int length)
{
    char *start = out;

    if (is_text(value, length)) {
        for (int i = 0; i < length; i += (int)strlen(value + i) + 1)
            out += sprintf(out, " \"%s\"", value + i);
        return (int)(out - start);
    }
    for (int i = 0; i < length; i += 4)
        out += sprintf(out, " %x", fdt32_ld((const fdt32_t *)(const void *)(value + i)));
    return (int)(out - start);
}

/** The whole tree as text, one line a node ("/path") or property (" name value..."), in order. */
static const char *show(void)
{
    char *out = shown;
    char path[128];
    int property, depth = 0;

    for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(tree, node, &depth)) {
        ck_assert_int_eq(fdt_get_path(tree, node, path, sizeof(path)), 0);
        out += sprintf(out, "%s\n", path);
        fdt_for_each_property_offset(property, tree, node)
        {
            const char *name;
            int length;
            const char *value = fdt_getprop_by_offset(tree, property, &name, &length);
            out += sprintf(out, " %s", name);
            out += show_value(out, value, length);
            out += sprintf(out, "\n");
        }
    }
    return shown;
}

static const char *write_and_show(void)
{
    ck_assert_int_eq(guest_dt_write(tree, sizeof(tree), &plan, &machine, &seeds, &written), HV_OK);
    ck_assert_int_eq(fdt_check_full(tree, sizeof(tree)), 0);
    return show();
}

static const void *property(const char *path, const char *name, int *length)
{
    int node = fdt_path_offset(tree, path);

    return node < 0 ? NULL : fdt_getprop(tree, node, name, length);
}

#define ROOT                                                                                                           \
    "/\n #address-cells 2\n #size-cells 2\n compatible \"bulkhead,guest\" \"linux,dummy-virt\"\n"                      \
    " model \"Bulkhead virtual machine\"\n"
#define GIC                                                                                                            \
    "/interrupt-controller@3001000\n #address-cells 0\n #interrupt-cells 3\n interrupt-controller\n"                   \
    " compatible \"arm,gic-400\"\n reg 0 3001000 0 1000 0 3002000 0 2000\n linux,phandle fde8\n phandle fde8\n"
#define GICV3                                                                                                          \
    "/interrupt-controller@3001000\n #address-cells 0\n #interrupt-cells 3\n interrupt-controller\n"                   \
    " compatible \"arm,gic-v3\"\n #redistributor-regions 1\n reg 0 3001000 0 10000 0 3020000 0 1000000\n"              \
    " linux,phandle fde8\n phandle fde8\n"
#define TIMER "/timer\n compatible \"arm,armv8-timer\"\n interrupts 1 d f08 1 e f08 1 b f08\n interrupt-parent fde8\n"
#define PSCI                                                                                                           \
    "/psci\n compatible \"arm,psci-1.0\" \"arm,psci-0.2\" \"arm,psci\"\n method \"hvc\"\n cpu_off 1\n cpu_on 2\n"
#define UART                                                                                                           \
    "/sbsa-uart@22000000\n compatible \"arm,sbsa-uart\"\n reg 0 22000000 0 1000\n interrupts 0 0 f04\n"                \
    " interrupt-parent fde8\n current-speed 1c200\n"

/* Section 1.6 of the reference, and what is added to it, in order. */
START_TEST(a_domain_with_everything)
{
    ck_assert_str_eq(
        write_and_show(),
        ROOT "/aliases\n serial0 \"/sbsa-uart@22000000\"\n"
             "/chosen\n bootargs \"console=ttyAMA0 root=/dev/ram0\"\n linux,initrd-start 0 48200000\n"
             " linux,initrd-end 0 48323457\n stdout-path \"/sbsa-uart@22000000\"\n kaslr-seed 80818283 84858687\n"
             " rng-seed a0a1a2a3 a4a5a6a7 a8a9aaab acadaeaf b0b1b2b3 b4b5b6b7 b8b9babb bcbdbebf\n"
             "/cpus\n #address-cells 1\n #size-cells 0\n"
             "/cpus/cpu@0\n compatible \"arm,cortex-a57\" \"arm,armv8\"\n device_type \"cpu\"\n reg 0\n"
             " enable-method \"psci\"\n"
             "/memory@40000000\n device_type \"memory\"\n reg 0 40000000 0 c0000000 2 0 0 40000000\n" TIMER
             " clock-frequency 3b9aca0\n" PSCI GIC UART);
}
END_TEST

START_TEST(a_domain_with_nothing)
{
    config.parts = part_bits(NULL);
    config.bootargs = NULL;
    plan.ramdisk.present = false;
    plan.guest_ram[0] = (struct region){0x40000000, 0x48000000};
    plan.guest_ram[1] = (struct region){0, 0};
    machine.timer_frequency = 0;
    seeds.rng_length = seeds.kaslr_length = 0;
    ck_assert_str_eq(write_and_show(),
                     ROOT "/chosen\n/cpus\n #address-cells 1\n #size-cells 0\n"
                          "/cpus/cpu@0\n compatible \"arm,cortex-a57\" \"arm,armv8\"\n device_type \"cpu\"\n reg 0\n"
                          " enable-method \"psci\"\n"
                          "/memory@40000000\n device_type \"memory\"\n reg 0 40000000 0 8000000\n" TIMER PSCI GIC);
}
END_TEST

/* Where the console is and what it raises is the domain's map, in all four places. */
START_TEST(a_domain_with_another_map)
{
    struct guest_map map = guest_map_xen;

    map.uart = (struct guest_range){0x1a09000000, 0x2000};
    map.uart_intid = 77;
    plan.map = &map;
    const char *text = write_and_show();
    ck_assert_ptr_nonnull(strstr(text, "/aliases\n serial0 \"/sbsa-uart@1a09000000\"\n"));
    ck_assert_ptr_nonnull(strstr(text, " stdout-path \"/sbsa-uart@1a09000000\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "/sbsa-uart@1a09000000\n compatible \"arm,sbsa-uart\"\n"
                                       " reg 1a 9000000 0 2000\n interrupts 0 2d f04\n"));
    ck_assert_ptr_null(strstr(text, "22000000"));
}
END_TEST

/* Each vCPU is of the kind of CPU that it runs on, and is numbered by the guest's affinity, not by the host's. */
START_TEST(eight_vcpus)
{
    char path[32];
    int length;

    plan.vcpu_count = 8;
    for (unsigned i = 0; i < 8; i++)
        plan.vcpu_cpu[i] = i & 1;
    write_and_show();
    for (unsigned i = 0; i < 8; i++) {
        sprintf(path, "/cpus/cpu@%x", i);
        const fdt32_t *reg = property(path, "reg", &length);
        ck_assert_ptr_nonnull(reg);
        ck_assert_int_eq(length, 4);
        ck_assert_uint_eq(fdt32_to_cpu(*reg), i);
        ck_assert_str_eq(property(path, "enable-method", &length), "psci");
        ck_assert_str_eq(property(path, "compatible", &length), i & 1 ? "arm,cortex-a53" : "arm,cortex-a57");
        ck_assert_int_eq(length, i & 1 ? sizeof(little) : sizeof(cortex));
        ck_assert_int_eq(property(path, "clock-frequency", &length) != NULL, i & 1);
    }
    ck_assert_int_lt(fdt_path_offset(tree, "/cpus/cpu@8"), 0);
}
END_TEST

START_TEST(affinity_of_many_vcpus)
{
    ck_assert_uint_eq(guest_dt_vcpu_affinity(0), 0);
    ck_assert_uint_eq(guest_dt_vcpu_affinity(15), 15);
    ck_assert_uint_eq(guest_dt_vcpu_affinity(16), 0x100);
    ck_assert_uint_eq(guest_dt_vcpu_affinity(33), 0x201);
}
END_TEST

/* The tree becomes guest memory: no byte of it may be what lay there before. The fill pattern appears nowhere. */
START_TEST(no_byte_shows_what_lay_there)
{
    config.bootargs = "x"; /* odd lengths leave padding */
    machine.cpus[0].compatible_length = 0;
    write_and_show();
    for (unsigned i = 0; i < fdt_totalsize(tree); i++)
        ck_assert_uint_ne(tree[i], 0xee);
}
END_TEST

/* Whatever the room: either a whole tree that ends in it, or "no memory", and never a byte behind it. */
START_TEST(every_size_of_buffer)
{
    write_and_show();
    uint32_t needed = fdt_totalsize(tree);
    static _Alignas(8) uint8_t small[GUEST_DT_MAX_SIZE];

    for (size_t size = 0; size < needed + 64; size++) {
        memset(small, 0xee, sizeof(small));
        hv_status status = guest_dt_write(small, size, &plan, &machine, &seeds, &written);
        if (size < needed)
            ck_assert_int_eq(status, HV_E_NOMEM);
        if (status == HV_OK)
            ck_assert_int_eq(fdt_check_full(small, size), 0);
        for (size_t i = size; i < size + 64; i++)
            ck_assert_uint_eq(small[i], 0xee);
        if (size == needed + 63)
            ck_assert_int_eq(status, HV_OK);
    }
}
END_TEST

START_TEST(longest_command_line_and_most_cpus_fit)
{
    static char longest[CONFIG_BOOTARGS_MAX];

    memset(longest, 'a', sizeof(longest) - 1);
    config.bootargs = longest;
    plan.vcpu_count = HV_MAX_VCPUS;
    ck_assert_int_eq(guest_dt_write(tree, KIB(6), &plan, &machine, &seeds, &written), HV_OK);
}
END_TEST

/* A copy is the tree with other seeds: those of the start that it is for. */
START_TEST(a_copy_has_seeds_of_its_own)
{
    static _Alignas(8) uint8_t copy[GUEST_DT_MAX_SIZE];
    struct guest_seeds others = {.rng_length = 32, .kaslr_length = 8};

    memset(others.rng, 0x11, sizeof(others.rng));
    memset(others.kaslr, 0x22, sizeof(others.kaslr));
    write_and_show();
    memset(copy, 0xee, sizeof(copy));
    guest_dt_copy(copy, &written, &others);
    ck_assert_uint_eq(copy[written.size], 0xee);
    seeds = others;
    write_and_show();
    ck_assert_mem_eq(copy, tree, written.size);
}
END_TEST

/* A source of entropy that fails at a later start: the guest is told nothing rather than old or predictable bytes. */
START_TEST(a_copy_without_seeds_has_no_such_properties)
{
    static _Alignas(8) uint8_t copy[GUEST_DT_MAX_SIZE];
    const struct guest_seeds none = {.rng_length = 0};
    int length;

    write_and_show();
    guest_dt_copy(copy, &written, &none);
    memcpy(tree, copy, written.size);
    ck_assert_int_eq(fdt_check_full(tree, sizeof(tree)), 0);
    ck_assert_ptr_null(property("/chosen", "rng-seed", &length));
    ck_assert_ptr_null(property("/chosen", "kaslr-seed", &length));
    ck_assert_ptr_nonnull(property("/chosen", "stdout-path", &length));
    seeds = none;
    write_and_show();
    ck_assert_uint_eq(written.rng_at, 0);
    guest_dt_copy(copy, &written, &(struct guest_seeds){.rng_length = 32, .kaslr_length = 8});
    ck_assert_mem_eq(copy, tree, written.size);
}
END_TEST

START_TEST(a_guest_of_a_gicv3)
{
    machine.gic.version = GIC_V3;
    const char *text = write_and_show();
    ck_assert_ptr_nonnull(strstr(text, GICV3));
    ck_assert_ptr_null(strstr(text, "arm,gic-400"));
}
END_TEST

START_TEST(a_machine_without_a_gic_for_guests)
{
    machine.gic.version = GIC_NONE;
    ck_assert_int_eq(guest_dt_write(tree, sizeof(tree), &plan, &machine, &seeds, &written), HV_E_UNSUPPORTED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest_dt");
    TCase *test_case = tcase_create("tree");

    suite_add_tcase(suite, test_case);
    tcase_add_checked_fixture(test_case, setup, NULL);
    tcase_add_test(test_case, a_domain_with_everything);
    tcase_add_test(test_case, a_domain_with_nothing);
    tcase_add_test(test_case, a_domain_with_another_map);
    tcase_add_test(test_case, eight_vcpus);
    tcase_add_test(test_case, affinity_of_many_vcpus);
    tcase_add_test(test_case, no_byte_shows_what_lay_there);
    tcase_add_test(test_case, every_size_of_buffer);
    tcase_add_test(test_case, longest_command_line_and_most_cpus_fit);
    tcase_add_test(test_case, a_copy_has_seeds_of_its_own);
    tcase_add_test(test_case, a_copy_without_seeds_has_no_such_properties);
    tcase_add_test(test_case, a_guest_of_a_gicv3);
    tcase_add_test(test_case, a_machine_without_a_gic_for_guests);
    return suite_execute(suite);
}
