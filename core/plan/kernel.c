// SPDX-License-Identifier: Apache-2.0
#include "plan/kernel.h"

#include <string.h>

#include "dt/dt.h"
#include "lib/build.h"
#include "plan/modules.h"
#include "plan/peek.h"
#include "plan/show.h"

#define TAIL_SIZE 8 /* gzip: CRC and size */

/* What is taken for a kernel's size where neither its module nor its header tells. */
#define ASSUMED_SIZE MIB(32)

/** The first bytes of a module. They are readable until the reader is asked again. */
struct head {
    const uint8_t *bytes;
    size_t size;
};

/** @return false where they are not to be had. */
static bool read_head(struct plan_reader *reader, struct region module, struct image_scratch *scratch,
                      struct head *head)
{
    head->size = min_u64(region_size(module), IMAGE_PROBE_SIZE);
    if (head->size > peek_room(module.base)) {
        head->bytes = peek(reader, module.base, scratch->head, head->size) ? scratch->head : NULL;
        return head->bytes != NULL;
    }
    head->bytes = reader->read(reader, pa(module.base), head->size);
    while (head->bytes == NULL && head->size > IMAGE_HEADER_SIZE) {
        /* On the desk the file may be shorter than its module. */
        head->size = max_u64(head->size / 2, IMAGE_HEADER_SIZE);
        head->bytes = reader->read(reader, pa(module.base), head->size);
    }
    return head->bytes != NULL;
}

static bool is_gzip(const struct head *head)
{
    return head->size >= 2 && head->bytes[0] == 0x1f && head->bytes[1] == 0x8b;
}

/** What is known of the kernel, and of what was found where it should be. */
struct look {
    hv_status status;
    struct image_info info;
    bool packed;
    char found[64]; /* for messages */
};

static void describe(struct look *look, const uint8_t *head, size_t size)
{
    const char *name = image_describe(head, size);

    if (name != NULL)
        format_string(look->found, sizeof(look->found), "%s", name);
    else if (size >= 4)
        format_string(look->found, sizeof(look->found), "bytes %02x %02x %02x %02x", head[0], head[1], head[2],
                      head[3]);
    else
        format_string(look->found, sizeof(look->found), "%zu bytes", size);
}

/** @return false where the module could not be read. */
static bool look_at(struct system_plan *plan, const struct plan_module *module, struct plan_reader *reader,
                    struct look *look)
{
    uint64_t size = region_size(module->range);
    uint8_t tail[TAIL_SIZE];
    bool has_tail = false;
    struct head head;

    if (reader == NULL || !read_head(reader, module->range, &plan->scratch, &head))
        return false;
    look->packed = is_gzip(&head);
    if (look->packed && !module->open_ended && size >= TAIL_SIZE) {
        has_tail = peek(reader, module->range.end - TAIL_SIZE, tail, TAIL_SIZE);
        if (!read_head(reader, module->range, &plan->scratch, &head))
            return false;
    }
    look->status = image_probe(&plan->scratch, head.bytes, head.size, size, has_tail ? tail : NULL, &look->info);
    if (look->status != HV_OK)
        describe(look, head.bytes, head.size);
    return true;
}

static hv_status refuse(const struct module_config *module, const struct look *look, struct diag *diag)
{
    const char *message = "the kernel is of no known format";

    if (look->packed && !BUILD_GZIP)
        message = "not in this build: kernels in gzip (BULKHEAD_GZIP)";
    else if (look->status == HV_E_UNSUPPORTED)
        message = "the kernel is of a format that is not supported";
    else if (look->status == HV_E_RANGE)
        message = "the kernel's header contradicts itself";
    dt_report(
        diag, DIAG_ERROR, module->node, "reg", look->found,
        BUILD_GZIP ? "an arm64 Image, little-endian, or the same in gzip" : "an arm64 Image, little-endian", message,
        "check that the file was loaded to this address, all of it; unpack or convert it if it is another format");
    return look->status;
}

static void assume(const struct plan_module *module, struct look *look, struct diag *diag)
{
    uint64_t size = region_size(module->range);

    if (module->open_ended)
        size = min_u64(size, ASSUMED_SIZE);
    look->info = (struct image_info){IMAGE_ARM64, 0, size, size};
    dt_report(diag, DIAG_NOTE, module->config->node, "reg", NULL, NULL,
              "the kernel could not be looked at; it is taken for an Image as large as its module", NULL);
}

/** Bytes of the module that the kernel in it can have at most. */
static uint64_t needed_size(const struct image_info *info)
{
    /* What deflate cannot pack grows by 5 bytes in each 16 KiB at most, RFC 1951; and gzip's header has names in it. */
    return info->format == IMAGE_ARM64 ? info->file_size : info->memory_size + info->memory_size / 1024 + KIB(4);
}

static void warn_size_unknown(const struct module_config *module, struct diag *diag)
{
    dt_report(
        diag, DIAG_WARNING, module->node, "reg", NULL, NULL,
        "the packed kernel does not end with its size: the module is longer than the file, or the file is cut off",
        "write the exact size of the file into reg");
}

hv_status kernel_inspect(struct system_plan *plan, struct plan_domain *domain, struct plan_reader *reader,
                         uint64_t *text_offset, struct diag *diag)
{
    struct plan_module *module = &plan->modules[domain - plan->domains][MODULE_KERNEL];
    struct look look = {.status = HV_OK};

    if (!look_at(plan, module, reader, &look))
        assume(module, &look, diag);
    if (look.status != HV_OK)
        return refuse(module->config, &look, diag);
    if (look.info.format == IMAGE_ARM64_GZIP && look.info.file_size == 0 && !module->open_ended)
        warn_size_unknown(module->config, diag);
    modules_shrink(module, needed_size(&look.info), "as its header says");
    domain->kernel = (struct plan_image){
        .present = true,
        .source = pa(module->range.base),
        .source_size = region_size(module->range),
        .file_size = look.info.file_size,
        .memory_size = look.info.memory_size,
        .format = look.info.format,
    };
    *text_offset = look.info.text_offset;
    return HV_OK;
}
