/* SPDX-License-Identifier: Apache-2.0 */
/* A machine and a configuration made of C structures, with a small device tree behind them for names and paths, and a
 * reader whose answers stop being readable at the next call, as a window's do. */
#ifndef BULKHEAD_TESTS_UNIT_PLAN_FIXTURE_H
#define BULKHEAD_TESTS_UNIT_PLAN_FIXTURE_H

#include <libfdt.h>
#include <stdio.h>

#include "plan/plan.h"
#include "support/parts.h"
#include "unit/mem/random.h"
#include "unit/plan/packing.h"

#define RAM 0x40000000ULL
#define MAX_FILES 128

struct file {
    uint64_t base;
    struct bytes bytes;
};

static struct {
    _Alignas(8) uint8_t blob[32768];
    struct dt tree;
    struct machine machine;
    struct system_config config;
    struct system_plan plan;
    struct plan_reader reader;
    struct file files[MAX_FILES];
    unsigned file_count;
    void *shown;            /* what the reader handed out last */
    unsigned reads_refused; /* n: the n-th read from now on fails */
    struct diag diag;
    struct text_sink log_sink;
    char log[65536]; /* all reports, as a user sees them */
    size_t log_used;
} world;

static inline void world_log(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    REQUIRE(world.log_used + length < sizeof(world.log));
    memcpy(world.log + world.log_used, text, length);
    world.log_used += length;
    world.log[world.log_used] = '\0';
}

static inline void world_report(struct diag *diag, const struct diag_report *report)
{
    (void)diag;
    diag_format(&world.log_sink, report);
}

static inline const void *world_read(struct plan_reader *reader, pa_t base, uint64_t size)
{
    REQUIRE(reader == &world.reader && size != 0 && size <= IMAGE_PROBE_SIZE);
    REQUIRE(base.raw / BLOCK_SIZE == (base.raw + size - 1) / BLOCK_SIZE);
    free(world.shown);
    world.shown = NULL;
    if (world.reads_refused != 0 && world.reads_refused-- == 1)
        return NULL;
    for (unsigned i = 0; i < world.file_count; i++) {
        const struct file *file = &world.files[i];
        uint64_t offset = base.raw - file->base;
        if (base.raw < file->base || offset >= file->bytes.size || size > file->bytes.size - offset)
            continue;
        world.shown = malloc(size);
        memcpy(world.shown, file->bytes.data + offset, size);
        return world.shown;
    }
    return NULL;
}

/** /chosen/domU1 .. domU32, each with the nodes kernel and ramdisk; reserved-memory for nothing. */
static inline void write_tree(void *fdt, int size)
{
    char name[16];

    fdt_create(fdt, size);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_begin_node(fdt, "chosen");
    for (unsigned i = 1; i <= HV_MAX_DOMAINS; i++) {
        snprintf(name, sizeof(name), "domU%u", i);
        fdt_begin_node(fdt, name);
        fdt_begin_node(fdt, "kernel");
        fdt_end_node(fdt);
        fdt_begin_node(fdt, "ramdisk");
        fdt_end_node(fdt);
        fdt_end_node(fdt);
    }
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    ck_assert_int_eq(fdt_finish(fdt), 0);
}

static inline struct dt_node node_at(const char *format, unsigned domain)
{
    char path[48];

    snprintf(path, sizeof(path), format, domain);
    struct dt_node node = dt_find(&world.tree, path);
    ck_assert(dt_node_valid(node));
    return node;
}

static inline void add_memory(uint64_t base, uint64_t size)
{
    ck_assert_int_eq(regions_add(&world.machine.memory, base, size), HV_OK);
}

static inline void add_reservation(uint64_t base, uint64_t size, const char *name)
{
    world.machine.reservations[world.machine.reservation_count++] =
        (struct machine_reservation){{base, base + size}, name};
}

/** Sets up everything but RAM and domains: two CPUs, the hypervisor and the device tree low in RAM. */
static inline void world_start(void)
{
    for (unsigned i = 0; i < world.file_count; i++)
        free(world.files[i].bytes.data);
    free(world.shown);
    memset(&world, 0, sizeof(world));
    write_tree(world.blob, sizeof(world.blob));
    world.diag.emit = world_report;
    world.log_sink.put = world_log;
    world.reader.read = world_read;
    ck_assert_int_eq(dt_open(&world.tree, world.blob, sizeof(world.blob), &world.diag), HV_OK);
    world.machine.tree = &world.tree;
    world.machine.pa_bits = 40;
    world.machine.cpu_count = 2;
    for (unsigned i = 0; i < world.machine.cpu_count; i++)
        world.machine.cpus[i] = (struct machine_cpu){.mpidr = i, .online = true};
    world.machine.image = (struct region){RAM + MIB(2), RAM + MIB(2) + 0xa1000};
    world.machine.dtb = (struct region){RAM + MIB(6) + 0x100, RAM + MIB(6) + 0x10100};
}

/** The same with 2 GiB of RAM. */
static inline void world_setup(void)
{
    world_start();
    add_memory(RAM, GIB(2));
}

static inline void world_teardown(void)
{
    for (unsigned i = 0; i < world.file_count; i++)
        free(world.files[i].bytes.data);
    free(world.shown);
    world.shown = NULL;
    world.file_count = 0;
}

static inline struct domain_config *add_domain(uint64_t memory)
{
    unsigned number = ++world.config.domain_count;
    struct domain_config *domain = &world.config.domains[number - 1];
    struct dt_node node = node_at("/chosen/domU%u", number);

    *domain = (struct domain_config){.name = dt_name(node),
                                     .node = node,
                                     .valid = true,
                                     .memory = memory,
                                     .cpus = 1,
                                     .parts = part_bits("vpl011"),
                                     .nr_spis = CONFIG_SPIS_AS_HOST};
    return domain;
}

/** Names a module of the newest domain. */
static inline struct module_config *add_module(enum module_kind kind, uint64_t base, uint64_t size)
{
    unsigned number = world.config.domain_count;
    struct domain_config *domain = &world.config.domains[number - 1];
    struct module_config *module = kind == MODULE_KERNEL ? &domain->kernel : &domain->ramdisk;
    const char *path = kind == MODULE_KERNEL ? "/chosen/domU%u/kernel" : "/chosen/domU%u/ramdisk";

    *module = (struct module_config){
        .present = true, .kind = kind, .node = node_at(path, number), .base = pa(base), .size = size};
    return module;
}

/** What the boot loader put there; the world owns it from now on. */
static inline void load_file(uint64_t base, struct bytes bytes)
{
    REQUIRE(world.file_count < MAX_FILES);
    world.files[world.file_count++] = (struct file){base, bytes};
}

/** A kernel of 64 bytes of which its module is all that exists. */
static inline void load_header(uint64_t base, uint64_t text_offset, uint64_t image_size)
{
    load_file(base, make_image(64, text_offset, image_size));
}

/** A domain with a kernel of @p size bytes at @p base, and twice that in memory. */
static inline struct domain_config *add_simple(uint64_t memory, uint64_t base, uint64_t size)
{
    struct domain_config *domain = add_domain(memory);

    add_module(MODULE_KERNEL, base, size);
    load_header(base, 0, 2 * size);
    return domain;
}

/** Plans into memory that is full of something. */
static inline hv_status make_plan(void)
{
    memset(&world.plan, 0xa5, sizeof(world.plan));
    world.diag.errors = world.diag.warnings = 0;
    world.log_used = 0;
    world.log[0] = '\0';
    return plan_make(&world.plan, &world.machine, &world.config, &world.reader, &world.diag);
}

struct text {
    struct text_sink sink;
    char text[32768];
    size_t used;
};

static inline void text_put(struct text_sink *sink, const char *text, size_t length)
{
    struct text *out = CONTAINER_OF(sink, struct text, sink);

    REQUIRE(out->used + length < sizeof(out->text));
    memcpy(out->text + out->used, text, length);
    out->used += length;
    out->text[out->used] = '\0';
}

/** plan_print()'s text; the same buffer each time. */
static inline const char *plan_text(void)
{
    static struct text out;

    out.sink.put = text_put;
    out.used = 0;
    out.text[0] = '\0';
    plan_print(&out.sink, &world.plan);
    return out.text;
}

static inline void assert_logged(const char *text)
{
    ck_assert_msg(strstr(world.log, text) != NULL, "no report says '%s' in:\n%s", text, world.log);
}

static inline void assert_silent(void)
{
    ck_assert_msg(world.log_used == 0, "unexpected:\n%s", world.log);
}

#endif
