// SPDX-License-Identifier: Apache-2.0
#include "arch/mem.h"
#include "domain/build_state.h"
#include "domain/guest_memory.h"

/* A compressed kernel goes from the module straight into guest RAM: it is never in memory twice. */

#define SPILL_BYTES 64

/** What one step reads from and writes to. */
struct unpack_step {
    const void *input;
    uint64_t input_size;
    void *output;
    uint64_t output_size;
    bool spilling; /* the image has its whole size: what still comes is too much, but the stream's end */
};

static enum build_result fail(struct domain *domain, const struct module_config *module, const char *found,
                              const char *message)
{
    return build_fail(domain, module, found, "a gzip'ed arm64 Image, with the size that its header states", message);
}

/** Opens both windows. @return false where the image does not lie in guest RAM */
static bool open_windows(struct domain *domain, const struct plan_image *image, uint8_t spill[SPILL_BYTES],
                         struct unpack_step *step)
{
    struct build *build = domain->build;
    pa_t source = pa_add(image->source, build->consumed);
    uint64_t in_window = arch_window_left(source);

    step->output_size = min_u64(image->memory_size - build->done, BUILD_UNPACK_BYTES);
    step->spilling = step->output_size == 0;
    step->output =
        step->spilling ? spill : guest_memory_open(domain->plan, ipa_add(image->load, build->done), &step->output_size);
    if (step->spilling)
        step->output_size = SPILL_BYTES;
    if (step->output == NULL)
        return false;
    step->input_size = min_u64(min_u64(image->source_size - build->consumed, BUILD_UNPACK_BYTES), in_window);
    step->input = spill; /* no input left: any address will do */
    if (step->input_size != 0)
        step->input = arch_window_open(WINDOW_SOURCE, source, step->input_size, ARCH_MAP_READ);
    return true;
}

static void close_windows(const struct unpack_step *step, uint64_t produced)
{
    if (step->input_size != 0)
        arch_window_close(WINDOW_SOURCE);
    if (step->spilling)
        return;
    if (produced != 0)
        arch_cache_clean_invalidate(step->output, produced);
    guest_memory_close();
}

enum build_result build_unpack(struct domain *domain, const struct plan_image *image,
                               const struct module_config *module)
{
    struct build *build = domain->build;
    struct gunzip_progress progress = {0, 0, false};
    uint8_t spill[SPILL_BYTES];
    struct unpack_step step;

    bool first = build->done == 0 && build->consumed == 0;
    if (build->gunzip == NULL || (first && gunzip_open(build->gunzip) != HV_OK))
        return fail(domain, module, NULL, "there is no memory to unpack the kernel with");
    if (!open_windows(domain, image, spill, &step))
        return fail(domain, module, NULL, "the image has no place in the domain's RAM");
    hv_status status =
        gunzip_step(build->gunzip, step.input, step.input_size, step.output, step.output_size, &progress);
    close_windows(&step, progress.produced);
    if (status != HV_OK)
        return fail(domain, module, "damaged or truncated gzip data", "the kernel cannot be unpacked");
    if (step.spilling && progress.produced != 0)
        return fail(domain, module, "more data than the image's header states", "the kernel cannot be unpacked");
    build->consumed += progress.consumed;
    build->done += progress.produced;
    return progress.done ? BUILD_DONE : BUILD_MORE;
}
