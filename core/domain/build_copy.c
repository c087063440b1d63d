// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "arch/mem.h"
#include "domain/build_state.h"
#include "domain/guest_memory.h"

/** Reads @p size bytes that need not lie in one window. */
static void read_source(uint8_t *bytes, pa_t source, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        pa_t from = pa_add(source, done);
        uint64_t part = min_u64(size - done, arch_window_left(from));
        memcpy(bytes + done, arch_window_open(WINDOW_SOURCE, from, part, ARCH_MAP_READ), part);
        arch_window_close(WINDOW_SOURCE);
        done += part;
    }
}

/** One line of guest RAM whose source lies in two windows: where a module's alignment differs from that of its place.
 */
static void copy_line(void *destination, pa_t source, uint64_t size)
{
    uint8_t line[HV_CACHE_LINE];

    read_source(line, source, size);
    arch_copy_and_clean(destination, line, size);
}

static void copy_lines(void *destination, pa_t source, uint64_t size)
{
    arch_copy_and_clean(destination, arch_window_open(WINDOW_SOURCE, source, size, ARCH_MAP_READ), size);
    arch_window_close(WINDOW_SOURCE);
}

enum build_result build_copy(struct domain *domain, const struct plan_image *image, const struct module_config *module)
{
    struct build *build = domain->build;
    pa_t source = pa_add(image->source, build->done);
    uint64_t left = image->file_size - build->done;
    uint64_t size = min_u64(left, BUILD_STEP_BYTES);

    if (left == 0)
        return BUILD_DONE;
    void *destination = guest_memory_open(domain->plan, ipa_add(image->load, build->done), &size);
    if (destination == NULL || !is_aligned((uintptr_t)destination, HV_CACHE_LINE))
        return build_fail(domain, module, NULL, NULL, "the image has no place in the domain's RAM");
    uint64_t whole = min_u64(size, arch_window_left(source));
    if (whole < left)
        whole = align_down(whole, HV_CACHE_LINE); /* so that the next piece starts on a line again */
    if (whole != 0) {
        copy_lines(destination, source, whole);
    } else {
        whole = min_u64(size, HV_CACHE_LINE);
        copy_line(destination, source, whole);
    }
    guest_memory_close();
    build->done += whole;
    return build->done == image->file_size ? BUILD_DONE : BUILD_MORE;
}
