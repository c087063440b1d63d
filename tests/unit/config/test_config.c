// SPDX-License-Identifier: Apache-2.0
/* What the user asked for, as values; what is said about mistakes is tested with the trees of tests/dts. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "config/system_config.h"
#include "support/blob.h"
#include "support/parts.h"
#include "support/reports.h"
#include "support/suite.h"

static struct system_config config;
static struct reports reports;
static struct blob blob;
static struct dt tree;

static void setup(void)
{
    reports_start(&reports);
    memset(&config, 0xa5, sizeof(config)); /* nothing is expected of what was there before */
}

static hv_status read_config(void)
{
    return config_read(&config, &tree, &reports.diag);
}

static hv_status read_file(const char *name)
{
    blob = blob_read(name);
    blob_open(&blob, &tree);
    return read_config();
}

static void assert_module(const struct module_config *module, enum module_kind kind, uint64_t base, uint64_t size)
{
    ck_assert(module->present);
    ck_assert_int_eq(module->kind, kind);
    ck_assert_uint_eq(module->base.raw, base);
    ck_assert_uint_eq(module->size, size);
    ck_assert(dt_node_valid(module->node));
}

START_TEST(two_domains)
{
    const struct domain_config *good = &config.domains[0];
    const struct domain_config *other = &config.domains[1];

    ck_assert_int_eq(read_file("ok/two-domains.dtb"), HV_OK);
    ck_assert_uint_eq(config.domain_count, 2);
    ck_assert_ptr_null(config.command_line);
    ck_assert_int_eq(config.all_off, ALL_OFF_STAY);
    ck_assert_str_eq(good->name, "good");
    ck_assert_str_eq(dt_name(good->node), "good");
    ck_assert(good->valid);
    ck_assert_uint_eq(good->memory, MIB(128));
    ck_assert_uint_eq(good->cpus, 1);
    ck_assert(has_part(good, "vpl011"));
    ck_assert(!good->eager_memory);
    ck_assert_str_eq(good->bootargs, "console=ttyAMA0");
    assert_module(&good->kernel, MODULE_KERNEL, 0x50000000, MIB(32));
    assert_module(&good->ramdisk, MODULE_RAMDISK, 0x52000000, MIB(4));
    ck_assert_ptr_null(good->ramdisk.bootargs);
    ck_assert(!good->device_tree.present);
    ck_assert_str_eq(other->name, "domU1");
    ck_assert_uint_eq(other->memory, MIB(256));
    blob_free(&blob);
}
END_TEST

/** The same domain, written in the ways that the binding allows. */
START_TEST(same_domain)
{
    static const struct {
        const char *file;
        unsigned domain;
        uint64_t ramdisk_size;
    } cases[] = {{"ok/two-domains.dtb", 1, MIB(4)},
                 {"ok/memory-one-cell.dtb", 1, MIB(4)},
                 {"ok/legacy-compatible.dtb", 0, 0xffffffff},
                 {"ok/cells-from-chosen.dtb", 1, MIB(4)},
                 {"ok/cells-from-root.dtb", 1, MIB(4)},
                 {"ok/nothing-asked.dtb", 1, MIB(4)},
                 {"ok/limits.dtb", 1, MIB(4)},
                 {"ok/module-details.dtb", 1, MIB(4)},
                 {"ok/module-to-the-end.dtb", 1, UINT64_MAX - 0x62000000}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct domain_config *domain = &config.domains[cases[i].domain];

        ck_assert_int_eq(read_file(cases[i].file), HV_OK);
        ck_assert_str_eq(domain->name, "domU1");
        ck_assert(domain->valid);
        ck_assert_uint_eq(domain->memory, MIB(256));
        ck_assert_uint_eq(domain->cpus, 1);
        ck_assert(has_part(domain, "vpl011"));
        ck_assert_str_eq(domain->bootargs, "console=ttyAMA0");
        assert_module(&domain->kernel, MODULE_KERNEL, 0x60000000, MIB(32));
        assert_module(&domain->ramdisk, MODULE_RAMDISK, 0x62000000, cases[i].ramdisk_size);
        blob_free(&blob);
    }
}
END_TEST

START_TEST(uboot_script)
{
    ck_assert_int_eq(read_file("ok/uboot-script.dtb"), HV_OK);
    ck_assert_uint_eq(config.domain_count, 1);
    ck_assert_uint_eq(config.domains[0].memory, MIB(512));
    assert_module(&config.domains[0].ramdisk, MODULE_RAMDISK, 0x62000000, 0x14bc5c);
    ck_assert_int_eq(config.all_off, ALL_OFF_POWER_OFF);
    ck_assert_ptr_nonnull(strstr(config.command_line, "vwfi=native"));
    ck_assert_str_eq(config_command_line(&tree), config.command_line);
    blob_free(&blob);
}
END_TEST

START_TEST(bootargs)
{
    ck_assert_int_eq(read_file("ok/bootargs-on-domain.dtb"), HV_OK);
    ck_assert_str_eq(config.domains[1].bootargs, "console=ttyAMA0 from-domain");
    ck_assert_ptr_null(config.domains[1].kernel.bootargs);
    blob_free(&blob);
    ck_assert_int_eq(read_file("ok/memory-bank-bad.dtb"), HV_OK); /* a domain without any */
    ck_assert_ptr_null(config.domains[0].bootargs);
    ck_assert(!has_part(&config.domains[0], "vpl011"));
    ck_assert(!config.domains[0].ramdisk.present);
    blob_free(&blob);
    ck_assert_int_eq(read_file("bad/bootargs-too-long.dtb"), HV_OK);
    ck_assert_ptr_null(config.domains[1].bootargs);
    ck_assert(!config.domains[1].valid);
    blob_free(&blob);
}
END_TEST

START_TEST(flags)
{
    ck_assert_int_eq(read_file("ok/eager-memory.dtb"), HV_OK);
    ck_assert(config.domains[1].eager_memory);
    blob_free(&blob);
    ck_assert_int_eq(read_file("ok/odd-values.dtb"), HV_OK);
    ck_assert(config.domains[1].eager_memory);
    ck_assert(has_part(&config.domains[1], "vpl011"));
    blob_free(&blob);
}
END_TEST

START_TEST(disabled_domain)
{
    ck_assert_int_eq(read_file("ok/domain-disabled.dtb"), HV_OK);
    ck_assert_uint_eq(config.domain_count, 1);
    ck_assert_str_eq(config.domains[0].name, "good");
    ck_assert(reports_have(&reports, "note: /chosen/domU1: status: the domain is disabled and is left out"));
    blob_free(&blob);
}
END_TEST

START_TEST(no_domain)
{
    static const char *const names[] = {"bad/no-domain.dtb", "bad/no-chosen.dtb", "bad/all-disabled.dtb"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_int_eq(read_file(names[i]), HV_E_MISSING);
        ck_assert_uint_eq(config.domain_count, 0);
        blob_free(&blob);
    }
}
END_TEST

START_TEST(several_vcpus)
{
    ck_assert_int_eq(read_file("ok/cpus-several.dtb"), HV_OK);
    ck_assert_uint_eq(config.domains[1].cpus, 8);
    ck_assert(config.domains[1].valid);
    blob_free(&blob);
}
END_TEST

static void add_domain(void *writer, const char *name)
{
    const fdt64_t memory = cpu_to_fdt64(0x20000);
    const fdt32_t reg[] = {cpu_to_fdt32(0x60000000), cpu_to_fdt32(0x1000)};

    fdt_begin_node(writer, name);
    fdt_property_string(writer, "compatible", "xen,domain");
    fdt_property_u32(writer, "#address-cells", 1);
    fdt_property(writer, "memory", &memory, sizeof(memory));
    fdt_property_u32(writer, "cpus", 1);
    fdt_begin_node(writer, "module@60000000");
    fdt_property(writer, "compatible", "multiboot,kernel\0multiboot,module", 34);
    fdt_property(writer, "reg", reg, sizeof(reg));
    fdt_end_node(writer);
    fdt_end_node(writer);
}

static hv_status read_written(void *writer)
{
    fdt_end_node(writer); /* /chosen */
    blob = blob_finish(writer);
    blob_open(&blob, &tree);
    return read_config();
}

START_TEST(two_of_one_name)
{
    void *writer = blob_begin();

    fdt_begin_node(writer, "chosen");
    add_domain(writer, "domU1");
    add_domain(writer, "domU2");
    add_domain(writer, "domU1");
    add_domain(writer, "domU1@2");
    ck_assert_int_eq(read_written(writer), HV_OK);
    ck_assert_uint_eq(config.domain_count, 4);
    ck_assert(config.domains[0].valid && config.domains[1].valid && !config.domains[2].valid &&
              config.domains[3].valid);
    ck_assert_str_eq(reports.text,
                     "error: /chosen/domU1: there is another domain of this name; this one, the later, is left "
                     "out\n  hint: give each domain a name of its own\n");
    blob_free(&blob);
}
END_TEST

START_TEST(too_many_domains)
{
    void *writer = blob_begin();

    fdt_begin_node(writer, "chosen");
    for (unsigned i = 0; i < HV_MAX_DOMAINS + 2; i++) {
        char name[16];

        snprintf(name, sizeof(name), "domU%u", i);
        add_domain(writer, name);
    }
    ck_assert_int_eq(read_written(writer), HV_OK);
    ck_assert_uint_eq(config.domain_count, HV_MAX_DOMAINS);
    ck_assert_uint_eq(config.beyond_count, 2);
    for (unsigned i = 0; i < HV_MAX_DOMAINS; i++)
        ck_assert(config.domains[i].valid);
    ck_assert_uint_eq(reports.diag.errors, 2);
    ck_assert(reports_have(&reports, "error: /chosen/domU32: there are more domains than this build can hold"));
    ck_assert(reports_have(&reports, "error: /chosen/domU33: "));
    blob_free(&blob);
}
END_TEST

/** @return the hypervisor's command line for /chosen with these properties; NULL: property left out */
static const char *line_of(const char *xen, const char *dom0, const char *plain, const char *kernel)
{
    void *writer = blob_begin();

    fdt_begin_node(writer, "chosen");
    if (xen != NULL)
        fdt_property_string(writer, "xen,xen-bootargs", xen);
    if (dom0 != NULL)
        fdt_property_string(writer, "xen,dom0-bootargs", dom0);
    if (plain != NULL)
        fdt_property_string(writer, "bootargs", plain);
    if (kernel != NULL) {
        fdt_begin_node(writer, "module@0");
        fdt_property(writer, "compatible", "xen,linux-zimage\0xen,multiboot-module", 38);
        fdt_property_string(writer, "bootargs", kernel);
        fdt_end_node(writer);
    }
    add_domain(writer, "domU1");
    ck_assert_int_eq(read_written(writer), HV_OK);
    return config.command_line;
}

START_TEST(command_line)
{
    ck_assert_str_eq(line_of("own", NULL, "plain", NULL), "own");
    blob_free(&blob);
    ck_assert_str_eq(line_of("own", "dom0", "plain", "kernel"), "own");
    blob_free(&blob);
    ck_assert_str_eq(line_of(NULL, "dom0", "plain", NULL), "plain");
    blob_free(&blob);
    ck_assert_str_eq(line_of(NULL, NULL, "plain", "kernel"), "plain");
    blob_free(&blob);
    ck_assert_ptr_null(line_of(NULL, NULL, "plain", NULL)); /* without a dom0 there is none */
    blob_free(&blob);
    ck_assert_ptr_null(line_of(NULL, "dom0", NULL, "kernel"));
    ck_assert_ptr_null(config_command_line(&tree));
    blob_free(&blob);
}
END_TEST

START_TEST(all_off)
{
    line_of("bulkhead.all-off=power-off", NULL, NULL, NULL);
    ck_assert_int_eq(config.all_off, ALL_OFF_POWER_OFF);
    blob_free(&blob);
    line_of("bulkhead.all-off=power-off bulkhead.all-off=stay", NULL, NULL, NULL);
    ck_assert_int_eq(config.all_off, ALL_OFF_STAY);
    blob_free(&blob);
    line_of("bulkhead.all-off=power-offs", NULL, NULL, NULL);
    ck_assert_int_eq(config.all_off, ALL_OFF_STAY);
    ck_assert_uint_eq(reports.diag.warnings, 1);
    blob_free(&blob);
    line_of("bulkhead.all-off", NULL, NULL, NULL);
    ck_assert_uint_eq(reports.diag.warnings, 2);
    ck_assert(reports_have(&reports, "(found bulkhead.all-off, expected power-off or stay)"));
    blob_free(&blob);
}
END_TEST

START_TEST(options)
{
    const char *cursor = "  one two=2\tthree=a=b\n=x ";
    struct option option;
    char value[8];

    ck_assert(option_next(&cursor, &option));
    ck_assert(option_is(&option, "one") && option.value == NULL);
    ck_assert(!option_is(&option, "on") && !option_is(&option, "ones") && !option_value_is(&option, ""));
    ck_assert(option_next(&cursor, &option));
    ck_assert(option_is(&option, "two") && option_value_is(&option, "2"));
    ck_assert(option_next(&cursor, &option));
    ck_assert(option_is(&option, "three") && option_value_is(&option, "a=b"));
    ck_assert(option_next(&cursor, &option));
    ck_assert(option_is(&option, "") && option_value_is(&option, "x"));
    ck_assert(!option_next(&cursor, &option));
    ck_assert(!option_next(&cursor, &option));

    ck_assert(option_read("a=1 b=2 a=3", "a", value, sizeof(value)));
    ck_assert_str_eq(value, "3");
    ck_assert(!option_read("a=1", "b", value, sizeof(value)));
    ck_assert(!option_read("a", "a", value, sizeof(value)));
    ck_assert(!option_read(NULL, "a", value, sizeof(value)));
    ck_assert(option_read("a=1234567", "a", value, sizeof(value)));
    ck_assert_str_eq(value, "1234567");
    ck_assert(!option_read("a=12345678", "a", value, sizeof(value)));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, two_domains);
    tcase_add_test(tests, same_domain);
    tcase_add_test(tests, uboot_script);
    tcase_add_test(tests, bootargs);
    tcase_add_test(tests, flags);
    tcase_add_test(tests, disabled_domain);
    tcase_add_test(tests, no_domain);
    tcase_add_test(tests, several_vcpus);
    tcase_add_test(tests, two_of_one_name);
    tcase_add_test(tests, too_many_domains);
    tcase_add_test(tests, command_line);
    tcase_add_test(tests, all_off);
    tcase_add_test(tests, options);
}

int main(void)
{
    return suite_run("config", add_tests, setup);
}
