// SPDX-License-Identifier: Apache-2.0
#include "desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MODULE_MAX MIB(1024)

static const char TOO_LARGE[] = "larger than the most that is read of such a file:";

/** Where QEMU's -kernel puts the device tree: half of RAM up, at most this. */
#define DTB_OFFSET_MAX MIB(128)
#define IMAGE_OFFSET MIB(2)

static void put_stdout(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    fwrite(text, 1, length, stdout);
}

static void put_stderr(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    fwrite(text, 1, length, stderr);
}

struct text_sink *stdout_sink(void)
{
    static struct text_sink sink = {put_stdout};

    return &sink;
}

struct text_sink *stderr_sink(void)
{
    static struct text_sink sink = {put_stderr};

    return &sink;
}

/** What can be said of a file before it is read. @return NULL, or why it is not read */
static const char *refuse(FILE *file, bool standard_input, uint64_t most)
{
    struct stat status;

    if (fstat(fileno(file), &status) != 0)
        return strerror(errno);
    if (S_ISREG(status.st_mode))
        return (uint64_t)status.st_size > most ? TOO_LARGE : NULL;
    return standard_input || S_ISFIFO(status.st_mode) ? NULL : "neither a file nor a pipe";
}

/** @return NULL, or what went wrong */
static const char *read_all(struct blob *blob, FILE *file, uint64_t most)
{
    size_t room = 0, got;

    do {
        if (blob->size == room) {
            uint8_t *larger = realloc(blob->data, room = room == 0 ? KIB(64) : room * 2);

            if (larger == NULL)
                return strerror(ENOMEM);
            blob->data = larger;
        }
        got = fread(blob->data + blob->size, 1, room - blob->size, file);
        blob->size += got;
        if (blob->size > most)
            return TOO_LARGE;
    } while (got != 0);
    return ferror(file) != 0 ? "cannot be read" : NULL;
}

bool blob_read(struct blob *blob, const char *path, uint64_t most)
{
    bool standard_input = strcmp(path, "-") == 0;
    FILE *file = standard_input ? stdin : fopen(path, "rb");

    *blob = (struct blob){0};
    const char *problem = file == NULL ? strerror(errno) : refuse(file, standard_input, most);
    if (problem == NULL)
        problem = read_all(blob, file, most);
    if (file != NULL && !standard_input)
        fclose(file);
    if (problem == NULL)
        return true;
    fprintf(stderr, "bulkhead: %s: %s", standard_input ? "standard input" : path, problem);
    if (problem == TOO_LARGE)
        fprintf(stderr, " %llu MiB", (unsigned long long)(most / MIB(1)));
    fputc('\n', stderr);
    return false;
}

static char *copy_text(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static void keep_report(struct desk *desk, const struct diag_report *report)
{
    struct kept_report *more = realloc(desk->reports, (desk->report_count + 1) * sizeof(*more));

    if (more == NULL)
        abort();
    desk->reports = more;
    more[desk->report_count++] = (struct kept_report){
        report->severity,
        {copy_text(report->path), copy_text(report->property), copy_text(report->found), copy_text(report->expected),
         copy_text(report->message), copy_text(report->hint)},
    };
}

static void emit(struct diag *diag, const struct diag_report *report)
{
    struct desk *desk = CONTAINER_OF(diag, struct desk, diag);

    if (desk->options->quiet && report->severity != DIAG_ERROR)
        return;
    if (desk->options->json)
        keep_report(desk, report);
    else
        diag_format(stderr_sink(), report);
}

static void ignore(struct diag *diag, const struct diag_report *report)
{
    (void)diag;
    (void)report;
}

/** The planner looks at a module. Bytes that no file covers are not known. */
static const void *read_module(struct plan_reader *reader, pa_t base, uint64_t size)
{
    const struct desk *desk = CONTAINER_OF(reader, struct desk, reader);

    for (unsigned i = 0; i < desk->options->module_count; i++) {
        uint64_t offset = base.raw - desk->options->modules[i].address; /* wraps where base is lower: too large */

        if (offset < desk->modules[i].size && size <= desk->modules[i].size - offset)
            return desk->modules[i].data + offset;
    }
    return NULL;
}

/** Behind the end of its file a module has zeros, up to the size that the tree says. */
static const void *keep_module(struct plan_reader *reader, pa_t base, uint64_t size)
{
    struct desk *desk = CONTAINER_OF(reader, struct desk, reader);

    for (unsigned i = 0; i < desk->options->module_count && desk->kept_count < HV_MAX_DOMAINS; i++) {
        uint64_t offset = base.raw - desk->options->modules[i].address; /* as above */
        if (offset >= desk->modules[i].size)
            continue;
        void *copy = calloc(1, size);
        if (copy == NULL)
            return NULL;
        memcpy(copy, desk->modules[i].data + offset, min_u64(size, desk->modules[i].size - offset));
        desk->kept[desk->kept_count++] = copy;
        return copy;
    }
    return NULL;
}

/** Where the boot loader puts things, where the user did not say: as QEMU's -kernel does. */
static void boot_loader(const struct desk *desk, struct region *dtb, struct region *image)
{
    const struct options *options = desk->options;
    struct diag silent = {.emit = ignore};
    uint64_t base = 0, size = 0;

    if (!options->has_image_at || !options->has_dtb_at) {
        struct machine *machine = calloc(1, sizeof(*machine));

        /* Only for the first bank; what is wrong with the tree is reported when it is read in earnest. */
        if (machine != NULL && machine_read(machine, &desk->tree, (struct region){0, 1}, (struct region){0, 1},
                                            options->boot_cpu, &silent) == HV_OK) {
            base = machine->memory.list[0].base;
            size = region_size(machine->memory.list[0]);
        }
        free(machine);
    }
    image->base = options->has_image_at ? options->image_at : base + IMAGE_OFFSET;
    image->end = image->base + options->image_size;
    dtb->base =
        options->has_dtb_at ? options->dtb_at : base + align_down(min_u64(size / 2, DTB_OFFSET_MAX), BLOCK_SIZE);
    dtb->end = dtb->base + desk->tree.size;
}

/** Core is told where it lies and does not ask: whether a boot loader could have put it there. */
static bool can_lie(const struct desk *desk, const char *option, const char *what, struct region range,
                    uint64_t alignment)
{
    const struct region_set *memory = &desk->machine.memory;
    bool aligned = is_aligned(range.base, alignment);

    if (aligned && regions_contain(memory, range.base, region_size(range)))
        return true;
    fprintf(stderr, "bulkhead: %s cannot lie at 0x%llx, %llu KiB long: ", what, (unsigned long long)range.base,
            (unsigned long long)((region_size(range) + 1023) / 1024));
    if (aligned)
        fprintf(stderr, "not all of that is RAM of the device tree; see %s\n", option);
    else
        fprintf(stderr, "it begins at a multiple of %llu; see %s\n", (unsigned long long)alignment, option);
    return false;
}

static bool places_are_possible(const struct desk *desk)
{
    struct region image = desk->machine.image, dtb = desk->machine.dtb;

    if (!can_lie(desk, "--image-at", "the hypervisor", image, BLOCK_SIZE) ||
        !can_lie(desk, "--dtb-at", "the device tree", dtb, 8))
        return false;
    if (dtb.base >= image.end || image.base >= dtb.end)
        return true;
    fprintf(stderr,
            "bulkhead: the hypervisor at 0x%llx and the device tree at 0x%llx overlap: see --image-at, --dtb-at\n",
            (unsigned long long)image.base, (unsigned long long)dtb.base);
    return false;
}

/** @return 0, or EXIT_USAGE where what the user said cannot be */
static int read_and_plan(struct desk *desk)
{
    struct region dtb, image;

    if (dt_open(&desk->tree, desk->file.data, desk->file.size, &desk->diag) != HV_OK)
        return 0;
    boot_loader(desk, &dtb, &image);
    hv_status machine = machine_read(&desk->machine, &desk->tree, dtb, image, desk->options->boot_cpu, &desk->diag);
    if (machine == HV_OK && !places_are_possible(desk))
        return EXIT_USAGE;
    if (desk->options->pa_bits != 0)
        desk->machine.pa_bits = desk->options->pa_bits;
    for (unsigned i = 0; i < desk->machine.cpu_count; i++)
        desk->machine.cpus[i].online = true; /* assumed: the desk has no firmware to ask */
    hv_status config = config_read(&desk->config, &desk->tree, &desk->diag);
    if (machine != HV_OK || config != HV_OK)
        return 0;
    desk->reader.read = read_module;
    desk->reader.keep = keep_module;
    desk->planned = true;
    /* Where no domain is valid each one's reason has been reported. */
    hv_status plan = plan_make(&desk->plan, &desk->machine, &desk->config, &desk->reader, &desk->diag);
    (void)plan;
    return 0;
}

int desk_read(struct desk *desk, const struct options *options)
{
    memset(desk, 0, sizeof(*desk));
    desk->options = options;
    desk->diag.emit = emit;
    return blob_read(&desk->file, options->system, DT_MAX_SIZE) ? 0 : EXIT_USAGE;
}

int desk_open(struct desk *desk, const struct options *options)
{
    if (desk_read(desk, options) != 0)
        return EXIT_USAGE;
    for (unsigned i = 0; i < options->module_count; i++) {
        if (!blob_read(&desk->modules[i], options->modules[i].path, MODULE_MAX))
            return EXIT_USAGE;
    }
    int status = read_and_plan(desk);
    if (status == 0 && desk->planned)
        desk_check_modules(desk);
    return status;
}

void desk_close(struct desk *desk)
{
    for (unsigned i = 0; i < desk->report_count; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(desk->reports[i].texts); j++)
            free(desk->reports[i].texts[j]);
    }
    free(desk->reports);
    for (unsigned i = 0; i < desk->kept_count; i++)
        free(desk->kept[i]);
    for (unsigned i = 0; i < desk->options->module_count; i++)
        free(desk->modules[i].data);
    free(desk->file.data);
}

int desk_status(const struct desk *desk)
{
    return desk->diag.errors != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
