// SPDX-License-Identifier: Apache-2.0
#include "scenario/support/system.h"

#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FIRST_MODULE 0x4a000000ULL
#define MODULE_STEP 0x2000000ULL
#define RAMDISK_AT 0xe00000ULL /* from its kernel */
#define FRAGMENT_AT 0x1e00000ULL
#define FRAGMENT_SPACE 0x1000
#define SPACE 0x20000

/* Unlike ck_assert(), costs nothing where it holds, and works outside of tests then. */
static void require(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

static void check_fdt(int result)
{
    if (result < 0)
        ck_abort_msg("libfdt: %s", fdt_strerror(result));
}

void *load_dtb(const char *name, size_t *size)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", DTB_DIR, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL, path);
    uint8_t *dtb = calloc(1, SPACE);
    *size = fread(dtb, 1, SPACE, file);
    fclose(file);
    return dtb;
}

static void add_cpu(void *dtb, unsigned index)
{
    char name[16];
    snprintf(name, sizeof(name), "cpu@%x", index);
    int node = fdt_add_subnode(dtb, fdt_path_offset(dtb, "/cpus"), name);
    check_fdt(node);
    check_fdt(fdt_setprop_string(dtb, node, "device_type", "cpu"));
    check_fdt(fdt_setprop_string(dtb, node, "compatible", "arm,cortex-a57"));
    check_fdt(fdt_setprop_string(dtb, node, "enable-method", "psci"));
    check_fdt(fdt_setprop_u32(dtb, node, "reg", index));
}

/* libfdt puts a new subnode before its siblings: what is added last to first is in order. */
static void set_cpus(void *dtb, unsigned count)
{
    int cpus = fdt_path_offset(dtb, "/cpus"), node;
    check_fdt(cpus);
    while ((node = fdt_first_subnode(dtb, cpus)) >= 0)
        check_fdt(fdt_del_node(dtb, node));
    for (unsigned i = count; i > 0; i--)
        add_cpu(dtb, i - 1);
}

static void remove_domains(void *dtb)
{
    int node;
    while ((node = fdt_node_offset_by_compatible(dtb, -1, "xen,domain")) >= 0)
        check_fdt(fdt_del_node(dtb, node));
}

static void add_module(void *dtb, int domain, const char *kind, uint64_t base, uint64_t size, const char *bootargs)
{
    char name[32], compatible[64];
    fdt64_t reg[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size)};
    snprintf(name, sizeof(name), "module@%llx", (unsigned long long)base);
    int length = snprintf(compatible, sizeof(compatible), "multiboot,%s%cmultiboot,module", kind, '\0') + 1;
    int node = fdt_add_subnode(dtb, domain, name);
    check_fdt(node);
    check_fdt(fdt_setprop(dtb, node, "compatible", compatible, length));
    check_fdt(fdt_setprop(dtb, node, "reg", reg, sizeof(reg)));
    if (bootargs != NULL)
        check_fdt(fdt_setprop_string(dtb, node, "bootargs", bootargs));
}

/* @return @p size bytes packed, in place of them. */
static uint8_t *pack(uint8_t *file, uint64_t *size)
{
    z_stream stream = {.next_in = file, .avail_in = (uInt)*size};
    require(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
    uint64_t bound = deflateBound(&stream, *size);
    uint8_t *packed = calloc(1, bound);
    stream.next_out = packed;
    stream.avail_out = (uInt)bound;
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");
    *size = stream.total_out;
    deflateEnd(&stream);
    free(file);
    return packed;
}

static uint8_t *make_kernel(const struct system_domain *domain, uint64_t *size)
{
    *size = domain->kernel_size != 0 ? domain->kernel_size : 0x10000;
    uint8_t *file = calloc(1, *size);
    require(sim_make_image(file, *size, *size + 0x10000, domain->program), "sim_make_image");
    return domain->packed ? pack(file, size) : file;
}

static uint64_t module_size(const struct system_domain *domain)
{
    uint64_t size = domain->kernel_size != 0 ? domain->kernel_size : 0x10000;
    if (domain->packed)
        free(make_kernel(domain, &size));
    return size;
}

/* ---- Devices */

#define DEVICE_SIZE 0x1000
#define GUEST_GIC 0xfde8 /* the phandle by which a partial tree calls the guest's interrupt controller */

const struct system_device system_devices[SYSTEM_DEVICES] = {
    {"rtc", "/pl031@9010000", "arm,pl031", 0x09010000, {34, 0}},
    {"master0", "/master@c000000", "bulkhead,bus-master", 0x0c000000, {32 + 96, 32 + 97}},
    {"master1", "/master@c010000", "bulkhead,bus-master", 0x0c010000, {32 + 98, 32 + 99}},
    {"master2", "/master@c020000", "bulkhead,bus-master", 0x0c020000, {32 + 100, 32 + 101}}, /* nobody's */
};

static bool has_device(const struct system_domain *domain, const struct system_device *device)
{
    const char *at = domain->devices != NULL ? strstr(domain->devices, device->name) : NULL;
    return at != NULL;
}

static void set_interrupts(void *dtb, int node, const struct system_device *device)
{
    fdt32_t cells[6];
    unsigned count = device->intids[1] != 0 ? 2 : 1;
    for (unsigned i = 0; i < count; i++) {
        cells[3 * i] = cpu_to_fdt32(0);
        cells[3 * i + 1] = cpu_to_fdt32(device->intids[i] - 32);
        cells[3 * i + 2] = cpu_to_fdt32(i == 0 ? 4 : 1);
    }
    check_fdt(fdt_setprop(dtb, node, "interrupts", cells, (int)(count * 3 * sizeof(cells[0]))));
}

/* The node's interrupts are the GIC's by what the root says. */
static void add_devices(void *dtb)
{
    for (unsigned i = 0; i < SYSTEM_DEVICES; i++) {
        const struct system_device *device = &system_devices[i];
        fdt64_t reg[2] = {cpu_to_fdt64(device->base), cpu_to_fdt64(DEVICE_SIZE)};
        if (fdt_path_offset(dtb, device->path) >= 0)
            continue;
        int node = fdt_add_subnode(dtb, 0, device->path + 1);
        check_fdt(node);
        check_fdt(fdt_setprop_string(dtb, node, "compatible", device->compatible));
        check_fdt(fdt_setprop(dtb, node, "reg", reg, sizeof(reg)));
        set_interrupts(dtb, node, device);
    }
}

static void add_given(void *dtb, int parent, const struct system_device *device)
{
    fdt64_t reg[3] = {cpu_to_fdt64(device->base), cpu_to_fdt64(DEVICE_SIZE), cpu_to_fdt64(device->base)};
    int node = fdt_add_subnode(dtb, parent, device->name);
    check_fdt(node);
    check_fdt(fdt_setprop_string(dtb, node, "compatible", device->compatible));
    check_fdt(fdt_setprop(dtb, node, "reg", reg, 2 * sizeof(reg[0])));
    check_fdt(fdt_setprop(dtb, node, "xen,reg", reg, sizeof(reg)));
    check_fdt(fdt_setprop_string(dtb, node, "xen,path", device->path));
    check_fdt(fdt_setprop_u32(dtb, node, "interrupt-parent", GUEST_GIC));
    set_interrupts(dtb, node, device);
}

/* The partial device tree of a domain, in space of its own. */
static void *make_fragment(const struct system_domain *domain)
{
    void *dtb = calloc(1, FRAGMENT_SPACE);
    check_fdt(fdt_create_empty_tree(dtb, FRAGMENT_SPACE));
    check_fdt(fdt_setprop_u32(dtb, 0, "#address-cells", 2));
    check_fdt(fdt_setprop_u32(dtb, 0, "#size-cells", 2));
    int node = fdt_add_subnode(dtb, 0, "passthrough");
    check_fdt(node);
    check_fdt(fdt_setprop_string(dtb, node, "compatible", "simple-bus"));
    check_fdt(fdt_setprop(dtb, node, "ranges", NULL, 0));
    check_fdt(fdt_setprop_u32(dtb, node, "#address-cells", 2));
    check_fdt(fdt_setprop_u32(dtb, node, "#size-cells", 2));
    for (unsigned i = SYSTEM_DEVICES; i > 0; i--)
        if (has_device(domain, &system_devices[i - 1]))
            add_given(dtb, fdt_path_offset(dtb, "/passthrough"), &system_devices[i - 1]);
    check_fdt(fdt_pack(dtb));
    return dtb;
}

static void add_domain(void *dtb, const struct system_domain *domain, unsigned index)
{
    uint64_t base = FIRST_MODULE + index * MODULE_STEP;
    int chosen = fdt_path_offset(dtb, "/chosen");
    check_fdt(chosen);
    int node = fdt_add_subnode(dtb, chosen, domain->name);
    check_fdt(node);
    check_fdt(fdt_setprop_string(dtb, node, "compatible", "xen,domain"));
    check_fdt(fdt_setprop_u32(dtb, node, "#address-cells", 2));
    check_fdt(fdt_setprop_u32(dtb, node, "#size-cells", 2));
    check_fdt(fdt_setprop_u64(dtb, node, "memory", domain->memory != 0 ? domain->memory : 0x10000));
    check_fdt(fdt_setprop_u32(dtb, node, "cpus", domain->vcpus != 0 ? domain->vcpus : 1));
    if (!domain->mute)
        check_fdt(fdt_setprop(dtb, node, "vpl011", NULL, 0));
    if (domain->eager)
        check_fdt(fdt_setprop(dtb, node, "bulkhead,eager-memory", NULL, 0));
    if (domain->ramdisk_size != 0)
        add_module(dtb, node, "ramdisk", base + RAMDISK_AT, domain->ramdisk_size, NULL);
    if (domain->devices != NULL)
        add_module(dtb, node, "device-tree", base + FRAGMENT_AT, FRAGMENT_SPACE, NULL);
    add_module(dtb, node, "kernel", base, module_size(domain), domain->bootargs);
}

static void load(struct sim_machine *machine, const struct system_domain *domain, unsigned index)
{
    uint64_t base = FIRST_MODULE + index * MODULE_STEP;
    uint64_t size;
    uint8_t *file = make_kernel(domain, &size);
    require(sim_load(machine, base, file, size), "sim_load");
    free(file);
    file = calloc(1, domain->ramdisk_size + 1);
    for (uint64_t i = 0; i < domain->ramdisk_size; i++)
        file[i] = (uint8_t)(i * 7 + index);
    require(domain->ramdisk_size == 0 || sim_load(machine, base + RAMDISK_AT, file, domain->ramdisk_size), "sim_load");
    free(file);
}

static void load_fragment(struct sim_machine *machine, const struct system_domain *domain, unsigned index)
{
    void *dtb = make_fragment(domain);
    require(sim_load(machine, FIRST_MODULE + index * MODULE_STEP + FRAGMENT_AT, dtb, FRAGMENT_SPACE), "sim_load");
    free(dtb);
}

static char *shown(const char *output)
{
    static const char clear[] = "\r\x1b[K";
    char *text = malloc(strlen(output) + 1), *end = text, *row = text;
    while (*output != '\0') {
        if (strncmp(output, clear, strlen(clear)) == 0) {
            end = row;
            output += strlen(clear);
            continue;
        }
        *end++ = *output;
        if (*output++ == '\n')
            row = end;
    }
    *end = '\0';
    return text;
}

void system_boot(struct system_run *run, const struct system_domain *domains, unsigned count)
{
    size_t size;
    run->dtb = load_dtb(run->tree != NULL ? run->tree : "ok/two-domains.dtb", &size);
    check_fdt(fdt_open_into(run->dtb, run->dtb, SPACE));
    if (run->cpus != 0)
        set_cpus(run->dtb, run->cpus);
    remove_domains(run->dtb);
    for (unsigned i = count; i > 0; i--) {
        add_domain(run->dtb, &domains[i - 1], i - 1);
        if (domains[i - 1].devices != NULL)
            add_devices(run->dtb);
    }
    if (!run->stay)
        check_fdt(fdt_setprop_string(run->dtb, fdt_path_offset(run->dtb, "/chosen"), "xen,xen-bootargs",
                                     "bulkhead.all-off=power-off"));
    if (run->edit != NULL)
        run->edit(run->dtb);
    check_fdt(fdt_pack(run->dtb));
    run->machine = sim_create(run->dtb, SPACE, &run->options);
    require(run->machine != NULL, sim_create_error());
    for (unsigned i = 0; i < count; i++) {
        load(run->machine, &domains[i], i);
        if (domains[i].devices != NULL)
            load_fragment(run->machine, &domains[i], i);
    }
    if (run->prepare != NULL)
        run->prepare(run);
    run->end = run->secondary != NULL ? sim_run_secondary(run->machine, run->secondary) : sim_run(run->machine);
    run->output = run->screen = shown(sim_output(run->machine));
}

struct sim_machine *system_machine(unsigned cpus, const struct sim_options *options)
{
    size_t size;
    void *dtb = load_dtb("ok/two-domains.dtb", &size);
    check_fdt(fdt_open_into(dtb, dtb, SPACE));
    set_cpus(dtb, cpus);
    remove_domains(dtb);
    check_fdt(fdt_pack(dtb));
    struct sim_machine *machine = sim_create(dtb, SPACE, options);
    require(machine != NULL, sim_create_error());
    free(dtb);
    return machine;
}

void system_destroy(struct system_run *run)
{
    sim_destroy(run->machine);
    free(run->screen);
    free(run->dtb);
}

static void give_up(const struct system_run *run, const char *what)
{
    /* Check's own messages have a limit */
    fprintf(stderr, "%s\n", run->output);
    ck_abort_msg("%s\nended: %s after %llu us, %llu steps, seed %llu: %s", what, sim_end_name(run->end),
                 (unsigned long long)(sim_time_ns(run->machine) / 1000), (unsigned long long)sim_steps(run->machine),
                 (unsigned long long)run->options.seed, sim_message(run->machine));
}

void expect_end(const struct system_run *run, enum sim_end end)
{
    char what[64];
    snprintf(what, sizeof(what), "expected: %s", sim_end_name(end));
    if (run->end != end)
        give_up(run, what);
}

/* @return the end of the next line of @p at that is @p line, or NULL. */
static const char *next_line(const char *at, const char *line)
{
    size_t wanted = strlen(line);
    bool prefix = wanted > 0 && line[wanted - 1] == '*';
    while (*at != '\0') {
        size_t length = strcspn(at, "\n");
        size_t text = length > 0 && at[length - 1] == '\r' ? length - 1 : length;
        const char *end = at + length + (at[length] == '\n');
        if (prefix ? text >= wanted - 1 && strncmp(at, line, wanted - 1) == 0
                   : text == wanted && strncmp(at, line, wanted) == 0)
            return end;
        at = end;
    }
    return NULL;
}

const char *find_line(const struct system_run *run, const char *line)
{
    const char *found = next_line(run->output, line);
    if (found == NULL)
        expect_lines(run, line, 1);
    return found;
}

unsigned count_lines(const struct system_run *run, const char *line)
{
    unsigned count = 0;
    for (const char *at = run->output; (at = next_line(at, line)) != NULL;)
        count++;
    return count;
}

void expect_lines(const struct system_run *run, const char *line, unsigned count)
{
    char what[256];
    unsigned found = count_lines(run, line);
    snprintf(what, sizeof(what), "expected %u times, found %u times: %s", count, found, line);
    if (found != count)
        give_up(run, what);
}

/* Whose line it is; a prompt ends with a ">". */
static bool begins_with(const char *text, const char *name)
{
    size_t length = strlen(name);
    return strncmp(text, name, length) == 0 && (text[length] == ':' || text[length] == '>') && text[length + 1] == ' ';
}

void expect_intact(const struct system_run *run, const struct system_domain *domains, unsigned count)
{
    for (const char *at = run->output; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        bool known = begins_with(at, "bulkhead");
        for (unsigned i = 0; i < count; i++) {
            if (!begins_with(at, domains[i].name))
                continue;
            /* every line of a program begins with the program's own name */
            known = known || begins_with(at + strlen(domains[i].name) + 2, domains[i].program);
        }
        if (!known || at[length] != '\n') {
            char what[400];
            snprintf(what, sizeof(what), "torn or foreign line: %.*s", (int)(length < 300 ? length : 300), at);
            give_up(run, what);
        }
        at += length + 1;
    }
}
