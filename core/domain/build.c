// SPDX-License-Identifier: Apache-2.0
#include "domain/build.h"

#include "arch/mem.h"
#include "arch/timer.h"
#include "config/part.h"
#include "console/console.h"
#include "domain/build_state.h"
#include "domain/entropy.h"
#include "domain/guest_dt.h"
#include "domain/guest_memory.h"
#include "domain/populate.h"
#include "lib/build.h"
#include "trace/trace.h"

/* A domain is built by stages, each of one or more bounded steps. BUILD_DONE of a stage leads to the next one. */

/** The timeline shows how the machine came up; what a guest does to itself later must not fill it. */
static void mark(const struct domain *domain, const char *name)
{
    if (domain->restarts == 0)
        trace_mark(domain->domid, name);
}

static enum build_result fail_internally(struct domain *domain, const char *what, hv_status status)
{
    console_printf("error: %s: %s: %s\n", domain->name, what, hv_status_name(status));
    domain_stop(domain, DOMAIN_FAILED, what);
    return BUILD_FAILED;
}

enum build_result build_fail(struct domain *domain, const struct module_config *module, const char *found,
                             const char *expected, const char *message)
{
    char path[DT_PATH_MAX];
    const struct diag_report report = {.severity = DIAG_ERROR,
                                       .path = path,
                                       .property = "reg",
                                       .found = found,
                                       .expected = expected,
                                       .message = message};

    bool dom0 = domain->plan->config->name == config_dom0_name; /* its modules are /chosen's */

    /* Domains are children of /chosen, and modules of their domain: the tree need not be walked. */
    format_string(path, sizeof(path), "/chosen%s%s/%s", dom0 ? "" : "/", dom0 ? "" : domain->name,
                  dt_name(module->node));
    diag_emit(console_diag(), &report);
    domain_stop(domain, DOMAIN_FAILED, message);
    return BUILD_FAILED;
}

static void add_range(struct build *build, ipa_t base, uint64_t size)
{
    if (size != 0)
        build->ranges[build->range_count++] = (struct build_range){base, size};
}

/** @return whether a CPU still holds the state of one of @p domain's vCPUs; it is asked to let go. */
static bool vcpus_in_use(const struct domain *domain)
{
    bool in_use = false;

    for (unsigned i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpus[i];
        if (!vcpu_is_loaded(vcpu))
            continue;
        cpu_kick(vcpu->cpu);
        in_use = true;
    }
    return in_use;
}

/** How a life ends, for good or before the next one: its parts quiesced, its interrupts masked and ended, its memory
 * unmapped. None of its vCPUs is loaded: who still ran in it may have asked for memory. */
HV_RARE static void take_apart(struct domain *domain)
{
    domain_quiesce(domain);
    vgic_retire(&domain->vgic);
    if (domain->build->tables_ready)
        stage2_clear(&domain->stage2);
}

HV_RARE static hv_status create_tables(struct domain *domain)
{
    const struct plan_domain *plan = domain->plan;
    struct stage2 *stage2 = &domain->stage2;

    HV_TRY(stage2_init(stage2, stage2->pool, plan->stage2_base, plan->stage2_pages, plan->ipa_bits, plan->vmid));
    domain->build->tables_ready = true;
    return HV_OK;
}

HV_RARE static hv_status map_parts(struct domain *domain)
{
    FOR_EACH_PART_OF(i, domain->plan->config)
        if (part_table[i]->map != NULL)
            HV_TRY(part_table[i]->map(domain, domain->parts[i]));
    return HV_OK;
}

HV_RARE static enum build_result start(struct domain *domain)
{
    struct build *build = domain->build;

    if (vcpus_in_use(domain))
        return BUILD_MORE;
    if (!state_move(&domain->state, DOMAIN_BEGIN)) /* stopped meanwhile: it stays so */
        return BUILD_FAILED;
    mark(domain, "build");
    *build = (struct build){.tables_ready = build->tables_ready, .gunzip = build->gunzip};
    hv_status status = HV_OK;
    if (domain->restarts != 0) {
        take_apart(domain);
        domain_reset_devices(domain);
    } else {
        status = create_tables(domain);
    }
    if (status == HV_OK)
        status = map_parts(domain);
    return status == HV_OK ? BUILD_DONE : fail_internally(domain, "its stage-2 tables cannot be set up", status);
}

static enum build_result kernel(struct domain *domain)
{
    const struct plan_image *image = &domain->plan->kernel;
    const struct module_config *module = &domain->plan->config->kernel;
    struct build *build = domain->build;
    bool packed = BUILD_GZIP && image->format == IMAGE_ARM64_GZIP;

    if (build->done == 0 && build->consumed == 0)
        mark(domain, packed ? "unpack kernel" : "copy kernel");
    enum build_result result = packed ? build_unpack(domain, image, module) : build_copy(domain, image, module);
    if (result == BUILD_DONE)
        add_range(build, image->load, build->done);
    return result;
}

static enum build_result ramdisk(struct domain *domain)
{
    const struct plan_image *image = &domain->plan->ramdisk;
    struct build *build = domain->build;

    if (!image->present)
        return BUILD_DONE;
    if (build->done == 0)
        mark(domain, "copy ramdisk");
    enum build_result result = build_copy(domain, image, &domain->plan->config->ramdisk);
    if (result == BUILD_DONE)
        add_range(build, image->load, build->done);
    return result;
}

HV_RARE static enum build_result device_tree(struct domain *domain)
{
    const struct plan_domain *plan = domain->plan;
    const struct guest_dt *dt = &domain->dt;
    uint64_t size = dt->size;
    struct guest_seeds seeds;

    mark(domain, "device tree");
    entropy_seeds(&seeds, domain_host()->machine, domain->domid, domain->restarts);
    void *window = dt->size != 0 ? guest_memory_open(plan, plan->dtb, &size) : NULL;
    bool fits = window != NULL && size == dt->size;
    if (fits) {
        guest_dt_copy(window, dt, &seeds);
        add_range(domain->build, plan->dtb, dt->size);
        arch_cache_clean_invalidate(window, dt->size);
    }
    if (window != NULL)
        guest_memory_close();
    return fits ? BUILD_DONE : fail_internally(domain, "its device tree cannot be written", HV_E_NOMEM);
}

/** The next piece of the block that @p at lies in. @return HV_OK, and build->zeroed is 0 again, when the guest has it
 */
HV_RARE static hv_status give_block(struct domain *domain, ipa_t at, struct guest_block *block)
{
    struct build *build = domain->build;
    struct stage2_mapping mapping;

    HV_TRY(guest_memory_block(domain->plan, at, block));
    if (build->zeroed == 0 && stage2_lookup(&domain->stage2, at, &mapping) == HV_OK)
        return HV_OK; /* two images lie in it */
    HV_TRY(populate_image_block(domain, block, &build->zeroed));
    if (build->zeroed == block->size)
        build->zeroed = 0;
    return HV_OK;
}

/** The blocks that images lie in, a piece a step. */
static enum build_result blocks(struct domain *domain)
{
    struct build *build = domain->build;

    if (build->range_index == build->range_count)
        return BUILD_DONE;
    if (build->range_index == 0 && build->done == 0 && build->zeroed == 0)
        mark(domain, "map images");
    const struct build_range *range = &build->ranges[build->range_index];
    uint64_t end = range->base.raw + range->size;
    uint64_t at = max_u64(build->done, range->base.raw);
    struct guest_block block;
    hv_status status = give_block(domain, ipa(at), &block);
    if (status != HV_OK)
        return fail_internally(domain, "its images cannot be mapped", status);
    if (build->zeroed != 0)
        return BUILD_MORE;
    build->done = block.base.raw + block.size;
    if (build->done >= end) {
        build->range_index++;
        build->done = 0; /* ranges are in no order: the next one starts at its own base */
    }
    return BUILD_MORE;
}

/** All of the rest, for a domain that must never wait for memory; a piece of a block a step. */
static enum build_result eager_memory(struct domain *domain)
{
    const struct plan_domain *plan = domain->plan;
    struct build *build = domain->build;

    if (!plan->eager_memory || build->range_index == plan->extent_count)
        return BUILD_DONE;
    const struct plan_extent *extent = &plan->extents[build->range_index];
    if (build->done == 0 && build->range_index == 0 && build->zeroed == 0)
        mark(domain, "zero memory");
    ipa_t at = ipa_add(extent->base, build->done);
    struct guest_block block;
    hv_status status = give_block(domain, at, &block);
    if (status != HV_OK)
        return fail_internally(domain, "its memory cannot be mapped", status);
    if (build->zeroed != 0)
        return BUILD_MORE;
    build->done += block.size;
    if (build->done == extent->size) {
        build->range_index++;
        build->done = 0;
    }
    return BUILD_MORE;
}

HV_RARE static enum build_result finish(struct domain *domain)
{
    if (vcpus_in_use(domain)) /* a CPU chose to run one just before the domain was restarted; it will not enter it */
        return BUILD_MORE;
    arch_icache_invalidate_all();
    domain_reset_vcpus(domain);
    store_release(&domain->vcpus[0]->state, VCPU_READY);
    mark(domain, "ready");
    __atomic_store_n(&domain->build_at, ARCH_TIMER_NEVER, __ATOMIC_RELAXED); /* from here on it may be restarted */
    return state_move(&domain->state, DOMAIN_BUILT) ? BUILD_DONE : BUILD_FAILED;
}

static enum build_result (*const stages[])(struct domain *domain) = {
    start, kernel, ramdisk, device_tree, blocks, eager_memory, finish,
};

/** Of a domain that is not to be built. One at its end is taken apart when its vCPUs have been let go. */
HV_RARE static enum build_result end_step(struct domain *domain, uint32_t state)
{
    if (!state_ended(state) || load_relaxed(&domain->taken_apart) != 0)
        return BUILD_FAILED;
    if (vcpus_in_use(domain))
        return BUILD_MORE;
    take_apart(domain);
    store_relaxed(&domain->taken_apart, 1);
    return BUILD_FAILED;
}

enum build_result build_step(struct domain *domain)
{
    struct build *build = domain->build;
    uint32_t state = load_acquire(&domain->state);

    if (!state_unbuilt(state))
        return end_step(domain, state);
    if (state == DOMAIN_PLANNED)
        build->stage = 0; /* wherever an earlier build of it ended */
    enum build_result result = stages[build->stage](domain);
    if (result == BUILD_MORE)
        return BUILD_MORE;
    build->done = 0;
    build->range_index = 0;
    build->stage++;
    return result == BUILD_DONE && build->stage < ARRAY_SIZE(stages) ? BUILD_MORE : result;
}
